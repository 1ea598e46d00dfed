// The evidence file as bytes: boxes, footer and archive.

import { FileWindow, equal, fromHex, readAll, utf8 } from './bytes.js';
import { isFileName } from './json.js';
import { Malformed } from './report.js';

const USERTYPE = fromHex('fc0de0a17bb34c199a6e2f1d6f0b9e57'), UUID = fromHex('75756964');
const FOOTER_BYTES = 32, HEADER_BYTES = 24, BLOCK = 512;

/** Where the box of the evidence begins, as the footer tells. @param {Blob} blob */
export async function findBox(blob) {
	const footer = /^VITRINE-EVIDENCE-1 ([0-9]{12})\n$/.exec(new TextDecoder('latin1').decode(await readAll(blob.slice(-FOOTER_BYTES))));
	if (!footer)
		throw new Malformed('the file does not end as evidence does: its end was cut off or changed, or it is another file');
	const size = Number(footer[1]), at = blob.size - size, header = at < 0 ? new Uint8Array() : await readAll(blob.slice(at, at + HEADER_BYTES));
	if (header.length < HEADER_BYTES || new DataView(header.buffer).getUint32(0) !== size || !isOurs(header))
		throw new Malformed('the box that the footer speaks of does not lie in the file');
	return at;
}

/** @param {Uint8Array} header */
const isOurs = (header) => header.length >= HEADER_BYTES && equal(header.subarray(4, 8), UUID) && equal(header.subarray(8), USERTYPE);

/** What is wrong with the boxes in front of ours; empty: nothing. @param {Blob} blob @param {number} end where ours begins */
export async function videoTrouble(blob, end) {
	const window = new FileWindow(blob);
	for (let at = 0; at < end;) {
		const header = await window.read(at, HEADER_BYTES), view = new DataView(header.buffer, header.byteOffset, header.length);
		let size = view.getUint32(0);
		if (size === 1)
			size = Number(view.getBigUint64(8));
		if (size < 8 || at + size > end)
			return `the boxes of the video do not fill it: that at byte ${at} does not fit`;
		if (isOurs(header))
			return 'a second box of evidence lies in the video';
		at += size;
	}
	return '';
}

/** @param {Uint8Array} bytes */
const allZero = (bytes) => bytes.every((byte) => byte === 0);

/** @param {Uint8Array} header @param {number} from @param {number} to */
function text(header, from, to) {
	const field = header.subarray(from, to), end = field.indexOf(0);
	return utf8(end < 0 ? field : field.subarray(0, end));
}

/** POSIX ustar, as strictly as the page wants it. @param {Uint8Array} header */
function parseHeader(header) {
	const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? 32 : byte), 0);
	const due = new TextEncoder().encode(`${sum.toString(8).padStart(6, '0')}\0 `);
	if (!equal(header.subarray(148, 156), due))
		throw new Malformed('the archive has a header whose checksum does not hold');
	if (new TextDecoder('latin1').decode(header.subarray(257, 265)) !== 'ustar\u000000' || header[156] !== 48 || !allZero(header.subarray(345, 500)))
		throw new Malformed('the archive has an entry that is not a plain file of POSIX ustar');
	const size = /^ *([0-7]+)[ \0]*$/.exec(new TextDecoder('latin1').decode(header.subarray(124, 136)));
	const name = text(header, 0, 100);
	if (!size || !isFileName(name) && name !== 'README.txt')
		throw new Malformed(`the archive has an entry of the name "${name}"`);
	return { name, size: parseInt(size[1], 8) };
}

/** Names and contents in their order. @param {Blob} blob @param {number} box where the box begins @returns {Promise<Map<string, Blob>>} */
export async function readArchive(blob, box) {
	const limit = blob.size - FOOTER_BYTES, window = new FileWindow(blob), entries = new Map();
	let at = box + HEADER_BYTES;
	while (at + BLOCK <= limit) {
		const header = await window.read(at, BLOCK);
		at += BLOCK;
		if (allZero(header)) {
			const rest = limit - at;
			if (rest < BLOCK || rest % BLOCK !== 0 || !allZero(await readAll(blob.slice(at, limit))))
				throw new Malformed('the archive does not end in whole blocks of zeros');
			return entries;
		}
		const { name, size } = parseHeader(header), padded = Math.ceil(size / BLOCK) * BLOCK;
		if (entries.has(name))
			throw new Malformed(`the archive has ${name} twice`);
		if (at + padded > limit || !allZero(await readAll(blob.slice(at + size, at + padded))))
			throw new Malformed(`the bytes behind ${name} in the archive are not zero`);
		entries.set(name, blob.slice(at, at + size));
		at += padded;
	}
	throw new Malformed('the archive has no end');
}
