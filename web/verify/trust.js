// What directories and evidence files have in common: certificate, stamps beside the chain, and the way to a trusted certificate (rule 6).

import { readAll } from './bytes.js';
import { dateOf, Signer } from './certificates.js';
import { Malformed } from './report.js';
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

/** @param {Map<string, Blob>} stamps @param {import('./chain.js').Chain} chain @param {any[]} trusted @param {Report} report */
export async function checkStamps(stamps, chain, trusted, report) {
	const dates = [];
	for (const [name, blob] of stamps) {
		const entry = chain.entry(Number(STAMP.exec(name)?.[1]));
		if (entry)
			dates.push(...await checkStamp(name, await readAll(blob), entry.line.json, trusted, report));
		else
			report.add('broken', `${name} stamps an entry that is not there`);
	}
	return dates;
}

/** The earliest trusted stamp's time, otherwise the genesis's word.
 * @param {Signer | null} signer @param {import('./chain.js').Chain} chain @param {any[]} trusted @param {Date[]} dates @param {Report} report */
export async function checkTrust(signer, chain, trusted, dates, report) {
	if (trusted.length === 0 || !signer || !chain.genesis)
		return;
	const date = dates.length > 0 ? new Date(Math.min(...dates.map(Number))) : dateOf(chain.genesis.utc);
	const why = await signer.leadsTo(trusted, date);
	if (why)
		report.add('untrusted', `the certificate of ${signer.subject} does not lead to one you trust: ${why}`);
}
