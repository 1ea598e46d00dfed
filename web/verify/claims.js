// What a chain says about files: final hashes, and hashes of beginnings (checkpoints). Rule 4.

import { createStream, hashOfBlob, piecesOf } from './bytes.js';

/** @typedef {{ file: Record<string, any>, entry: Record<string, any> }} Claim */

export class Claims {
	/** @param {import('./chain.js').Chain} chain @param {import('./report.js').Report} report */
	constructor(chain, report) {
		this.report = report;
		/** @type {Map<string, Claim>} */
		this.final = new Map();
		/** @type {Map<string, Claim[]>} */
		this.prefixes = new Map();
		let positionUs = 0; // where the open segment began
		for (const { value } of chain.entries) {
			const entry = value.kind === 'checkpoint' ? { ...value, start_us: positionUs, end_us: value.t_us } : value;
			for (const file of value.files ?? [])
				this.claim({ file, entry });
			positionUs = value.end_us ?? positionUs;
		}
	}

	/** @param {Claim} claim */
	claim(claim) {
		const { name } = claim.file, known = this.final.get(name)?.file;
		if (claim.entry.kind === 'checkpoint') {
			this.addPrefix(claim);
			return;
		}
		if (known && ['bytes', 'sha256', 'tail_bytes'].some((key) => known[key] !== claim.file[key]))
			this.broken(`two entries contradict each other about ${name}`, claim.entry);
		if (known)
			return;
		this.final.set(name, claim);
		// With a tail the entry itself covers the first bytes only.
		if (claim.file.tail_bytes)
			this.addPrefix(claim);
	}

	/** @param {Claim} claim */
	addPrefix(claim) {
		const { name } = claim.file;
		this.prefixes.set(name, [...this.prefixes.get(name) ?? [], claim]);
	}

	names() {
		return [...new Set([...this.final.keys(), ...this.prefixes.keys()])].sort();
	}

	/** @param {string} text @param {Record<string, any>} entry */
	broken(text, entry) {
		this.report.add('broken', text, entry.number ?? 0, entry.start_us ?? 0, entry.end_us ?? entry.t_us);
	}

	/** @param {string} name @param {string} text */
	brokenFile(name, text) {
		const claim = this.final.get(name) ?? this.prefixes.get(name)?.[0];
		if (claim)
			this.broken(text, claim.entry);
	}

	/** All that can be said of a file that nobody here can read. @param {string} name @param {number} total */
	checkLength(name, total) {
		const claim = this.final.get(name), { bytes = 0, tail_bytes: tail = 0 } = claim?.file ?? {};
		if (claim && total !== bytes + tail)
			this.broken(`${name} has ${total} bytes, it was signed with ${bytes + tail}`, claim.entry);
		for (const { file, entry } of claim ? [] : this.prefixes.get(name) ?? []) {
			if (total < file.bytes)
				this.broken(`${name} has ${total} bytes, entry ${entry.seq} (${entry.kind}) proves ${file.bytes}`, entry);
		}
	}

	/** @param {string} name @param {Blob} blob @param {(bytes: number) => void} progress */
	async checkBlob(name, blob, progress) {
		if (this.prefixes.has(name)) {
			await this.check(name, piecesOf(blob, progress));
			return;
		}
		const hash = await hashOfBlob(blob, progress);
		this.checkFinal(name, blob.size, () => hash);
	}

	/** Takes the bytes of the file once, in pieces. @param {string} name @param {AsyncIterable<Uint8Array>} pieces */
	async check(name, pieces) {
		const stops = [...this.prefixes.get(name) ?? []].sort((a, b) => a.file.bytes - b.file.bytes), digest = await createStream();
		let total = 0, next = 0;
		const passStops = () => {
			for (; stops[next]?.file.bytes === total; next++) {
				if (digest.peek() !== stops[next].file.sha256)
					this.broken(`the first ${total} bytes of ${name} are not those of entry ${stops[next].entry.seq} (${stops[next].entry.kind})`, stops[next].entry);
			}
		};
		passStops();
		for await (let piece of pieces) {
			while (piece.length > 0) {
				const part = piece.subarray(0, (stops[next]?.file.bytes ?? Infinity) - total);
				digest.update(part);
				total += part.length;
				piece = piece.subarray(part.length);
				passStops();
			}
		}
		for (const { file, entry } of stops.slice(next))
			this.broken(`${name} has ${total} bytes, entry ${entry.seq} (${entry.kind}) proves ${file.bytes}`, entry);
		this.checkFinal(name, total, () => digest.peek());
	}

	/** @param {string} name @param {number} total @param {() => string} hash */
	checkFinal(name, total, hash) {
		const claim = this.final.get(name);
		if (!claim)
			return;
		const { file, entry } = claim, tail = file.tail_bytes ?? 0;
		if (total !== file.bytes + tail)
			this.broken(`${name} has ${total} bytes, it was signed with ${file.bytes + tail}`, entry);
		else if (tail > 0)
			this.report.add('incomplete', `the last ${tail} bytes of ${name} are not signed: they were written before a crash that took their key`, entry.number, entry.start_us, entry.end_us);
		else if (hash() !== file.sha256)
			this.broken(`${name} is not what was signed: its hash differs`, entry);
	}
}
