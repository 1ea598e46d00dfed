// The signed entries: rules 1, 2, 3 and 5 of "What a verifier checks" (docs/evidence-format.md).

import { splitLines } from './bytes.js';
import { need } from './json.js';
import { Malformed, Unjudged } from './report.js';
import { parseLine } from './signed_line.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./certificates.js').Signer} Signer */
/** @typedef {{ line: import('./signed_line.js').SignedLine, value: Record<string, any> }} Entry */

const VERSION = 1;
const COMMON = { kind: 'text', seq: 'number', prev: 'hex', t_us: 'number', utc: 'utc' };
// Recorders have counted only since some time, and a recorder that was killed took its counts along.
const COUNTS = ['seen', 'coalesced', 'lost'];
/** @type {Record<string, Record<string, string>>} */
const KINDS = {
	genesis: {
		version: 'number', session: 'text', node: 'text', user: 'text', viewer_address: 'text', viewer_name: 'text', target: 'text', target_address: 'text',
		account: 'text', front: 'text', back: 'text', door: 'text', quality: 'text', opened: 'utc', clock_us: 'number', files: 'files',
	},
	segment: {
		number: 'number', start_us: 'number', end_us: 'number', first_frame_us: 'number', frames: 'number', width: 'number', height: 'number', codec: 'text', files: 'files',
	},
	checkpoint: { number: 'number', frames: 'number', files: 'files' },
	gap: { start_us: 'number', end_us: 'number', reason: 'text', detail: 'text' },
	seal: { reason: 'text', detail: 'text', segments: 'number', frames: 'number', bytes: 'number', duration_us: 'number' },
};

const seconds = (/** @type {number} */ us) => `${(us / 1e6).toFixed(3)} s`;

/** @param {Uint8Array} bytes */
function parseEntry(bytes) {
	const line = parseLine(bytes);
	const { value } = line;
	need(value, { kind: 'text' });
	if (!Object.hasOwn(KINDS, value.kind))
		throw new Malformed(`there is no kind of entry called "${value.kind}"`);
	if (value.kind === 'genesis') {
		need(value, { version: 'number' });
		if (value.version !== VERSION)
			throw new Unjudged(`The recording has format version ${value.version}, this page knows ${VERSION}.`);
	}
	need(value, { ...COMMON, ...KINDS[value.kind] });
	if (value.kind === 'segment' || value.kind === 'seal')
		need(value, Object.fromEntries(COUNTS.filter((key) => key in value).map((key) => [key, 'number'])));
	return line;
}

/** What the good lines of a chain say; `walk` goes through them once. */
export class Chain {
	/** @param {Signer | null} signer @param {Report} report */
	constructor(signer, report) {
		this.signer = signer;
		this.report = report;
		/** @type {Entry[]} */
		this.entries = [];
		/** @type {Record<string, any>[]} */
		this.segments = [];
		/** @type {Record<string, any>[]} */
		this.gaps = [];
		/** @type {Record<string, any> | null} */
		this.genesis = null;
		/** @type {Record<string, any> | null} */
		this.seal = null;
		this.lineCount = 0;
		this.seq = 0;
		this.prev = '0'.repeat(64);
		this.timeUs = 0;
		this.positionUs = 0;
	}

	get head() {
		return this.entries.at(-1)?.line.sha256 ?? '0'.repeat(64);
	}

	/** @param {number} seq */
	entry(seq) {
		return this.entries.find(({ value }) => value.seq === seq);
	}

	/** @param {string} text @param {Record<string, any>} [value] */
	broken(text, value) {
		const [start, end] = value?.start_us !== undefined ? [value.start_us, value.end_us] : [this.timeUs, value?.t_us ?? this.timeUs];
		this.report.add('broken', text, value?.number ?? 0, start, end);
	}

	/** @param {Uint8Array} bytes */
	async takeLine(bytes) {
		const where = `line ${++this.lineCount} of the chain`;
		let line;
		try {
			line = parseEntry(bytes);
		} catch (error) {
			if (!(error instanceof Malformed))
				throw error;
			this.broken(`${where} is not an entry: ${error.message}`);
			this.seq++;
			this.prev = '';
			return;
		}
		const { value } = line;
		const name = `entry ${value.seq} (${value.kind}, ${where})`;
		if (!this.signer || !await this.signer.signed(line.signature, line.json))
			this.broken(`the signature of ${name} does not hold`, value);
		if (value.seq !== this.seq || this.prev && value.prev !== this.prev)
			this.broken(`${name} does not follow the one before it: entries were removed, added or exchanged`, value);
		if (value.t_us < this.timeUs)
			this.broken(`the time of ${name} falls`, value);
		if (this.seal)
			this.broken(`${name} stands behind the seal`, value);
		this.seq = value.seq + 1;
		this.prev = line.sha256;
		this.timeUs = Math.max(this.timeUs, value.t_us);
		this.entries.push({ line, value });
		this.take(value, name);
	}

	/** @param {Record<string, any>} value @param {string} name */
	take(value, name) {
		if (value.kind === 'genesis') {
			if (this.lineCount !== 1)
				this.broken(`${name} does not stand first`, value);
			this.genesis ??= value;
		} else if (value.kind === 'segment') {
			if (value.number !== this.segments.length + 1)
				this.broken(`${name} is segment ${value.number} where segment ${this.segments.length + 1} is due`, value);
			this.takeSpan(value, name);
			this.segments.push(value);
		} else if (value.kind === 'gap') {
			this.takeSpan(value, name);
			this.gaps.push(value);
			this.report.add('note', `nothing was recorded for ${seconds(value.end_us - value.start_us)} (${value.reason})`, 0, value.start_us, value.end_us);
		} else if (value.kind === 'seal') {
			this.takeSeal(value);
		}
	}

	/** @param {Record<string, any>} value @param {string} name */
	takeSpan(value, name) {
		if (value.start_us !== this.positionUs || value.end_us < value.start_us)
			this.broken(`${name} does not begin where the one before it ended (${seconds(this.positionUs)})`, value);
		this.positionUs = value.end_us;
	}

	/** @param {Record<string, any>} value */
	takeSeal(value) {
		/** @param {Record<string, any>[]} list @param {string} key */
		const sum = (list, key) => list.reduce((total, item) => total + (item[key] ?? 0), 0);
		this.seal = value;
		/** @type {Record<string, number>} */
		const sums = {
			segments: this.segments.length, frames: sum(this.segments, 'frames'), bytes: sum(this.segments.flatMap((segment) => segment.files), 'bytes'),
			duration_us: this.positionUs, ...('seen' in value ? Object.fromEntries(COUNTS.map((key) => [key, sum(this.segments, key)])) : {}),
		};
		for (const [key, due] of Object.entries(sums)) {
			if ((value[key] ?? 0) !== due)
				this.broken(`the seal says ${value[key] ?? 0} ${key}, the entries say ${due}`, value);
		}
		if (value.reason === 'fault')
			this.report.add('note', `the recording ended by a fault: ${value.detail}`, 0, value.t_us, value.t_us);
	}

	/** @param {Uint8Array} bytes */
	async walk(bytes) {
		const { lines, rest } = splitLines(bytes);
		for (const line of lines)
			await this.takeLine(line);
		if (rest.length > 0) {
			if (this.seal)
				this.broken('bytes stand behind the seal');
			this.report.add('incomplete', `the chain is cut in the middle of line ${this.lineCount + 1}`, 0, this.timeUs, this.timeUs);
		}
		if (!this.genesis)
			this.broken('the chain has no genesis entry');
		if (!this.seal)
			this.report.add('incomplete', 'the recording is not sealed: it still runs, or its end is missing', 0, this.timeUs, this.timeUs);
		Object.assign(this.report.facts, {
			...this.genesis, entries: this.entries.length, segments: this.segments.length, frames: this.segments.reduce((total, item) => total + item.frames, 0),
			duration_us: this.positionUs, sealed: this.seal !== null, end_reason: this.seal?.reason, head: this.head, gaps: this.gaps,
		});
		return this;
	}
}
