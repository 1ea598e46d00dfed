// Merkle trees as in RFC 6962 section 2.1.

import { sha256 } from '../console/vendor/evidence.js';
import { hex } from './bytes.js';

/** @param {number} prefix @param {...Uint8Array} parts */
function hashOf(prefix, ...parts) {
	const digest = sha256.create().update(Uint8Array.of(prefix));
	for (const part of parts)
		digest.update(part);
	return digest.digest();
}

/** Grows by a leaf at a time and knows its root at every size: the whole subtrees to the left, largest first. */
export class Tree {
	constructor() {
		this.size = 0;
		/** @type {Uint8Array[]} */
		this.subtrees = [];
	}

	/** @param {Uint8Array} leaf */
	add(leaf) {
		let digest = hashOf(0, leaf);
		for (let size = this.size; size % 2 === 1; size = Math.floor(size / 2))
			digest = hashOf(1, /** @type {Uint8Array} */ (this.subtrees.pop()), digest);
		this.subtrees.push(digest);
		this.size++;
	}

	root() {
		const last = this.subtrees.at(-1);
		return hex(last ? this.subtrees.slice(0, -1).reduceRight((digest, left) => hashOf(1, left, digest), last) : sha256(new Uint8Array()));
	}
}

/** RFC 9162 section 2.1.3.2, which says how RFC 6962's audit path is followed; null when the path has not the right length.
 * @param {Uint8Array} leaf @param {number} index @param {number} size @param {Uint8Array[]} path */
export function rootByPath(leaf, index, size, path) {
	let digest = hashOf(0, leaf), position = index, last = size - 1;
	for (const neighbour of path) {
		if (last === 0)
			return null;
		if (position % 2 === 1 || position === last) {
			digest = hashOf(1, neighbour, digest);
			while (position % 2 === 0 && position !== 0) {
				position /= 2;
				last = Math.floor(last / 2);
			}
		} else {
			digest = hashOf(1, digest, neighbour);
		}
		position = Math.floor(position / 2);
		last = Math.floor(last / 2);
	}
	return last === 0 ? hex(digest) : null;
}
