// The verdict in words an auditor understands.

/** @typedef {import('./report.js').Report} Report */

const BANNERS = /** @type {Record<string, [string, string, string]>} */ ({
	proven: ['good', 'Proven', 'Every byte is the one that was signed, nothing is missing, and the signer leads to a certificate you trust.'],
	whole: ['good', 'Whole', 'Every byte is the one that was signed and nothing is missing. Who signed is not proven: name a certificate you trust.'],
	untrusted: ['warn', 'Not trusted', 'The signatures hold, but not under a certificate you trust: somebody else may have made this.'],
	incomplete: ['warn', 'Incomplete', 'What is there is proven, but it has no proven end.'],
	broken: ['bad', 'Broken', 'Something here is not what was signed.'],
	unreadable: ['bad', 'Cannot be judged', ''],
});

/** @param {number} us */
const seconds = (us) => `${(us / 1e6).toFixed(3)} s`;

/** @param {Report} report @param {boolean} trusted */
export function banner(report, trusted) {
	const [tone, title, text] = BANNERS[report.verdict(trusted)];
	const derived = report.facts.manifest?.kind === 'derived' && !report.unjudged;
	return { tone, title: derived ? `Derived copy: not the recorded video. ${title}` : title, text: report.unjudged || text };
}

/** Only what the good entries say; nothing when there is nothing to judge. @param {Report} report @returns {[string, string][]} */
export function facts(report) {
	const { facts: known } = report, { manifest } = known;
	if (report.unjudged || known.session === undefined)
		return [];
	const sum = known.gaps.reduce((/** @type {number} */ total, /** @type {any} */ gap) => total + gap.end_us - gap.start_us, 0);
	/** @type {[string, string | undefined][]} */
	const rows = [
		['Recorded and signed by', known.signer], ['Session', known.session], ['On node', known.node],
		['Who', [known.user, known.viewer_address && `from ${known.viewer_address}`].filter(Boolean).join(' ')],
		['Target', [known.target, known.target_address && `(${known.target_address})`, known.account && `as ${known.account}`].filter(Boolean).join(' ')],
		['Began', `${known.utc.replace('T', ' ').replace('Z', '')} UTC, by the node's clock`],
		['Length', `${seconds(known.duration_us)}, ${known.segments} segments, ${known.frames} pictures`],
		['Not recorded', known.gaps.length === 0 ? 'no gaps' : `${known.gaps.length} signed ${known.gaps.length === 1 ? 'gap' : 'gaps'}, ${seconds(sum)} together`],
		['End', known.sealed ? `sealed: ${known.end_reason}` : 'not sealed'],
		['In this file', manifest && `${seconds(manifest.span.start_us)} to ${seconds(manifest.span.end_us)}${manifest.whole ? ', the whole recording' : ''}`],
		['Exported', manifest && `${manifest.created.slice(0, 19).replace('T', ' ')} UTC by ${manifest.created_by}, signed by ${known.exported_by_key ?? 'nobody'}`],
		['Purpose', manifest?.purpose], ['Made from', manifest?.source_sha256], ['Operations', manifest?.operations && JSON.stringify(manifest.operations)],
		...(known.stamps ?? []).map((/** @type {any} */ stamp) => ['Existed at', `${stamp.time.toISOString().slice(0, 19).replace('T', ' ')} UTC, says ${stamp.by} (${stamp.name})`]),
		...(known.logged ?? []).map((/** @type {any} */ entry) => ['In the node’s log', `${entry.kind}, under a head of ${entry.size} leaves of ${entry.utc.slice(0, 19).replace('T', ' ')} UTC, by ${entry.by}`]),
		['Head of the chain', known.head],
	];
	return rows.flatMap(([key, value]) => value ? [/** @type {[string, string]} */ ([key, value])] : []);
}

/** What even a good verdict leaves open. @param {Report} report @param {boolean} trusted */
export function limits(report, trusted) {
	if (report.unjudged || report.exitCode() === 3)
		return [];
	return [
		trusted ? '' : 'Who made it: anybody can make a key. Get the organisation’s evidence CA from a source of your own and choose it above.',
		report.facts.stamps ? '' : 'When: the times are the word of the machine that recorded. A trusted time stamp would prove that it existed at a time.',
		report.facts.logged ? '' : 'That no other recording was removed: that is what the node’s log is for.',
	].filter(Boolean);
}

/** @param {import('./report.js').Finding} finding */
export function sentence({ text, segment, startUs, endUs }) {
	const span = startUs === endUs ? `at ${seconds(endUs)}: ` : `${seconds(startUs)} to ${seconds(endUs)}: `, when = endUs > 0 ? span : '';
	return `${segment ? `segment ${segment}, ` : ''}${when}${text}`;
}
