// Bytes and texts, and files read in pieces: a recording may be larger than memory.

import { createSHA256, sha256 } from '../console/vendor/evidence.js';
import { Malformed } from './report.js';

const PIECE_BYTES = 16 << 20, WINDOW_BYTES = 1 << 20, LINE_MAX_BYTES = 65536;

/** @param {Uint8Array} bytes */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} text */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Uint8Array} bytes */
export const hashOf = (bytes) => hex(sha256(bytes));

/** @typedef {{ update: (piece: Uint8Array) => void, peek: () => string }} Stream SHA-256 of bytes that come in pieces; `peek` tells that of what came so far */

/** By WebAssembly (Web Crypto takes only whole messages); where a browser forbids that, by JavaScript at a third of the speed. @returns {Promise<Stream>} */
export async function createStream() {
	const fast = await createSHA256().then((hasher) => hasher.init(), () => null);
	if (!fast) {
		const slow = sha256.create();
		return { update: (piece) => slow.update(piece), peek: () => hex(slow.clone().digest()) };
	}
	return {
		update: (piece) => fast.update(piece),
		peek: () => {
			const state = fast.save(), told = fast.digest('hex');
			fast.load(state);
			return told;
		},
	};
}

/** Strict UTF-8. @param {Uint8Array} bytes */
export function utf8(bytes) {
	try {
		return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
	} catch {
		throw new Malformed('it is not UTF-8');
	}
}

/** @param {string} text */
export const toUtf8 = (text) => new TextEncoder().encode(text);

/** The canonical text of RFC 4648 section 4 and no other. @param {string} text */
export function fromBase64(text) {
	let binary;
	try {
		binary = atob(text);
	} catch {
		throw new Malformed('the signature is no Base64');
	}
	if (btoa(binary) !== text)
		throw new Malformed('the signature is not canonical Base64');
	return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** @param {Uint8Array} a @param {Uint8Array} b */
export const equal = (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]);

/** @param {Blob} blob */
export const readAll = async (blob) => new Uint8Array(await blob.arrayBuffer());

/** @param {...Uint8Array} parts */
export function concat(...parts) {
	const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

/** The blob's bytes in pieces; the next is read while one is worked on. @param {Blob} blob @param {(bytes: number) => void} [progress] @returns {AsyncGenerator<Uint8Array>} */
export async function* piecesOf(blob, progress) {
	/** @param {number} at */
	const read = (at) => readAll(blob.slice(at, at + PIECE_BYTES));
	let next = blob.size > 0 ? read(0) : null;
	for (let at = 0; next; at += PIECE_BYTES) {
		const piece = await next;
		next = at + PIECE_BYTES < blob.size ? read(at + PIECE_BYTES) : null;
		progress?.(piece.length);
		yield piece;
	}
}

/** @param {Blob} blob @param {(bytes: number) => void} [progress] */
export async function hashOfBlob(blob, progress) {
	const hash = await createStream();
	for await (const piece of piecesOf(blob, progress))
		hash.update(piece);
	return hash.peek();
}

/** Reads small pieces here and there without asking the disk for each. */
export class FileWindow {
	/** @param {Blob} blob */
	constructor(blob) {
		this.blob = blob;
		this.begin = 0;
		this.bytes = new Uint8Array();
	}

	/** @param {number} at @param {number} length fewer at the end of the file */
	async read(at, length) {
		if (at < this.begin || at + length > this.begin + this.bytes.length) {
			this.begin = at;
			this.bytes = await readAll(this.blob.slice(at, at + Math.max(WINDOW_BYTES, length)));
		}
		return this.bytes.subarray(at - this.begin, at - this.begin + length);
	}
}

/** Lines without their newlines; the last is not whole when no newline ends it. @param {Blob} blob @param {(bytes: number) => void} [progress]
 * @returns {AsyncGenerator<{ line: Uint8Array, whole: boolean }>} */
export async function* linesOf(blob, progress) {
	let rest = new Uint8Array();
	for await (const piece of piecesOf(blob, progress)) {
		const split = splitLines(rest.length > 0 ? concat(rest, piece) : piece);
		for (const line of split.lines)
			yield { line, whole: true };
		rest = split.rest.slice(0, LINE_MAX_BYTES);
	}
	if (rest.length > 0)
		yield { line: rest, whole: false };
}

/** Lines without their newlines, and what stands behind the last newline. @param {Uint8Array} bytes */
export function splitLines(bytes) {
	const lines = [];
	let begin = 0;
	for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, begin)) {
		lines.push(bytes.subarray(begin, at));
		begin = at + 1;
	}
	return { lines, rest: bytes.subarray(begin) };
}
