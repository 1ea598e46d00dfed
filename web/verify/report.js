// What was found, and the exit code it means (docs/evidence-format.md, "Exit codes").

/** @typedef {'broken' | 'untrusted' | 'incomplete' | 'note'} FindingClass */
/** @typedef {{ kind: FindingClass, text: string, segment: number, startUs: number, endUs: number }} Finding */

/** There is nothing this version of the page lets a verifier judge. */
export class Unjudged extends Error {}

/** Bytes that are not what the page says they are. */
export class Malformed extends Error {}

const EXITS = { broken: 3, untrusted: 4, incomplete: 5 };

export class Report {
	constructor() {
		/** @type {Finding[]} */
		this.findings = [];
		/** @type {Record<string, any>} */
		this.facts = {};
		this.unjudged = '';
		this.deleted = false;
	}

	/** @param {FindingClass} kind @param {string} text */
	add(kind, text, segment = 0, startUs = 0, endUs = 0) {
		this.findings.push({ kind, text, segment, startUs, endUs });
	}

	exitCode() {
		if (this.unjudged)
			return 1;
		for (const [kind, code] of Object.entries(EXITS)) {
			if (this.findings.some((finding) => finding.kind === kind))
				return code;
		}
		return this.deleted ? 6 : 0;
	}

	/** @param {boolean} trusted whether certificates to trust were given */
	verdict(trusted) {
		const code = this.exitCode();
		if (code === 1)
			return 'unreadable';
		if (code === 6)
			return 'deleted';
		return Object.entries(EXITS).find(([, value]) => value === code)?.[0] ?? (trusted ? 'proven' : 'whole');
	}
}
