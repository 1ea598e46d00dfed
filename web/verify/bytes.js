// Bytes and texts, and files read in pieces: a recording may be larger than memory.

import { sha256 } from '../console/vendor/evidence.js';
import { Malformed } from './report.js';

const PIECE_BYTES = 4 << 20;

/** @param {Uint8Array} bytes */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {string} text */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** @param {Uint8Array} bytes */
export const hashOf = (bytes) => hex(sha256(bytes));

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

/** Calls `each` with the blob's bytes in pieces. @param {Blob} blob @param {(piece: Uint8Array) => void} each */
export async function inPieces(blob, each) {
	for (let at = 0; at < blob.size; at += PIECE_BYTES)
		each(await readAll(blob.slice(at, at + PIECE_BYTES)));
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
