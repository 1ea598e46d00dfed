// Addresses are real paths; the service answers each of them with index.html.
import { html, signal } from './vendor/ui.js';

export const path = signal(location.pathname);
/** The query part of the address, without the question mark. */
export const query = signal(location.search.slice(1));

function look() {
	path.value = location.pathname;
	query.value = location.search.slice(1);
}
addEventListener('popstate', look);

export function navigate(to, replace = false) {
	if (replace)
		history.replaceState(null, '', to);
	else
		history.pushState(null, '', to);
	look();
}

/** A link inside the console: opens without loading the page anew, unless the user wants a new tab. */
export function Link({ to, children, ...rest }) {
	const follow = (event) => {
		if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey)
			return;
		event.preventDefault();
		navigate(to);
		scrollTo(0, 0);
	};
	return html`<a href=${to} onClick=${follow} ...${rest}>${children}</a>`;
}
