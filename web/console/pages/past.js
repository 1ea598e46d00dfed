// Sessions that are over, with filters that stand in the address and so can be kept and passed on.
import { html } from '../vendor/ui.js';
import { may } from '../api.js';
import { Link, navigate, query } from '../router.js';
import { bytes, clockTime, dayOf, duration, goal, host, isoTime } from '../ui/format.js';
import { Icon } from '../ui/icons.js';
import { usePoll } from '../ui/poll.js';
import { Empty, Failed, Loading } from '../ui/states.js';

const LIMIT = 25;

/** Midnight at the start (or, with `days` 1, at the end) of a date field's day, in microseconds UTC. */
function dayStart(text, days) {
	const [year, month, day] = text.split('-').map(Number);
	return new Date(year, month - 1, day + days).getTime() * 1000;
}

/** The API's address for what the page's address asks. */
function apiUrl(params) {
	const api = new URLSearchParams({ state: 'past', limit: String(LIMIT) });
	for (const key of ['user', 'target', 'text'])
		if (params.get(key))
			api.set(key, params.get(key));
	if (params.get('from'))
		api.set('after', String(dayStart(params.get('from'), 0)));
	if (params.get('before'))
		api.set('before', params.get('before'));
	else if (params.get('to'))
		api.set('before', String(dayStart(params.get('to'), 1)));
	return `/api/sessions?${api}`;
}

function Filters({ params }) {
	const apply = (event) => {
		event.preventDefault();
		const next = new URLSearchParams();
		for (const [key, value] of new FormData(event.target))
			if (value.trim() !== '')
				next.set(key, value.trim());
		navigate(next.size > 0 ? `/past?${next}` : '/past');
	};
	const field = (key, label, type = 'text') => html`<div><label for=${`f-${key}`}>${label}</label>
		<input id=${`f-${key}`} name=${key} type=${type} defaultValue=${params.get(key) ?? ''} /></div>`;
	return html`<form class="filters" role="search" aria-label="Filter past sessions"
		onSubmit=${apply} key=${params.toString()}>
		${field('user', 'User')}${field('target', 'Target')}${field('text', 'Anywhere', 'search')}
		${field('from', 'From', 'date')}${field('to', 'To', 'date')}
		<button type="submit" class="primary"><${Icon} name="search" />Find</button>
		${params.size > 0 && html`<${Link} to="/past" class="button quiet">Clear</${Link}>`}
	</form>`;
}

function Recording({ session }) {
	if (!session.recording_state)
		return html`<span class="sub">none</span>`;
	return html`<span class=${`badge ${session.recording_state}`}>
		${session.recording_state === 'sealed' && html`<${Icon} name="seal" />`}${session.recording_state}</span>
		${session.recording_check === 'failed' &&
			html`<span class="badge failed"
				title="Played again after it was sealed, this recording is not what its chain says.">check failed</span>`}
		<span class="sub">${bytes(session.recording_bytes)}</span>`;
}

function Row({ session }) {
	return html`<tr>
		<th scope="row"><${Link} to=${`/sessions/${session.id}`} class="row-link">${session.login}</${Link}></th>
		<td>${goal(session)}</td>
		<td class="nowrap"><time datetime=${isoTime(session.opened_utc_us)}>
			${dayOf(session.opened_utc_us)}<span class="sub">${clockTime(session.opened_utc_us)}</span></time></td>
		<td class="nowrap">${duration((session.ended_utc_us ?? session.opened_utc_us) - session.opened_utc_us)}</td>
		<td class="nowrap">${host(session.viewer_address)}</td>
		<td>${session.end_text}</td>
		<td><${Recording} session=${session} /></td>
		<td class="row-actions">${may('play') && session.recording_state &&
			html`<${Link} to=${`/play/${session.id}`} class="button"
				aria-label=${`Play the session of ${session.login}`}><${Icon} name="play" />Play</${Link}>`}</td>
	</tr>`;
}

function Pager({ params, data }) {
	const last = data.sessions.at(-1);
	const go = (before) => {
		const next = new URLSearchParams(params);
		if (before)
			next.set('before', before);
		else
			next.delete('before');
		return next.size > 0 ? `/past?${next}` : '/past';
	};
	return html`<nav class="pager" aria-label="Pages of the list">
		<span>${data.sessions.length} of ${data.total}${params.get('before') ? ' older' : ''} session${data.total === 1 ? '' : 's'}</span>
		<span class="grow"></span>
		${params.get('before') && html`<button onClick=${() => history.back()}>Back</button>
			<${Link} to=${go(null)} class="button">Newest</${Link}>`}
		${data.total > data.sessions.length && html`<${Link} to=${go(last.opened_utc_us)} class="button">Older</${Link}>`}
	</nav>`;
}

function List({ params, data }) {
	if (data.sessions.length === 0)
		return html`<${Empty} icon="history" title="No session found">
			${params.size > 0 ? 'No past session fits these filters.' : 'Sessions appear here when they have ended.'}</${Empty}>`;
	return html`<div class="table-frame"><table>
			<caption class="hidden">Past sessions, newest first</caption>
			<thead><tr><th scope="col">User</th><th scope="col">Target</th><th scope="col">Started</th>
				<th scope="col">Lasted</th><th scope="col">From</th>
				<th scope="col">Ended because</th><th scope="col">Recording</th>
				<th scope="col"><span class="hidden">Actions</span></th></tr></thead>
			<tbody>${data.sessions.map((session) => html`<${Row} key=${session.id} session=${session} />`)}</tbody>
		</table></div>
		<${Pager} params=${params} data=${data} />`;
}

export function PastPage() {
	const params = new URLSearchParams(query.value);
	const { data, error, reload } = usePoll(apiUrl(params), 0);
	let content = html`<${Loading} what="past sessions" />`;
	if (data)
		content = html`<${List} params=${params} data=${data} />`;
	else if (error)
		content = html`<${Failed} error=${error} retry=${reload} />`;
	return html`<div class="page-head"><h1>Past sessions</h1></div><${Filters} params=${params} />${content}`;
}
