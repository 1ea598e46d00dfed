// "Encryption at rest" of the page: the records of an encrypted file, and the plain bytes in them.

import { concat, fromHex, FileWindow, hex, toUtf8, readAll } from './bytes.js';
import { Malformed } from './report.js';

const HEADER_BYTES = 24, RECORD_HEADER_BYTES = 12, TAG_BYTES = 16, RECORD_MAX_BYTES = 1 << 20, NAME_BYTES = 32;

/** @param {number} value */
function u64(value) {
	const bytes = new Uint8Array(8);
	new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
	return bytes;
}

/** A file as it lies on the disk. */
export class Encrypted {
	/** @param {Blob} blob @param {string} name plain name @param {boolean} growing bytes behind the last whole record are an append that was cut */
	constructor(blob, name, growing) {
		this.blob = blob;
		this.name = name;
		this.growing = growing;
		this.header = new Uint8Array();
	}

	/** @param {string | undefined} session @returns {Promise<number>} number of its data key; 0: nothing is written yet */
	async open(session) {
		const header = await readAll(this.blob.slice(0, HEADER_BYTES));
		if (header.length < HEADER_BYTES && (this.growing || header.length === 0))
			return 0;
		const number = header.length < HEADER_BYTES ? 0 : header[6] * 256 + header[7];
		if (number === 0 || new TextDecoder('latin1').decode(header.subarray(0, 6)) !== 'VTRE\u0000\u0001')
			throw new Malformed('it has no header of an encrypted file');
		if (session !== undefined && hex(header.subarray(8)) !== session.replaceAll('-', '').toLowerCase())
			throw new Malformed('it is of another session');
		this.header = header;
		return number;
	}

	/** @returns {AsyncGenerator<{ head: Uint8Array, at: number, length: number, window: FileWindow }>} */
	async *records() {
		const window = new FileWindow(this.blob);
		let counter = -1n, at = this.header.length;
		while (at > 0 && at < this.blob.size) {
			const head = (await window.read(at, RECORD_HEADER_BYTES)).slice(), view = new DataView(head.buffer);
			const length = head.length === RECORD_HEADER_BYTES ? view.getUint32(0) : 0;
			if (length < 1 || length > RECORD_MAX_BYTES || at + RECORD_HEADER_BYTES + length + TAG_BYTES > this.blob.size) {
				if (!this.growing)
					throw new Malformed('its last bytes are no whole record');
				return;
			}
			if (view.getBigUint64(4) <= counter)
				throw new Malformed('its nonce counters do not rise');
			counter = view.getBigUint64(4);
			yield { head, at, length, window };
			at += RECORD_HEADER_BYTES + length + TAG_BYTES;
		}
	}

	async plainBytes() {
		let total = 0;
		for await (const { length } of this.records())
			total += length;
		return total;
	}

	/** @param {CryptoKey} key @returns {AsyncGenerator<Uint8Array>} */
	async *plain(key) {
		const name = new Uint8Array(NAME_BYTES), zeros = fromHex('00000000');
		let number = 0, offset = 0;
		name.set(toUtf8(this.name));
		for await (const { head, at, length, window } of this.records()) {
			const sealed = (await window.read(at + RECORD_HEADER_BYTES, length + TAG_BYTES)).slice();
			const associated = concat(this.header, name, u64(number), u64(offset), head);
			const text = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: concat(zeros, head.subarray(4)), additionalData: associated }, key, sealed).catch(() => null);
			if (!text)
				throw new Malformed(`record ${number} is not what was written there: it was changed, moved or taken out`);
			yield new Uint8Array(text);
			number++;
			offset += length;
		}
	}
}
