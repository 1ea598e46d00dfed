// Who is connected right now.
import { html, useState } from '../vendor/ui.js';
import { may } from '../api.js';
import { Link } from '../router.js';
import { duration, goal, host, isoTime, protocols, when } from '../ui/format.js';
import { Icon } from '../ui/icons.js';
import { useNow, usePoll } from '../ui/poll.js';
import { Empty, Failed, Loading } from '../ui/states.js';
import { TerminateDialog } from '../ui/terminate.js';

function StateBadge({ state }) {
	return html`<span class=${`badge ${state}`}>
		<span class="dot" aria-hidden="true"></span>${state === 'opening' ? 'connecting' : state}</span>`;
}

function Row({ session, now, onTerminate }) {
	return html`<tr>
		<th scope="row"><${Link} to=${`/sessions/${session.id}`} class="row-link">${session.login}</${Link}></th>
		<td>${goal(session)}</td>
		<td><time datetime=${isoTime(session.opened_utc_us)}>${when(session.opened_utc_us)}</time>
			<span class="sub">${duration(now - session.opened_utc_us)}</span></td>
		<td>${host(session.viewer_address)}${session.viewer_name && html`<span class="sub">${session.viewer_name}</span>`}</td>
		<td class="nowrap">${protocols(session)}</td>
		<td><${StateBadge} state=${session.state} /></td>
		<td class="row-actions">
			<${Link} to=${`/sessions/${session.id}`} class="button" aria-label=${`Open the session of ${session.login}`}>
				<${Icon} name="screen" />${may('watch') ? 'Watch' : 'Open'}</${Link}>
			${may('terminate') && html`<button class="danger-quiet" aria-label=${`End the session of ${session.login}`}
				onClick=${() => onTerminate(session)}><${Icon} name="stop" />End</button>`}
		</td>
	</tr>`;
}

function Table({ sessions, onTerminate }) {
	const now = useNow();
	return html`<div class="table-frame"><table>
		<caption class="hidden">Running sessions, newest first</caption>
		<thead><tr><th scope="col">User</th><th scope="col">Target</th><th scope="col">Since</th>
			<th scope="col">From</th>
			<th scope="col">Path</th><th scope="col">State</th>
			<th scope="col"><span class="hidden">Actions</span></th></tr></thead>
		<tbody>${sessions.map((session) => html`<${Row} key=${session.id} session=${session} now=${now}
			onTerminate=${onTerminate} />`)}</tbody>
	</table></div>`;
}

export function SessionsPage() {
	const { data, error, reload } = usePoll('/api/sessions?state=running&limit=200', 2000);
	const [ending, setEnding] = useState(null);
	let content;
	if (!data)
		content = error ? html`<${Failed} error=${error} retry=${reload} />` : html`<${Loading} what="sessions" />`;
	else if (data.sessions.length === 0)
		content = html`<${Empty} icon="screen" title="Nobody is connected">New sessions appear here by themselves.</${Empty}>`;
	else
		content = html`<${Table} sessions=${data.sessions} onTerminate=${setEnding} />`;
	return html`<div class="page-head"><h1>Running sessions</h1>
			${data && html`<span class="count" role="status">${data.total}</span>`}
			${data && !error && html`<span class="fresh">
				<span class="dot" aria-hidden="true"></span>updates by itself</span>`}</div>
		${content}
		${ending && html`<${TerminateDialog} session=${ending} onClose=${() => {
			setEnding(null);
			reload();
		}} />`}`;
}
