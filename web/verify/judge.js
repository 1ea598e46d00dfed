// The one door of the verifier: files in, report out. It knows no page.

import { checkEvidence } from './evidence.js';
import { checkLog } from './node_log.js';
import { checkRecording } from './recording.js';
import { Report, Unjudged } from './report.js';

/** @typedef {{ name: string, blob: Blob }} Dropped a file, or a file of a directory */

/** @typedef {{ trusted: any[], lists: any[], archiveKeys: CryptoKey[], heads: string[] }} Whom certificates and revocation lists to believe, private keys that open
 * encrypted recordings, and lines of heads that were kept elsewhere */

/** @param {Dropped[]} dropped one evidence file, or all files of a recording's directory or of a node's log @param {Whom} whom
 * @param {(done: number) => void} progress bytes hashed so far */
export async function judge(dropped, whom, progress) {
	const report = new Report();
	let done = 0;
	/** @param {number} bytes */
	const count = (bytes) => progress(done += bytes);
	const files = new Map(dropped.map(({ name, blob }) => [name, blob]));
	try {
		if (files.has('leaves'))
			await checkLog(files, whom, report, count);
		else if (files.size === 1 && !files.has('chain'))
			await checkEvidence(dropped[0].blob, whom, report, count);
		else
			await checkRecording(files, whom, report, count);
	} catch (error) {
		report.unjudged = error instanceof Error ? error.message : String(error);
		if (!(error instanceof Unjudged))
			console.error(error);
	}
	return report;
}
