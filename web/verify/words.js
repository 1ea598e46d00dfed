// The verdict in words an auditor understands.

/** @typedef {import('./report.js').Report} Report */

const BANNERS = /** @type {Record<string, [string, string, string]>} */ ({
	proven: ['good', 'Proven', 'Every byte is the one that was signed, nothing is missing, and the signer leads to a certificate you trust.'],
	whole: ['good', 'Whole', 'Every byte is the one that was signed and nothing is missing. Who signed is not proven: name a certificate you trust.'],
	untrusted: ['warn', 'Not trusted', 'The signatures hold, but not under a certificate you trust: somebody else may have made this.'],
	incomplete: ['warn', 'Incomplete', 'What is there is proven, but it has no proven end.'],
	deleted: ['good', 'Deleted', 'It was deleted lawfully: a signed tombstone says so. Of the recording only its chain is left.'],
	broken: ['bad', 'Broken', 'Something here is not what was signed.'],
	unreadable: ['bad', 'Cannot be judged', ''],
});

const WHO = 'Who made it: anybody can make a key. Get the organisation’s evidence CA from a source of your own and choose it above.';

const LOG_TEXTS = /** @type {Record<string, string>} */ ({
	proven: 'Every leaf is under a signed head, the signer leads to a certificate you trust, and the heads that were kept elsewhere are heads of this log.',
	consistent: 'Every leaf is under a signed head, and the signer leads to a certificate you trust. That the log was not written anew is shown by a head that was kept elsewhere: choose one.',
	whole: 'Every leaf is under a signed head. Who signed is not proven: name a certificate you trust.',
	incomplete: 'What is signed holds, but not everything is signed yet.',
	broken: 'The log is not the one that was signed.',
	untrusted: 'The log holds, but not under a certificate you trust: somebody else may have made it.',
});

const CONSISTENCY_TEXTS = /** @type {Record<string, string>} */ ({
	proven: 'The log of the newer head is that of the older one with leaves added behind it: nothing was removed, changed or put in between. Those who signed lead to certificates you trust.',
	whole: 'The log of the newer head is that of the older one with leaves added behind it. Who signed is not proven: name a certificate you trust.',
	untrusted: 'The heads belong together, but not under a certificate you trust: somebody else may have made both.',
});

// Of a copy "nothing is missing" would be said of the wrong thing.
const DERIVED = /** @type {Record<string, string>} */ ({
	proven: 'Every byte of this copy is the one that was signed, by a signer who leads to a certificate you trust. What was done to the pictures stands below.',
	whole: 'Every byte of this copy is the one that was signed. Who signed is not proven: name a certificate you trust. What was done to the pictures stands below.',
});

/** @param {number} us */
const seconds = (us) => `${(us / 1e6).toFixed(3)} s`;

/** @param {Report} report @param {boolean} trusted */
export function banner(report, trusted) {
	const verdict = report.verdict(trusted), [tone, title, text] = BANNERS[verdict];
	const derived = isCopy(report.facts) && !report.unjudged;
	return { tone, title: derived ? `Derived copy: not the recorded video. ${title}` : title, text: report.unjudged || special(report, verdict) || text };
}

/** @param {Record<string, any>} known */
function isCopy(known) {
	return known.manifest?.kind === 'derived';
}

/** What a verdict means for what was judged, where it is not a sealed recording. @param {Report} report @param {string} verdict */
function special({ facts: known }, verdict) {
	if (isCopy(known) && verdict in DERIVED)
		return DERIVED[verdict];
	if (known.consistency)
		return CONSISTENCY_TEXTS[verdict] ?? '';
	if (known.log)
		return LOG_TEXTS[verdict === 'proven' && known.log.kept === 0 ? 'consistent' : verdict];
	if (verdict === 'incomplete' && known.contents === 'encrypted')
		return 'Chain and signatures hold, but contents were not checked: they are encrypted. Choose the archive key to check them.';
	if (verdict === 'incomplete' && known.contents === 'shredded')
		return 'Chain and signatures hold, but the contents were shredded: nobody can read them any more.';
	if (verdict === 'incomplete' && known.tombstone)
		return 'The recording was deleted, but not all of it: files of it still lie there.';
	if (verdict === 'incomplete' && known.sealed)
		return 'The recording is whole as far as it was signed and has a proven end, but not everything that was written is signed: see the findings.';
	if (['proven', 'whole'].includes(verdict) && known.manifest?.whole === false)
		return `Every byte is the one that was signed, and this is the named part of the recording. ${verdict === 'proven' ? 'Those who signed lead to certificates you trust.' : 'Who signed is not proven: name a certificate you trust.'}`;
	return '';
}

/** What was done to the pictures of a derived copy; what this page does not know it shows as it is. @param {Record<string, any>} operation */
function operationWords(operation) {
	const { operation: name, x, y, width, height, start_us: start, end_us: end, qp } = operation;
	switch (name) {
	case 'cover':
		return `${width} × ${height} pixels at ${x}, ${y} covered with grey, ${seconds(start)} to ${seconds(end)}`;
	case 'mask':
		return `${seconds(start)} to ${seconds(end)} masked by a card`;
	case 'transcode':
		return `all pictures encoded anew, QP ${qp}`;
	default:
		return JSON.stringify(operation);
	}
}

/** @param {Date} date */
const utcOf = (date) => `${date.toISOString().slice(0, 19).replace('T', ' ')} UTC`;

/** Between which times it was made, by the word of others than the node. @param {{ begunAfter?: Date, begunBefore?: Date, endedBefore?: Date }} times */
function timeWords({ begunAfter, begunBefore, endedBefore }) {
	const after = begunAfter && `after ${utcOf(begunAfter)} (its signer’s certificate is no older)`, before = begunBefore && `before ${utcOf(begunBefore)} (time stamp)`;
	if (!after && !before)
		return 'none: its times are its node’s word alone';
	const begun = `begun ${[after, before].filter(Boolean).join(' and ')}`, ended = endedBefore ? `, ended before ${utcOf(endedBefore)} (time stamp)` : '';
	return `${begun}${before ? '' : '; that it is not younger than it says is its node’s word'}${ended}`;
}

/** Only what the good entries say; nothing when there is nothing to judge. @param {Report} report @returns {[string, string][]} */
export function facts(report) {
	const { facts: known } = report, { manifest } = known;
	if (known.log && !report.unjudged)
		return logFacts(known.log);
	if (known.consistency && !report.unjudged)
		return consistencyFacts(known.consistency);
	if (report.unjudged || known.session === undefined)
		return [];
	const sum = known.gaps.reduce((/** @type {number} */ total, /** @type {any} */ gap) => total + gap.end_us - gap.start_us, 0);
	/** @type {[string, string | undefined][]} */
	const rows = [
		['Recorded and signed by', known.signer], ['Session', known.session], ['On node', known.node],
		['Who', [known.user, known.viewer_address && `from ${known.viewer_address}`].filter(Boolean).join(' ')],
		['Target', [known.target, known.target_address && `(${known.target_address})`, known.account && `as ${known.account}`].filter(Boolean).join(' ')],
		['Began', `${known.utc.replace('T', ' ').replace('Z', '')} UTC, by the node's clock`],
		['Proven time', report.exitCode() === 3 ? '' : timeWords(known.times)],
		['Length', `${seconds(known.duration_us)}, ${known.segments} segments, ${known.frames} pictures`],
		['Not recorded', known.gaps.length === 0 ? 'no gaps' : `${known.gaps.length} signed ${known.gaps.length === 1 ? 'gap' : 'gaps'}, ${seconds(sum)} together`],
		['End', known.sealed ? `sealed: ${known.end_reason}` : 'not sealed'],
		['In this file', manifest && `${seconds(manifest.span.start_us)} to ${seconds(manifest.span.end_us)}${manifest.whole ? ', the whole recording' : ''}`],
		['Exported', manifest && `${manifest.created.slice(0, 19).replace('T', ' ')} UTC by ${manifest.created_by}, signed by ${known.exported_by_key ?? 'nobody'}`],
		['Purpose', manifest?.purpose], ['Made from', manifest?.source_sha256],
		...(manifest?.operations ?? []).map((/** @type {any} */ operation) => ['Done to it', operationWords(operation)]),
		...(known.stamps ?? []).map((/** @type {any} */ stamp) => ['Existed at', `${stamp.time.toISOString().slice(0, 19).replace('T', ' ')} UTC, says ${stamp.by} (${stamp.name})`]),
		...(known.logged ?? []).map((/** @type {any} */ entry) => ['In the node’s log', `${entry.kind}, under a head of ${entry.size} leaves of ${entry.utc.slice(0, 19).replace('T', ' ')} UTC, by ${entry.by}`]),
		['Head of the chain', known.head],
	];
	return rows.flatMap(([key, value]) => value ? [/** @type {[string, string]} */ ([key, value])] : []);
}

/** @param {any} log @returns {[string, string][]} */
function logFacts(log) {
	return [
		['What', 'the log of a node'], ['Node', log.node ?? 'unknown'], ['Signed by', log.signer ?? 'nobody'], ['Leaves', `${log.leaves}, of them ${log.covered} under a signed head`],
		['Heads', `${log.heads}${log.newest ? `, the newest of ${log.newest.slice(0, 19).replace('T', ' ')} UTC` : ''}`], ['Heads kept elsewhere', String(log.kept)], ['Root', log.root],
	];
}

/** @param {any} proof @returns {[string, string][]} */
function consistencyFacts({ node, older, newer, signer }) {
	/** @param {any} head */
	const words = (head) => `${head.size} leaves, ${head.utc.slice(0, 19).replace('T', ' ')} UTC by the node's clock`;
	return [
		['What', 'a proof that a node’s log goes on from an older head'], ['Node', node], ['Signed by', signer], ['Older head', words(older)], ['Its root', older.root],
		['Newer head', words(newer)], ['Its root', newer.root],
	];
}

/** What even a good verdict leaves open. @param {Report} report @param {boolean} trusted */
export function limits(report, trusted) {
	if (report.unjudged || report.exitCode() === 3)
		return [];
	if (report.facts.consistency)
		return [trusted ? '' : WHO, 'That the older head is one that was published: compare its root with what syslog, another disk or a witness kept.'].filter(Boolean);
	if (report.facts.log)
		return [trusted ? '' : WHO, report.facts.log.kept > 0 ? '' : 'That the log was not written anew as a whole: a head that was kept elsewhere (syslog, a witness) shows it.',
			'That recordings and audit records are those of the leaves: vitrine log verify compares them.'].filter(Boolean);
	return [
		trusted ? '' : WHO,
		report.facts.stamps ? '' : 'When: the times are the word of the machine that recorded. A trusted time stamp would prove that it existed at a time.',
		report.facts.logged ? '' : 'That no other recording was removed: that is what the node’s log is for.',
	].filter(Boolean);
}

/** @param {import('./report.js').Finding} finding */
export function sentence({ text, segment, startUs, endUs }) {
	const span = startUs === endUs ? `at ${seconds(endUs)}: ` : `${seconds(startUs)} to ${seconds(endUs)}: `, when = endUs > 0 ? span : '';
	return `${segment ? `segment ${segment}, ` : ''}${when}${text}`;
}
