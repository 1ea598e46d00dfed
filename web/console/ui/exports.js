// Evidence files of a recording: ask for one, see how far it is, download it.
import { html, useEffect, useRef, useState } from '../vendor/ui.js';
import { may, postJson } from '../api.js';
import { bytes, position, when } from './format.js';
import { Icon } from './icons.js';
import { usePoll } from './poll.js';

const REASON_MAX = 500;
const POLL_MS = 2000;

/** "90", "1:30" or "0:01:30" in microseconds; null for an empty text, NaN for anything else. */
export function parsePlace(text) {
	const parts = text.trim().split(':');
	if (text.trim() === '')
		return null;
	if (parts.length > 3 || !parts.every((part, i) => (i === parts.length - 1 ? /^\d+(\.\d+)?$/ : /^\d+$/).test(part)
		&& (i === 0 || Number(part) < 60)))
		return NaN;
	return Math.round(parts.reduce((sum, part) => sum * 60 + Number(part), 0) * 1e6);
}

function readWish({ reason, from, to, withoutTimeline }) {
	const [fromUs, toUs] = [parsePlace(from), parsePlace(to)];
	if (Number.isNaN(fromUs) || Number.isNaN(toUs))
		throw new Error('Please write places as seconds or H:MM:SS.');
	if (toUs !== null && toUs <= (fromUs ?? 0))
		throw new Error('The end must lie behind the beginning.');
	if (reason.trim() === '')
		throw new Error('Please say what for.');
	const wish = { reason: reason.trim(), from_us: fromUs ?? 0, without_timeline: withoutTimeline };
	return toUs === null ? wish : { ...wish, to_us: toUs };
}

function ExportDialog({ url, timelines, onClose }) {
	const dialog = useRef(null);
	const [wish, setWish] = useState({ reason: '', from: '', to: '', withoutTimeline: false });
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	useEffect(() => {
		dialog.current.showModal();
	}, []);
	const set = (key) => (event) => setWish({ ...wish,
		[key]: event.target.type === 'checkbox' ? event.target.checked : event.target.value });
	const submit = async (event) => {
		event.preventDefault();
		try {
			const body = readWish(wish);
			setBusy(true);
			await postJson(url, body);
			onClose(true);
		} catch (failure) {
			setError(failure.message);
			setBusy(false);
		}
	};
	return html`<dialog ref=${dialog} aria-labelledby="export-title" onClose=${() => onClose(false)}>
		<form onSubmit=${submit} novalidate>
			<h2 id="export-title">Export as evidence</h2>
			<p>One signed MP4 that any player plays and that proves itself without us. Whole segments are taken, so it may cover a little more.</p>
			<div class="span-fields">
				<p><label for="export-from">From <span class="hint">empty: the beginning</span></label>
					<input id="export-from" inputmode="numeric" placeholder="0:00:00" value=${wish.from} onInput=${set('from')} /></p>
				<p><label for="export-to">To <span class="hint">empty: the end</span></label>
					<input id="export-to" inputmode="numeric" placeholder="0:01:30" value=${wish.to} onInput=${set('to')} /></p>
			</div>
			<label for="export-reason">Purpose <span class="hint">stands in the file and in the audit trail</span></label>
			<textarea id="export-reason" rows="2" maxlength=${REASON_MAX} required
				autofocus value=${wish.reason} onInput=${set('reason')}></textarea>
			${timelines ? html`<p><label class="check">
				<input type="checkbox" checked=${wish.withoutTimeline}
					onChange=${set('withoutTimeline')} /> Leave out keys, clipboard and other events</label></p>`
				: html`<p class="hint">Keys, clipboard and other events stay out: your role may not export them. The file says so.</p>`}
			<p class="field-error" role="alert">${error}</p>
			<div class="actions">
				<button type="button" class="quiet" onClick=${() => dialog.current.close()}>Cancel</button>
				<button type="submit" class="primary" disabled=${busy}>
					<${Icon} name="seal" />${busy ? 'Asking …' : 'Export'}</button>
			</div>
		</form>
	</dialog>`;
}

function spanOf(job) {
	if (job.from_us === 0 && job.to_us === null)
		return 'All of it';
	return `${position(job.from_us / 1e6)} to ${job.to_us === null ? 'the end' : position(job.to_us / 1e6)}`;
}

/** What was made: the evidence, and for people a page about it and a table of its events. */
function Files({ job }) {
	const url = (file) => `/api/exports/${job.id}/${file}`;
	const name = (suffix) => `evidence-${job.session.slice(0, 8)}-${job.id.slice(0, 8)}${suffix}`;
	return html`<span class="files">
		<a class="button primary" href=${url('evidence.mp4')} download=${name('.mp4')}>Download</a> <span class="hint">${bytes(job.total_bytes)}</span>
		${job.certificate && html`<a class="button" href=${url('certificate.pdf')} download=${name('.pdf')}
			title="One page to print: who, what, when, what proves it">Certificate</a>`}
		${!job.without_timeline && html`<a class="button" href=${url('timeline.csv')} download=${name('.csv')}
			title="Keys, titles, clipboard and other events as a table">Events (CSV)</a>`}
	</span>`;
}

function State({ job }) {
	switch (job.state) {
	case 'waiting':
		return html`<span class="badge">waiting</span>`;
	case 'running':
		return html`<progress max=${job.total_bytes || 1} value=${job.done_bytes} aria-label="How far the export is"></progress>
			<span class="sub">${bytes(job.done_bytes)} of ${bytes(job.total_bytes)}</span>`;
	case 'ready':
		return html`<${Files} job=${job} />`;
	case 'failed':
		return html`<span class="badge failed">failed</span><span class="sub">${job.detail}</span>`;
	default:
		return html`<span class="badge">${job.state}</span>`;
	}
}

/** "A derived copy: 2 regions covered, 1 span masked". */
function hiddenWords(operations) {
	const count = (name) => operations.filter(({ operation }) => operation === name).length;
	const some = (n, one, what) => (n > 0 ? [`${n} ${one}${n === 1 ? '' : 's'} ${what}`] : []);
	const words = [...some(count('cover'), 'region', 'covered'), ...some(count('mask'), 'span', 'masked')];
	return `A derived copy: ${words.length > 0 ? words.join(', ') : 'encoded anew'}`;
}

function Job({ job, onCancel }) {
	const open = job.state === 'waiting' || job.state === 'running' || job.state === 'ready';
	return html`<tr>
		<td>${spanOf(job)}
			${job.operations ? html`<span class="sub">${hiddenWords(job.operations)}</span>`
				: job.without_timeline && html`<span class="sub">without events${job.by_policy ? ' by policy' : ''}</span>`}</td>
		<td>${job.reason}<span class="sub">${job.login}, ${when(job.created_utc_us)}</span></td>
		<td class="export-state">
			${html`<${State} job=${job} />`}
			${job.video_sha256 && html`<span class="sub digest" title="SHA-256 of the video">${job.video_sha256}</span>`}</td>
		<td>${open && html`<button class="quiet" onClick=${() => onCancel(job)}>
			${job.state === 'ready' ? 'Remove' : 'Cancel'}</button>`}</td>
	</tr>`;
}

function JobTable({ jobs, onCancel }) {
	return html`<table><thead><tr><th>Span</th><th>Purpose</th><th>File</th>
		<th><span class="hidden">Actions</span></th></tr></thead>
		<tbody>${jobs.map((job) => html`<${Job} key=${job.id} job=${job} onCancel=${onCancel} />`)}</tbody></table>`;
}

function ExportCard({ session, onRedact }) {
	const url = `/api/recordings/${session.id}/exports`;
	const { data, reload } = usePoll(url, POLL_MS);
	const [asking, setAsking] = useState(false);
	const [error, setError] = useState('');
	if (!data?.possible)
		return null;
	const cancel = async (job) => {
		try {
			await postJson(`/api/exports/${job.id}/cancel`, {});
			setError('');
		} catch (failure) {
			setError(failure.message);
		}
		reload();
	};
	return html`<section class="card exports" aria-labelledby="exports-title">
		<h2 id="exports-title">Evidence</h2>
		<p class="actions left"><button onClick=${() => setAsking(true)}>
			<${Icon} name="seal" />Export as evidence</button>
			<button onClick=${onRedact}>Make a copy that hides something</button></p>
		${error && html`<p class="field-error" role="alert">${error}</p>`}
		${data.exports.length > 0 && html`<${JobTable} jobs=${data.exports} onCancel=${cancel} />`}
		${asking && html`<${ExportDialog} url=${url} timelines=${data.timelines} onClose=${() => {
			setAsking(false);
			reload();
		}} />`}
	</section>`;
}

/** A card under a recording, for those who may export. */
export function Exports({ session, onRedact }) {
	return may('export') && html`<${ExportCard} session=${session} onRedact=${onRedact} />`;
}
