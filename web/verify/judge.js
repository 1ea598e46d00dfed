// The one door of the verifier: files in, report out. It knows no page.

import { checkEvidence } from './evidence.js';
import { checkRecording } from './recording.js';
import { Report, Unjudged } from './report.js';

/** @typedef {{ name: string, blob: Blob }} Dropped a file, or a file of a directory */

/** @param {Dropped[]} dropped one evidence file, or all files of a recording's directory @param {any[]} trusted certificates
 * @param {(done: number) => void} progress bytes hashed so far */
export async function judge(dropped, trusted, progress) {
	const report = new Report();
	let done = 0;
	/** @param {number} bytes */
	const count = (bytes) => progress(done += bytes);
	try {
		if (dropped.length === 1 && dropped[0].name !== 'chain')
			await checkEvidence(dropped[0].blob, trusted, report, count);
		else
			await checkRecording(new Map(dropped.map(({ name, blob }) => [name, blob])), trusted, report, count);
	} catch (error) {
		report.unjudged = error instanceof Error ? error.message : String(error);
		if (!(error instanceof Unjudged))
			console.error(error);
	}
	return report;
}
