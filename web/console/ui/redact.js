// A copy of a recording that hides something: regions drawn on the picture or typed, spans that begin where it plays.
import { html, useEffect, useRef, useState } from '../vendor/ui.js';
import { postJson } from '../api.js';
import { parsePlace } from './exports.js';
import { Icon } from './icons.js';

const REASON_MAX = 500;
const DRAWN_MIN_PX = 8; // smaller is a click
const QUALITIES = [[22, 'Evidence'], [24, 'Standard'], [28, 'Economy']];
const SIDES = [['x', 'Left'], ['y', 'Top'], ['width', 'Width'], ['height', 'Height']];

/** Nothing hidden yet. A region is {x, y, width, height, from, to}, a span {from, to}; from and to are what is typed. */
export const nothingHidden = { regions: [], spans: [] };

/** "0:01:02.500", which parsePlace reads back. */
function placeOf(seconds) {
	const ms = Math.round(seconds * 1000);
	const two = (n) => String(Math.floor(n)).padStart(2, '0');
	return `${Math.floor(ms / 3600000)}:${two((ms / 60000) % 60)}:${two((ms / 1000) % 60)}.${String(ms % 1000).padStart(3, '0')}`;
}

function readSpan({ from, to }) {
	const [fromUs, toUs] = [parsePlace(from), parsePlace(to)];
	if (Number.isNaN(fromUs) || Number.isNaN(toUs))
		throw new Error('Please write places as seconds or H:MM:SS.');
	if (toUs !== null && toUs <= (fromUs ?? 0))
		throw new Error('The end must lie behind the beginning.');
	return toUs === null ? { start_us: fromUs ?? 0 } : { start_us: fromUs ?? 0, end_us: toUs };
}

function readRegion(region) {
	const found = Object.fromEntries(SIDES.map(([side]) => [side, Number(region[side])]));
	if (!Object.values(found).every(Number.isInteger) || found.x < 0 || found.y < 0 || found.width < 1 || found.height < 1)
		throw new Error('A region needs a place and a size in whole pixels.');
	return found;
}

function readWish({ regions, spans }, qp, reason) {
	if (reason.trim() === '')
		throw new Error('Please say what for.');
	return { reason: reason.trim(), operations: [
		...regions.map((region) => ({ operation: 'cover', ...readRegion(region), ...readSpan(region) })),
		...spans.map((span) => ({ operation: 'mask', ...readSpan(span) })),
		{ operation: 'transcode', qp },
	] };
}

/** The picture's size in its own pixels; it changes with a resize of the session. */
function useSize(video) {
	const [size, setSize] = useState({ width: 0, height: 0 });
	useEffect(() => {
		const element = video.current;
		const look = () => setSize({ width: element.videoWidth, height: element.videoHeight });
		look();
		element.addEventListener('resize', look);
		element.addEventListener('loadedmetadata', look);
		return () => {
			element.removeEventListener('resize', look);
			element.removeEventListener('loadedmetadata', look);
		};
	}, []);
	return size;
}

/** Where the pointer is in the picture's pixels, whatever the size on the screen. */
function pixelAt(svg, event, size) {
	const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
	const within = (value, most) => Math.min(Math.max(Math.round(value), 0), most);
	return { x: within(at.x, size.width), y: within(at.y, size.height) };
}

const between = (a, b) => ({ x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.abs(a.x - b.x), height: Math.abs(a.y - b.y) });

/** Lies over the picture: shows the regions, and a new one is drawn with the pointer. */
export function RegionLayer({ video, hidden, onHide }) {
	const size = useSize(video);
	const [drag, setDrag] = useState(null);
	const drawn = drag && between(drag.from, drag.to);
	const begin = (event) => {
		const at = pixelAt(event.currentTarget, event, size);
		event.currentTarget.setPointerCapture(event.pointerId);
		setDrag({ from: at, to: at });
	};
	const end = () => {
		if (drawn && drawn.width >= DRAWN_MIN_PX && drawn.height >= DRAWN_MIN_PX)
			onHide({ ...hidden, regions: [...hidden.regions, { ...drawn, from: '', to: '' }] });
		setDrag(null);
	};
	return size.width > 0 && html`<svg class="regions" viewBox=${`0 0 ${size.width} ${size.height}`} aria-hidden="true"
		onPointerDown=${begin}
		onPointerMove=${(event) => drag && setDrag({ ...drag, to: pixelAt(event.currentTarget, event, size) })}
		onPointerUp=${end} onPointerCancel=${() => setDrag(null)}>
		${[...hidden.regions, ...(drawn ? [drawn] : [])]
			.map((r, i) => html`<rect key=${i} x=${r.x} y=${r.y} width=${r.width} height=${r.height} />`)}</svg>`;
}

function SpanFields({ name, span, onChange }) {
	return ['from', 'to'].map((end) => html`<label>${end === 'from' ? 'From' : 'To'}
		<input aria-label=${`${name}, ${end}`} inputmode="numeric"
		placeholder=${end === 'from' ? 'the beginning' : 'the end'}
			value=${span[end]}
				onInput=${(event) => onChange({ ...span, [end]: event.target.value })} /></label>`);
}

function Rows({ list, name, onChange, children }) {
	const replace = (i) => (item) => onChange(list.map((old, k) => (k === i ? item : old)));
	return html`<ol class="hidden-things">${list.map((item, i) => html`<li key=${i}><strong>${name} ${i + 1}</strong>
		${children(item, replace(i), `${name} ${i + 1}`)}
		<button type="button" class="quiet" onClick=${() => onChange(list.filter((_, k) => k !== i))}
			aria-label=${`Remove ${name.toLowerCase()} ${i + 1}`}>Remove</button></li>`)}</ol>`;
}

function RegionFields({ region, name, onChange }) {
	return html`${SIDES.map(([side, words]) => html`<label>${words}
		<input class="number" type="number" min="0" aria-label=${`${name}, ${words.toLowerCase()}`} value=${region[side]}
		onInput=${(event) => onChange({ ...region, [side]: event.target.value })} /></label>`)}
			<${SpanFields} name=${name} span=${region} onChange=${onChange} />`;
}

/** The card that says what the copy hides and asks for it. */
export function Redact({ session, video, hidden, onHide, onClose }) {
	const heading = useRef(null);
	const [reason, setReason] = useState('');
	const [qp, setQp] = useState(24);
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	useEffect(() => heading.current.focus(), []);
	const setRegions = (regions) => onHide({ ...hidden, regions });
	const setSpans = (spans) => onHide({ ...hidden, spans });
	const submit = async (event) => {
		event.preventDefault();
		try {
			const body = readWish(hidden, qp, reason);
			setBusy(true);
			await postJson(`/api/recordings/${session.id}/exports`, body);
			onClose();
		} catch (failure) {
			setError(failure.message);
			setBusy(false);
		}
	};
	return html`<section class="card redact" aria-labelledby="redact-title"><form onSubmit=${submit} novalidate>
		<h2 id="redact-title" tabindex="-1" ref=${heading}>A copy that hides something</h2>
		<p>Draw regions on the picture. They are filled with grey; masked spans show a card. Keys, clipboard and other events are never in a copy. The copy is signed as derived, names each
			operation and its source, and every verifier says so first. Look at it before you give it away: what moves out of a region is seen.</p>
		<${Rows} list=${hidden.regions} name="Region" onChange=${setRegions}>
			${(region, change, name) => html`<${RegionFields} region=${region} name=${name} onChange=${change} />`}</${Rows}>
		<${Rows} list=${hidden.spans} name="Masked span" onChange=${setSpans}>
			${(span, change, name) => html`<${SpanFields} name=${name} span=${span} onChange=${change} />`}</${Rows}>
		<p class="actions left">
			<button type="button"
				onClick=${() => setRegions([...hidden.regions, { x: 0, y: 0, width: 320, height: 64, from: '', to: '' }])}>Add a region</button>
			<button type="button"
				onClick=${() => setSpans([...hidden.spans, { from: placeOf(video.current.currentTime), to: '' }])}>Mask from here</button>
		</p>
		<label for="redact-quality">Quality of the new pictures</label>
		<select id="redact-quality" onChange=${(event) => setQp(Number(event.target.value))}>
			${QUALITIES.map(([value, words]) => html`<option value=${value} selected=${value === qp}>
			${words}</option>`)}</select>
		<label for="redact-reason">Purpose <span class="hint">stands in the file and in the audit trail</span></label>
		<textarea id="redact-reason" rows="2" maxlength=${REASON_MAX} required value=${reason}
			onInput=${(event) => setReason(event.target.value)}></textarea>
		<p class="field-error" role="alert">${error}</p>
		<div class="actions"><button type="button" class="quiet" onClick=${onClose}>Cancel</button>
			<button type="submit" class="primary" disabled=${busy}>
				<${Icon} name="seal" />${busy ? 'Asking …' : 'Make the copy'}</button></div>
	</form></section>`;
}
