// A recording's directory, as a map of its files.

import { readAll } from './bytes.js';
import { Chain } from './chain.js';
import { Claims } from './claims.js';
import { STAMP, checkStamps, checkTrust, readSigner } from './trust.js';

/** @param {Map<string, Blob>} files @param {any[]} trusted @param {import('./report.js').Report} report @param {(bytes: number) => void} progress */
export async function checkRecording(files, trusted, report, progress) {
	const chainFile = files.get('chain');
	const signer = await readSigner(files.get('certificate.pem'), report);
	const chain = await new Chain(signer, report).walk(chainFile ? await readAll(chainFile) : new Uint8Array());
	const claims = new Claims(chain, report), left = new Map(files);
	left.delete('chain');
	for (const name of claims.names()) {
		const found = [name, `${name}.part`].find((item) => left.has(item) && (item === name || !claims.final.has(name)));
		const blob = found && left.get(found);
		if (!blob) {
			claims.missing(name);
			continue;
		}
		left.delete(found);
		await claims.check(name, blob, progress);
	}
	const stamps = new Map([...left].filter(([name]) => STAMP.test(name)));
	for (const name of left.keys()) {
		if (stamps.has(name))
			continue;
		if (chain.seal)
			report.add('broken', `${name} lies in the recording, but no entry of the chain names it`);
		else
			report.add('incomplete', `${name} lies in the recording, but no entry of the chain names it yet`);
	}
	await checkTrust(signer, chain, trusted, await checkStamps(stamps, chain, trusted, report), report);
}
