// The audit trail: who decided what, newest first.
import { html } from '../vendor/ui.js';
import { Link, navigate, query } from '../router.js';
import { isoTime, when } from '../ui/format.js';
import { Icon } from '../ui/icons.js';
import { usePoll } from '../ui/poll.js';
import { Empty, Failed, Loading } from '../ui/states.js';

const LIMIT = 50;
const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function Filters({ params }) {
	const apply = (event) => {
		event.preventDefault();
		const next = new URLSearchParams();
		for (const [key, value] of new FormData(event.target))
			if (value.trim() !== '')
				next.set(key, value.trim());
		navigate(next.size > 0 ? `/audit?${next}` : '/audit');
	};
	const field = (key, label) => html`<div><label for=${`f-${key}`}>${label}</label>
		<input id=${`f-${key}`} name=${key} defaultValue=${params.get(key) ?? ''} /></div>`;
	return html`<form class="filters" role="search" aria-label="Filter the audit trail"
		onSubmit=${apply} key=${params.toString()}>
		${field('actor', 'Who')}${field('action', 'What')}${field('subject', 'To what')}
		<button type="submit" class="primary"><${Icon} name="search" />Find</button>
		${params.size > 0 && html`<${Link} to="/audit" class="button quiet">Clear</${Link}>`}
	</form>`;
}

function Subject({ text }) {
	return uuid.test(text) ? html`<${Link} to=${`/sessions/${text}`} class="mono">
		${text.slice(0, 8)} …</${Link}>` : text;
}

function Detail({ detail }) {
	const entries = Object.entries(detail);
	return entries.map(([key, value]) => html`<span class="pair" key=${key}>
		<span class="sub-inline">${key}</span> ${typeof value === 'string' ? value : JSON.stringify(value)}</span>`);
}

function List({ params, data }) {
	if (data.records.length === 0)
		return html`<${Empty} icon="audit" title="No record found">No record fits these filters.</${Empty}>`;
	const older = new URLSearchParams(params);
	older.set('before', data.records.at(-1).at_utc_us);
	const newest = new URLSearchParams(params);
	newest.delete('before');
	return html`<div class="table-frame"><table>
			<caption class="hidden">Audit records, newest first</caption>
			<thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">What</th>
				<th scope="col">To what</th><th scope="col">From</th><th scope="col">Detail</th>
				<th scope="col">By program</th></tr></thead>
			<tbody>${data.records.map((record) => html`<tr key=${record.number}>
				<td class="nowrap"><time datetime=${isoTime(record.at_utc_us)}>${when(record.at_utc_us)}</time></td>
				<th scope="row">${record.actor || '–'}</th>
				<td><span class=${`chip ${/refused|terminate|denied/.test(record.action) ? 'alert' : ''}`}>
					${record.action}</span></td>
				<td><${Subject} text=${record.subject} /></td><td>${record.address}</td>
				<td class="detail"><${Detail} detail=${record.detail} /></td>
				<td class="sub-inline">${record.program}</td>
			</tr>`)}</tbody>
		</table></div>
		<nav class="pager" aria-label="Pages of the list">
			<span>${data.records.length} of ${data.total}${params.get('before') ? ' older' : ''} records</span>
			<span class="grow"></span>
			${params.get('before') && html`<button onClick=${() => history.back()}>Back</button>
				<${Link} to=${`/audit?${newest}`} class="button">Newest</${Link}>`}
			${data.total > data.records.length && html`<${Link} to=${`/audit?${older}`} class="button">Older</${Link}>`}</nav>`;
}

export function AuditPage() {
	const params = new URLSearchParams(query.value);
	const api = new URLSearchParams(params);
	api.set('limit', String(LIMIT));
	const { data, error, reload } = usePoll(`/api/audit?${api}`, 0);
	let content = html`<${Loading} what="the audit trail" />`;
	if (data)
		content = html`<${List} params=${params} data=${data} />`;
	else if (error)
		content = html`<${Failed} error=${error} retry=${reload} />`;
	return html`<div class="page-head"><h1>Audit trail</h1></div><${Filters} params=${params} />${content}`;
}
