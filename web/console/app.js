// The console's frame: who is logged in, which page the address names, and the bar above it.
import { html, render, useEffect, useRef } from './vendor/ui.js';
import { me, serviceState, loadMe, logout, may } from './api.js';
import { path, navigate, Link } from './router.js';
import { Icon } from './ui/icons.js';
import { Loading } from './ui/states.js';
import { LoginPage } from './pages/login.js';
import { SessionsPage } from './pages/sessions.js';
import { SessionPage } from './pages/session.js';
import { PastPage } from './pages/past.js';
import { PlayPage } from './pages/play.js';
import { AuditPage } from './pages/audit.js';

const pages = [
	{ pattern: /^\/(?:sessions)?$/, title: 'Running sessions', view: () => html`<${SessionsPage} />` },
	{ pattern: /^\/sessions\/([0-9a-f-]{36})$/, title: 'Session', view: (id) => html`<${SessionPage} key=${id} id=${id} />` },
	{ pattern: /^\/past$/, title: 'Past sessions', view: () => html`<${PastPage} />` },
	{ pattern: /^\/play\/([0-9a-f-]{36})$/, title: 'Playback', right: 'play',
		view: (id) => html`<${PlayPage} key=${id} id=${id} />` },
	{ pattern: /^\/audit$/, title: 'Audit trail', right: 'audit', view: () => html`<${AuditPage} />` },
];

function NavLink({ to, icon, children }) {
	const here = path.value === to || path.value.startsWith(`${to}/`) || (to === '/sessions' && path.value === '/');
	return html`<${Link} to=${to} class="nav-link" aria-current=${here ? 'page' : undefined}>
		<${Icon} name=${icon} />${children}</${Link}>`;
}

function TopBar() {
	return html`<header class="bar">
		<a class="skip" href="#main">Skip to content</a>
		<${Link} to="/sessions" class="brand">
			<img src="/console/icon.svg" alt="" width="28" height="28" />Vitrine</${Link}>
		<nav aria-label="Pages">
			<${NavLink} to="/sessions" icon="live">Running</${NavLink}>
			<${NavLink} to="/past" icon="history">Past</${NavLink}>
			${may('audit') && html`<${NavLink} to="/audit" icon="audit">Audit</${NavLink}>`}
		</nav>
		<div class="who">
			<span class="who-name">${me.value.login}</span><span class="chip">${me.value.role}</span>
			<button class="quiet" onClick=${logout}><${Icon} name="leave" />Log out</button>
		</div>
	</header>`;
}

function ServiceBanner() {
	const state = serviceState.value;
	return html`<div role="status" aria-live="polite">
		${state && html`<p class="banner"><${Icon} name="warning" />${state}</p>`}
	</div>`;
}

function Page() {
	const main = useRef(null);
	const current = path.value;
	const found = pages.map((page) => ({ page, match: page.pattern.exec(current) })).find(({ match }) => match);
	const title = found ? found.page.title : 'Not found';
	useEffect(() => {
		document.title = `${title} · Vitrine`;
		main.current?.focus({ preventScroll: true });
	}, [current]);
	let content = html`<h1>Nothing here</h1>
		<p>This address names no page. <${Link} to="/sessions">Running sessions</${Link}></p>`;
	if (found && found.page.right && !may(found.page.right))
		content = html`<h1>Not permitted</h1><p>Your role does not permit this page.</p>`;
	else if (found)
		content = found.page.view(...found.match.slice(1));
	return html`<main id="main" tabindex="-1" ref=${main}>${content}</main>`;
}

function App() {
	useEffect(() => {
		loadMe();
	}, []);
	if (me.value === undefined)
		return html`<main><${ServiceBanner} /><${Loading} what="the console" /></main>`;
	if (me.value === null || path.value === '/login') {
		if (me.value !== null)
			navigate('/sessions', true);
		return html`<${ServiceBanner} /><${LoginPage} />`;
	}
	return html`<${TopBar} /><${ServiceBanner} /><${Page} />`;
}

render(html`<${App} />`, document.getElementById('app'));
