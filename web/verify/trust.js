// What directories and evidence files have in common: certificate, stamps beside the chain, and the way to a trusted certificate (rule 6).

import { readAll } from './bytes.js';
import { dateOf, findPath, Signer } from './certificates.js';
import { Malformed } from './report.js';
import { judgeRevocation } from './revocation.js';
import { checkStamp } from './stamps.js';

/** @typedef {import('./report.js').Report} Report */

export const STAMP = /^ts-(0|[1-9][0-9]*)\.tsr$/;

/** @param {Blob | undefined} blob @param {Report} report */
export async function readSigner(blob, report) {
	try {
		const signer = Signer.fromPem(blob ? await readAll(blob) : new Uint8Array());
		report.facts.signer = signer.subject;
		return signer;
	} catch (error) {
		if (!(error instanceof Malformed))
			throw error;
		report.add('broken', `certificate.pem: ${error.message}: no signature can be checked`);
		return null;
	}
}

/** Times of the trusted ones, by the entry they stamp. @param {Map<string, Blob>} stamps @param {import('./chain.js').Chain} chain @param {any[]} trusted @param {Report} report */
export async function checkStamps(stamps, chain, trusted, report) {
	/** @type {Map<number, Date>} */
	const dates = new Map();
	for (const [name, blob] of stamps) {
		const seq = Number(STAMP.exec(name)?.[1]), entry = chain.entry(seq);
		if (entry)
			(await checkStamp(name, await readAll(blob), entry.line.json, trusted, report)).forEach((date) => dates.set(seq, date));
		else
			report.add('broken', `${name} stamps an entry that is not there`);
	}
	return dates;
}

/** @param {(Date | undefined)[]} dates */
export function earliest(dates) {
	const known = dates.filter((date) => date !== undefined).map(Number);
	return known.length > 0 ? new Date(Math.min(...known)) : undefined;
}

/** At the earliest trusted stamp's time, otherwise at the genesis's word.
 * @param {Signer | null} signer @param {import('./chain.js').Chain} chain @param {import('./judge.js').Whom} whom @param {Map<number, Date>} dates @param {Report} report */
export async function checkTrust(signer, chain, whom, dates, report) {
	const sealSeq = chain.seal?.seq;
	report.facts.times = {
		begunAfter: undefined, begunBefore: earliest([...dates.values()]),
		endedBefore: sealSeq === undefined ? undefined : dates.get(sealSeq),
	};
	if (whom.trusted.length === 0 || !signer || !chain.genesis)
		return;
	const date = dates.size > 0 ? new Date(Math.min(...[...dates.values()].map(Number))) : dateOf(chain.genesis.utc);
	const { why, path } = await findPath(signer.certificate, signer.others, whom.trusted, date);
	if (why)
		report.add('untrusted', `the certificate of ${signer.subject} does not lead to one you trust: ${why}`);
	else if (await tellRevocation(`the certificate of ${signer.subject}`, path, whom, dates.get(chain.entries.at(-1)?.value.seq), report))
		report.facts.times.begunAfter = signer.certificate.notBefore.value;
}

/** True: it may still be believed. @param {string} whose @param {any[]} path @param {import('./judge.js').Whom} whom @param {Date | undefined} stamped @param {Report} report */
export async function tellRevocation(whose, path, whom, stamped, report) {
	const found = whom.lists.length > 0 ? await judgeRevocation(path, whom.lists, stamped) : null;
	if (found)
		report.add(found[0], `${whose}: ${found[1]}`);
	return found?.[0] !== 'untrusted';
}
