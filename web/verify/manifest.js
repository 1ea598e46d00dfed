// manifest.json and the signature over it.

import { readAll } from './bytes.js';
import { findPath, Signer, subjectOf } from './certificates.js';
import { checkSigner, parseSignedData, signingTime } from './cms.js';
import { isNumber, need, parseJson } from './json.js';
import { Malformed, Unjudged } from './report.js';
import { tellRevocation } from './trust.js';

const VERSION = 1, FORMAT = 'vitrine-evidence', DATA = '1.2.840.113549.1.7.1';
const KEYS = {
	kind: 'text', session: 'text', created: 'utc', created_by: 'text', node: 'text', purpose: 'text', span: 'span', asked: 'span', whole: 'flag',
	video_bytes: 'number', video_sha256: 'hex', parts: 'parts', files: 'listed', left_out: 'list',
};

/** @param {Uint8Array} bytes */
export function parseManifest(bytes) {
	const manifest = parseJson(bytes);
	need(manifest, { format: 'text', version: 'number' });
	if (manifest.format !== FORMAT || manifest.version !== VERSION)
		throw new Unjudged(`The evidence has version ${manifest.version} of "${manifest.format}", this page knows ${VERSION} of "${FORMAT}".`);
	need(manifest, KEYS);
	need(manifest.chain, { entries: 'number', head: 'hex', sealed: 'flag' });
	if (!manifest.parts.every((/** @type {any} */ part) => isNumber(part.offset)))
		throw new Malformed('a part has no offset');
	for (const item of manifest.left_out)
		need(item, { name: 'text', reason: 'text' });
	if (manifest.kind === 'derived') {
		need(manifest, { operations: 'list', source_sha256: 'hex' });
		if (manifest.parts.length > 0)
			throw new Malformed('a derived file has no recorded parts');
	} else if (manifest.kind !== 'original') {
		throw new Malformed(`there is no kind of evidence called "${manifest.kind}"`);
	}
	return manifest;
}

/** @param {Blob} manifest @param {Blob} cms @param {Date[]} stamped @param {import('./judge.js').Whom} whom @param {import('./report.js').Report} report */
export async function checkSignature(manifest, cms, stamped, whom, report) {
	let signed, signer, date;
	try {
		signed = parseSignedData(await readAll(cms));
		signer = await checkSigner(signed, DATA, await readAll(manifest));
		date = signingTime(signed);
		new Signer(signer, []); // only P-256
	} catch (error) {
		report.add('broken', `the signature over the manifest does not hold: ${error instanceof Error ? error.message : error}`);
		return;
	}
	report.facts.exported_by_key = subjectOf(signer);
	if (whom.trusted.length === 0)
		return;
	const { why, path } = await findPath(signer, signed.certificates ?? [], whom.trusted, stamped[0] ?? date);
	if (why)
		report.add('untrusted', `the manifest was signed by ${subjectOf(signer)}, which does not lead to a certificate you trust: ${why}`);
	else
		await tellRevocation(`the manifest was signed by ${subjectOf(signer)}`, path, whom, stamped[0], report);
}
