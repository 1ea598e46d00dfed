// Heads of a node's log, proofs that it knows an entry, and proofs that it goes on from an older head.

import { fromHex, readAll, toUtf8 } from './bytes.js';
import { dateOf, findPath, Signer } from './certificates.js';
import { need, parseJson } from './json.js';
import { consistent, rootByPath } from './merkle.js';
import { Malformed, Unjudged } from './report.js';
import { judgeRevocation } from './revocation.js';
import { parseLine } from './signed_line.js';

/** @typedef {import('./report.js').Report} Report */

const VERSION = 1;
/** Of a leaf or a head, without its newline. */
export const LINE_MAX_BYTES = 4096;

/** @param {Uint8Array} bytes a line without its newline */
export function parseHead(bytes) {
	if (bytes.length > LINE_MAX_BYTES)
		throw new Malformed('the line is too long');
	const head = parseLine(bytes);
	need(head.value, { version: 'number' });
	if (head.value.version !== VERSION)
		throw new Unjudged(`A tree head has version ${head.value.version}, this page knows ${VERSION}.`);
	need(head.value, { node: 'text', root: 'hex', size: 'number', utc: 'utc' });
	return head;
}

/** Under whose certificates it holds: more than one when a key was certified anew. @param {import('./signed_line.js').SignedLine} head @param {Signer[]} signers */
export async function signersOf(head, signers) {
	const holds = await Promise.all(signers.map((item) => item.signed(head.signature, head.json)));
	return signers.filter((_, at) => holds[at]);
}

/** Tells when none of the certificates that a head holds under is to be trusted as of its time.
 * @param {Signer[]} holders @param {Record<string, any>} head @param {import('./judge.js').Whom} whom @param {Report} report
 * @param {{ stamped?: Date, covered?: boolean }} [known] `stamped`: a trusted stamp shows that the head existed then; `covered`: a newer head, under another key,
 * covers what this one does, so that a revocation takes nothing away */
export async function checkHolders(holders, head, whom, report, { stamped, covered } = {}) {
	if (whom.trusted.length === 0)
		return;
	const paths = await Promise.all(holders.map((item) => findPath(item.certificate, item.others, whom.trusted, dateOf(head.utc))));
	const whose = `the log's certificate, ${holders[0].subject}`, leading = paths.filter(({ why }) => !why);
	if (leading.length === 0) {
		report.add('untrusted', `${whose}, does not lead to one you trust: ${paths[0].why}`);
		return;
	}
	const found = whom.lists.length > 0 ? await Promise.all(leading.map(({ path }) => judgeRevocation(path, whom.lists, stamped))) : [null];
	const [kind, words] = found.find((item) => item?.[0] !== 'untrusted') ?? found[0] ?? [];
	if (kind === 'untrusted' && covered)
		report.add('note', `${whose}: ${words}; a newer head, under another certificate, covers what it signed`);
	else if (kind && words)
		report.add(kind, `${whose}: ${words}`);
}

/** The head a proof leads to and under whose certificates it holds; throws when it does not hold.
 * @param {Uint8Array} bytes @param {Signer[]} signers @param {string} kind @param {string} session @param {string} hash */
export async function checkProof(bytes, signers, kind, session, hash) {
	const proof = parseJson(bytes);
	need(proof, { head: 'text', index: 'number', leaf: 'text', path: 'hexes', size: 'number' });
	const head = parseHead(toUtf8(proof.head)), holders = await signersOf(head, signers);
	if (holders.length === 0)
		throw new Malformed('the signature of its tree head does not hold');
	if (proof.size !== head.value.size || proof.index >= proof.size)
		throw new Malformed('its size is not that of its tree head');
	if (rootByPath(toUtf8(proof.leaf), proof.index, proof.size, proof.path.map(fromHex)) !== head.value.root)
		throw new Malformed('leaf and path do not lead to the tree head');
	const leaf = parseJson(toUtf8(proof.leaf));
	need(leaf, { kind: 'text', index: 'number', utc: 'utc', node: 'text' });
	if (leaf.index !== proof.index || leaf.node !== head.value.node || leaf.kind !== kind || leaf.session !== session || leaf.sha256 !== hash)
		throw new Malformed('it speaks of something else');
	return { head: head.value, holders };
}

/** A proof that one head's log goes on from another's, and the log's certificates. @param {Blob} file @param {Blob} certificates
 * @param {import('./judge.js').Whom} whom @param {Report} report */
export async function checkConsistency(file, certificates, whom, report) {
	try {
		const proof = parseJson(await readAll(file)), signers = Signer.all(await readAll(certificates));
		need(proof, { first: 'text', path: 'hexes', second: 'text' });
		const heads = [proof.first, proof.second].map((line) => parseHead(toUtf8(line)));
		const holders = await Promise.all(heads.map((head) => signersOf(head, signers))), [older, newer] = heads.map((head) => head.value);
		if (holders.some((every) => every.length === 0))
			throw new Malformed('the signature of a head does not hold under the certificates in log-certificate.pem');
		if (older.node !== newer.node)
			throw new Malformed('the heads are of two nodes');
		if (!consistent(older.size, older.root, newer.size, newer.root, proof.path.map(fromHex)))
			throw new Malformed("the second head's log does not begin with the first head's");
		report.facts.consistency = { node: newer.node, older, newer, signer: holders[1][0].subject };
		await checkHolders(holders[1], newer, whom, report);
		if (holders[0][0] !== holders[1][0])
			await checkHolders(holders[0], older, whom, report, { covered: true });
	} catch (error) {
		if (!(error instanceof Malformed))
			throw error;
		report.add('broken', `the proof of consistency does not hold: ${error.message}`);
	}
}
