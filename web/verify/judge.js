// The one door of the verifier: files in, report out. It knows no page.

import { checkEvidence } from './evidence.js';
import { checkLog } from './node_log.js';
import { checkConsistency } from './proofs.js';
import { checkRecording } from './recording.js';
import { Report, Unjudged } from './report.js';

/** @typedef {{ name: string, blob: Blob }} Dropped a file, or a file of a directory */

const PROOF_MAX_BYTES = 65536;

/** @typedef {{ trusted: any[], lists: any[], archiveKeys: CryptoKey[], heads: string[] }} Whom certificates and revocation lists to believe, private keys that open
 * encrypted recordings, and lines of heads that were kept elsewhere */

/** The proof of consistency among files that are nothing else. @param {Map<string, Blob>} files */
const proofIn = (files) => files.has('log-consistency.json') ? files.get('log-consistency.json') : [...files].find(([name, { size }]) => name.endsWith('.json') && size <= PROOF_MAX_BYTES)?.[1];

/** @param {Dropped[]} dropped one evidence file, a proof of consistency and the log's certificates, or all files of a recording's directory or of a node's log @param {boolean} isFolder
 * @param {Whom} whom @param {(done: number) => void} progress bytes hashed so far */
export async function judge(dropped, isFolder, whom, progress) {
	const report = new Report();
	let done = 0;
	/** @param {number} bytes */
	const count = (bytes) => progress(done += bytes);
	const files = new Map(dropped.map(({ name, blob }) => [name, blob]));
	try {
		const proof = files.has('chain') || files.has('leaves') ? undefined : proofIn(files), certificates = files.get('log-certificate.pem');
		if (files.has('leaves'))
			await checkLog(files, whom, report, count);
		else if (proof && certificates)
			await checkConsistency(proof, certificates, whom, report);
		else if (proof && files.size === 1)
			throw new Unjudged('A proof is judged with the log-certificate.pem that lies beside it: choose both files together, or their folder.');
		else if (files.size === 1 && !files.has('chain'))
			await checkEvidence(dropped[0].blob, whom, report, count);
		else if (!isFolder && !files.has('chain'))
			throw new Unjudged('These are several files: choose one evidence file, or a proof and its log-certificate.pem.');
		else
			await checkRecording(files, whom, report, count);
	} catch (error) {
		report.unjudged = error instanceof Error ? error.message : String(error);
		if (!(error instanceof Unjudged))
			console.error(error);
	}
	return report;
}
