// Line icons as SVG paths: decoration beside words, never instead of them.
import { html } from '../vendor/ui.js';

const paths = {
	live: 'M4 6h16v11H4zM9 21h6M12 9.5v4M10 11.5h4',
	history: 'M4 12a8 8 0 1 0 2.6-5.9M4 4v4h4M12 8v4l3 2',
	audit: 'M6 3h9l4 4v14H6zM9 11h7M9 15h7M9 7h3',
	leave: 'M14 4H5v16h9M10 12h10M17 8.5l3.5 3.5-3.5 3.5',
	warning: 'M12 4 2.8 19.5h18.4zM12 10v4.5M12 17.2v.2',
	stop: 'M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM9 9l6 6M15 9l-6 6',
	play: 'M8 5v14l11-7z',
	pause: 'M8 5v14M16 5v14',
	back: 'M19 12H5M11 6l-6 6 6 6',
	full: 'M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5',
	search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5 21 21',
	seal: 'M12 3l7 3v6c0 4.5-3 7.5-7 9-4-1.5-7-4.5-7-9V6zM9 12l2.2 2.2L15.5 10',
	screen: 'M3 5h18v12H3zM8 21h8',
};

export function Icon({ name }) {
	return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
		<path d=${paths[name]} /></svg>`;
}
