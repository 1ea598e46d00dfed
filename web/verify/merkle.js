// Merkle trees as in RFC 6962 section 2.1.

import { sha256 } from '../console/vendor/evidence.js';
import { fromHex, hex } from './bytes.js';

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

/** Whether the first `first` leaves of the second tree are those of the first: RFC 9162 section 2.1.4.2, which says how RFC 6962's consistency proof is followed.
 * Sizes go beyond 32 bits, so there are no bit operations here. @param {number} first @param {string} firstRoot @param {number} second @param {string} secondRoot
 * @param {Uint8Array[]} path */
export function consistent(first, firstRoot, second, secondRoot, path) {
	if (first === second)
		return path.length === 0 && firstRoot === secondRoot;
	if (first === 0 || first > second)
		return first === 0 && path.length === 0 && firstRoot === new Tree().root();
	let position = first - 1, last = second - 1;
	const up = () => {
		position = Math.floor(position / 2);
		last = Math.floor(last / 2);
	};
	while (position % 2 === 1)
		up();
	// The root of a tree of a power of two leaves is not in the proof: it is the older root itself.
	const [begin, ...rest] = position === 0 ? [fromHex(firstRoot), ...path] : path;
	if (!begin)
		return false;
	let older = begin, newer = begin;
	for (const node of rest) {
		if (last === 0)
			return false;
		if (position % 2 === 1 || position === last) {
			older = hashOf(1, node, older);
			newer = hashOf(1, node, newer);
			while (position % 2 === 0 && position !== 0)
				up();
		} else {
			newer = hashOf(1, newer, node);
		}
		up();
	}
	return last === 0 && hex(older) === firstRoot && hex(newer) === secondRoot;
}
