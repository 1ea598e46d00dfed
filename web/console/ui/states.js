// What a page shows when it has nothing to show.
import { html } from '../vendor/ui.js';
import { Icon } from './icons.js';

export const Loading = ({ what }) => html`<p class="state" role="status">
	<span class="spinner" aria-hidden="true"></span>Loading ${what} …</p>`;

export const Empty = ({ icon, title, children }) => html`<div class="state empty">
	<${Icon} name=${icon} /><h2>${title}</h2><p>${children}</p></div>`;

export const Failed = ({ error, retry }) => html`<div class="state failed" role="alert">
	<${Icon} name="warning" /><p>${error.message}</p>
	${retry && html`<button onClick=${retry}>Try again</button>`}</div>`;
