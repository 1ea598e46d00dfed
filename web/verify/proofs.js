// Proofs that a node's log knows an entry: Merkle trees as in RFC 6962 section 2.1.

import { sha256 } from '../console/vendor/evidence.js';
import { fromHex, hex, toUtf8 } from './bytes.js';
import { Signer } from './certificates.js';
import { need, parseJson } from './json.js';
import { Malformed, Unjudged } from './report.js';
import { parseLine } from './signed_line.js';

const VERSION = 1;

/** @param {number} prefix @param {...Uint8Array} parts */
function hashOfNode(prefix, ...parts) {
	const digest = sha256.create().update(Uint8Array.of(prefix));
	for (const part of parts)
		digest.update(part);
	return digest.digest();
}

/** RFC 9162 section 2.1.3.2, which says how RFC 6962's audit path is followed; null when the path has not the right length.
 * @param {Uint8Array} leaf @param {number} index @param {number} size @param {Uint8Array[]} path */
export function rootByPath(leaf, index, size, path) {
	let digest = hashOfNode(0, leaf), position = index, last = size - 1;
	for (const neighbour of path) {
		if (last === 0)
			return null;
		if (position % 2 === 1 || position === last) {
			digest = hashOfNode(1, neighbour, digest);
			while (position % 2 === 0 && position !== 0) {
				position /= 2;
				last = Math.floor(last / 2);
			}
		} else {
			digest = hashOfNode(1, digest, neighbour);
		}
		position = Math.floor(position / 2);
		last = Math.floor(last / 2);
	}
	return last === 0 ? hex(digest) : null;
}

/** The head a proof leads to and who signed it; throws when it does not hold.
 * @param {Uint8Array} bytes @param {Signer[]} signers @param {string} kind @param {string} session @param {string} hash */
export async function checkProof(bytes, signers, kind, session, hash) {
	const proof = parseJson(bytes);
	need(proof, { head: 'text', index: 'number', leaf: 'text', path: 'hexes', size: 'number' });
	const head = parseLine(toUtf8(proof.head));
	need(head.value, { version: 'number' });
	if (head.value.version !== VERSION)
		throw new Unjudged(`A tree head has version ${head.value.version}, this page knows ${VERSION}.`);
	need(head.value, { node: 'text', root: 'hex', size: 'number', utc: 'utc' });
	const holds = await Promise.all(signers.map((item) => item.signed(head.signature, head.json)));
	const signer = signers[holds.indexOf(true)];
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
