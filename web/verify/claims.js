// What a chain says about files: final hashes, and hashes of beginnings (checkpoints). Rule 4.

import { sha256 } from '../console/vendor/evidence.js';
import { hex, inPieces } from './bytes.js';

/** @typedef {{ file: Record<string, any>, entry: Record<string, any> }} Claim */

export class Claims {
	/** @param {import('./chain.js').Chain} chain @param {import('./report.js').Report} report */
	constructor(chain, report) {
		this.report = report;
		/** @type {Map<string, Claim>} */
		this.final = new Map();
		/** @type {Map<string, Claim[]>} */
		this.prefixes = new Map();
		for (const { value } of chain.entries) {
			for (const file of value.files ?? [])
				this.claim({ file, entry: value });
		}
	}

	/** @param {Claim} claim */
	claim(claim) {
		const { name, bytes, sha256: hash } = claim.file;
		if (claim.entry.kind === 'checkpoint') {
			this.prefixes.set(name, [...this.prefixes.get(name) ?? [], claim]);
			return;
		}
		const known = this.final.get(name)?.file;
		if (known && (known.bytes !== bytes || known.sha256 !== hash))
			this.broken(`two entries contradict each other about ${name}`, claim.entry);
		this.final.set(name, this.final.get(name) ?? claim);
	}

	names() {
		return [...new Set([...this.final.keys(), ...this.prefixes.keys()])].sort();
	}

	/** @param {string} text @param {Record<string, any>} entry */
	broken(text, entry) {
		this.report.add('broken', text, entry.number ?? 0, entry.start_us ?? 0, entry.end_us ?? entry.t_us);
	}

	/** @param {string} name */
	missing(name) {
		const claim = this.final.get(name) ?? this.prefixes.get(name)?.[0];
		if (claim)
			this.broken(`${name} is missing or is not a plain file`, claim.entry);
	}

	/** Reads the file once, in pieces. @param {string} name @param {Blob} blob @param {(bytes: number) => void} progress */
	async check(name, blob, progress) {
		const prefixes = [...this.prefixes.get(name) ?? []].sort((a, b) => a.file.bytes - b.file.bytes);
		const digest = sha256.create();
		let at = 0;
		for (const { file, entry } of prefixes) {
			await inPieces(blob.slice(at, file.bytes), (piece) => {
				digest.update(piece);
				progress(piece.length);
			});
			at = Math.min(file.bytes, blob.size);
			if (at < file.bytes)
				this.broken(`${name} has ${at} bytes, entry ${entry.seq} (checkpoint) proves ${file.bytes}`, entry);
			else if (hex(digest.clone().digest()) !== file.sha256)
				this.broken(`the first ${at} bytes of ${name} are not those of entry ${entry.seq} (checkpoint)`, entry);
		}
		await inPieces(blob.slice(at), (piece) => {
			digest.update(piece);
			progress(piece.length);
		});
		const claim = this.final.get(name);
		if (claim && blob.size !== claim.file.bytes)
			this.broken(`${name} has ${blob.size} bytes, it was signed with ${claim.file.bytes}`, claim.entry);
		else if (claim && hex(digest.digest()) !== claim.file.sha256)
			this.broken(`${name} is not what was signed: its hash differs`, claim.entry);
	}
}
