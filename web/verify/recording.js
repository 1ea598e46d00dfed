// A recording's directory, as a map of its files.

import { piecesOf, readAll } from './bytes.js';
import { Chain } from './chain.js';
import { Claims } from './claims.js';
import { openDataKey } from './data_keys.js';
import { Encrypted } from './encrypted.js';
import { Malformed } from './report.js';
import { checkRemains, checkTombstone } from './tombstone.js';
import { STAMP, checkStamps, checkTrust, readSigner } from './trust.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./judge.js').Whom} Whom */

const SEALED_KEY = /^key-.*\.cms$/;

/** How the files of a directory are read, with the archive key or without. */
class Contents {
	/** @param {Map<string, Blob>} files @param {Chain} chain @param {Whom} whom @param {(bytes: number) => void} progress */
	constructor(files, chain, whom, progress) {
		this.files = files;
		this.session = chain.genesis?.session;
		this.whom = whom;
		this.progress = progress;
		/** @type {Map<number, CryptoKey | null>} */
		this.keys = new Map();
		this.unread = 0;
	}

	/** @param {number} number */
	async dataKey(number) {
		if (!this.keys.has(number)) {
			const sealed = this.files.get(`key-${String(number).padStart(3, '0')}.cms`);
			this.keys.set(number, sealed ? await openDataKey(await readAll(sealed), this.whom.archiveKeys) : null);
		}
		return this.keys.get(number) ?? null;
	}

	/** @param {string} diskName @param {string} name @param {Claims} claims */
	async check(diskName, name, claims) {
		const blob = /** @type {Blob} */ (this.files.get(diskName));
		if (!diskName.includes('.enc')) {
			await claims.checkBlob(name, blob, this.progress);
			return;
		}
		try {
			await this.checkEncrypted(new Encrypted(blob, name, diskName.endsWith('.part')), name, claims);
		} catch (error) {
			if (!(error instanceof Malformed))
				throw error;
			claims.brokenFile(name, `${diskName}: ${error.message}`);
		}
		this.progress(blob.size);
	}

	/** @param {Encrypted} encrypted @param {string} name @param {Claims} claims */
	async checkEncrypted(encrypted, name, claims) {
		const number = await encrypted.open(this.session), key = number > 0 ? await this.dataKey(number) : null;
		if (number > 0 && !key) {
			this.unread++;
			claims.checkLength(name, await encrypted.plainBytes());
		} else {
			await claims.check(name, key ? encrypted.plain(key) : piecesOf(new Blob([])));
		}
	}
}

/** How a file may lie on the disk. @param {string} name @param {boolean} final */
const formsOf = (name, final) => [name, `${name}.enc`, ...(final ? [] : [`${name}.part`, `${name}.enc.part`])];

/** Returns the names that no entry accounts for. @param {Contents} contents @param {Claims} claims @param {Report} report */
async function checkFiles(contents, claims, report) {
	const left = new Set(contents.files.keys()), sealedKeys = claims.names().filter((name) => SEALED_KEY.test(name));
	const shredded = sealedKeys.length > 0 && !sealedKeys.some((name) => left.has(name));
	for (const name of claims.names()) {
		const found = formsOf(name, claims.final.has(name)).find((form) => left.has(form));
		if (shredded && SEALED_KEY.test(name))
			continue;
		if (found === undefined) {
			claims.brokenFile(name, `${name} is missing or is not a plain file`);
			continue;
		}
		left.delete(found);
		await contents.check(found, name, claims);
	}
	if (shredded)
		report.add('incomplete', 'the contents were shredded: every sealed key was removed, nobody can read them any more');
	else if (contents.unread > 0)
		report.add('incomplete', `the contents of ${contents.unread} files were not checked: they are encrypted, and no key that opens them was given`);
	report.facts.contents = shredded ? 'shredded' : contents.unread > 0 ? 'encrypted' : 'checked';
	return left;
}

/** @param {Set<string>} left @param {boolean} sealed @param {Report} report */
function tellUnknown(left, sealed, report) {
	for (const name of left) {
		if (sealed)
			report.add('broken', `${name} lies in the recording, but no entry of the chain names it`);
		else
			report.add('incomplete', `${name} lies in the recording, but no entry of the chain names it yet`);
	}
}

/** @param {Map<string, Blob>} files @param {Whom} whom @param {Report} report @param {(bytes: number) => void} progress */
export async function checkRecording(files, whom, report, progress) {
	const chainFile = files.get('chain'), tombstone = files.get('tombstone'), certificate = files.get('certificate.pem');
	const signer = await readSigner(certificate, report);
	const chain = await new Chain(signer, report).walk(chainFile ? await readAll(chainFile) : new Uint8Array());
	const claims = new Claims(chain, report), rest = new Map(files), stamps = new Map([...files].filter(([name]) => STAMP.test(name)));
	for (const name of ['chain', 'tombstone', ...stamps.keys()])
		rest.delete(name);
	if (tombstone && await checkTombstone(await readAll(tombstone), chain, whom, report)) {
		if (certificate)
			await claims.checkBlob('certificate.pem', certificate, progress);
		rest.delete('certificate.pem');
		checkRemains(rest.keys(), report);
	} else {
		tellUnknown(await checkFiles(new Contents(rest, chain, whom, progress), claims, report), chain.seal !== null, report);
	}
	await checkTrust(signer, chain, whom, await checkStamps(stamps, chain, whom.trusted, report), report);
}
