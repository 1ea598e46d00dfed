// "Deleted recordings" of the page: a signed line, and the certificate it was signed under behind it.

import { dateOf, findPath, Signer } from './certificates.js';
import { need } from './json.js';
import { Malformed, Unjudged } from './report.js';
import { parseLine } from './signed_line.js';
import { tellRevocation } from './trust.js';

/** @typedef {import('./report.js').Report} Report */

const VERSION = 1;
const KEYS = { session: 'text', head: 'hex', cause: 'text', class: 'text', reason: 'text', requested_by: 'text', approved_by: 'text', utc: 'utc' };

/** @param {Uint8Array} bytes */
function parse(bytes) {
	const end = bytes.indexOf(10), line = parseLine(end < 0 ? bytes : bytes.subarray(0, end));
	need(line.value, { kind: 'text', version: 'number' });
	if (line.value.kind !== 'tombstone')
		throw new Malformed('it is none');
	if (line.value.version !== VERSION)
		throw new Unjudged(`The tombstone has version ${line.value.version}, this page knows ${VERSION}.`);
	need(line.value, KEYS);
	return { line, signer: Signer.fromPem(end < 0 ? new Uint8Array() : bytes.subarray(end + 1)) };
}

/** @param {Record<string, any>} value */
const causeOf = (value) => value.cause === 'order'
	? `by order of ${value.requested_by}, approved by ${value.approved_by}: ${value.reason}`
	: `because its retention class ${value.class} was past its ${value.cause} limit`;

/** No stamp says when it was signed, so that a revocation counts, whatever its date. @param {Signer} signer @param {Date} date
 * @param {import('./judge.js').Whom} whom @param {Report} report */
async function checkSigner(signer, date, whom, report) {
	const whose = `the certificate of the tombstone, ${signer.subject}`;
	if (whom.trusted.length === 0)
		return;
	const { why, path } = await findPath(signer.certificate, signer.others, whom.trusted, date);
	if (why)
		report.add('untrusted', `${whose}, does not lead to one you trust: ${why}`);
	else
		await tellRevocation(whose, path, whom, undefined, report);
}

/** True: the recording was deleted lawfully, and its files need not be there.
 * @param {Uint8Array} bytes @param {import('./chain.js').Chain} chain @param {import('./judge.js').Whom} whom @param {Report} report */
export async function checkTombstone(bytes, chain, whom, report) {
	try {
		const { line, signer } = parse(bytes), { value } = line;
		if (!await signer.signed(line.signature, line.json))
			throw new Malformed('it is not signed under the certificate in it');
		if (!chain.genesis || value.session !== chain.genesis.session || value.head !== chain.head)
			throw new Malformed('it is of another recording, or of another state of this one');
		await checkSigner(signer, dateOf(value.utc), whom, report);
		report.add('note', `deleted at ${value.utc.slice(0, 19).replace('T', ' ')} UTC ${causeOf(value)}; signed by ${signer.subject}`);
		report.deleted = true;
		report.facts.tombstone = { ...value, signer: signer.subject };
		return true;
	} catch (error) {
		if (!(error instanceof Malformed))
			throw error;
		report.add('broken', `the tombstone does not hold: ${error.message}`);
		return false;
	}
}

/** Files that should be gone. @param {Iterable<string>} names @param {Report} report */
export function checkRemains(names, report) {
	for (const name of names)
		report.add('incomplete', `${name} still lies there although the recording was deleted`);
}
