// Heads of a node's log, and proofs that it knows an entry.

import { fromHex, toUtf8 } from './bytes.js';
import { Signer } from './certificates.js';
import { need, parseJson } from './json.js';
import { rootByPath } from './merkle.js';
import { Malformed, Unjudged } from './report.js';
import { parseLine } from './signed_line.js';

const VERSION = 1;

/** @param {Uint8Array} bytes a line without its newline */
export function parseHead(bytes) {
	const head = parseLine(bytes);
	need(head.value, { version: 'number' });
	if (head.value.version !== VERSION)
		throw new Unjudged(`A tree head has version ${head.value.version}, this page knows ${VERSION}.`);
	need(head.value, { node: 'text', root: 'hex', size: 'number', utc: 'utc' });
	return head;
}

/** Under whose certificate it holds. @param {import('./signed_line.js').SignedLine} head @param {Signer[]} signers */
export async function signerOf(head, signers) {
	const holds = await Promise.all(signers.map((item) => item.signed(head.signature, head.json)));
	return signers[holds.indexOf(true)];
}

/** The head a proof leads to and who signed it; throws when it does not hold.
 * @param {Uint8Array} bytes @param {Signer[]} signers @param {string} kind @param {string} session @param {string} hash */
export async function checkProof(bytes, signers, kind, session, hash) {
	const proof = parseJson(bytes);
	need(proof, { head: 'text', index: 'number', leaf: 'text', path: 'hexes', size: 'number' });
	const head = parseHead(toUtf8(proof.head)), signer = await signerOf(head, signers);
	if (!signer)
		throw new Malformed('the signature of its tree head does not hold');
	if (proof.size !== head.value.size || proof.index >= proof.size)
		throw new Malformed('its size is not that of its tree head');
	if (rootByPath(toUtf8(proof.leaf), proof.index, proof.size, proof.path.map(fromHex)) !== head.value.root)
		throw new Malformed('leaf and path do not lead to the tree head');
	const leaf = parseJson(toUtf8(proof.leaf));
	need(leaf, { kind: 'text', index: 'number', utc: 'utc', node: 'text' });
	if (leaf.index !== proof.index || leaf.node !== head.value.node || leaf.kind !== kind || leaf.session !== session || leaf.sha256 !== hash)
		throw new Malformed('it speaks of something else');
	return { head: head.value, signer };
}
