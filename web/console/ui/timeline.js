// The recorded timeline: JSON Lines with one event each, {"t_us": since the recording began, "type": ...}.
import { position } from './format.js';

/** What a type is called, and whether the seek bar marks it. */
const types = {
	open: ['Session opened', true],
	login: ['Logged in', true],
	dial: ['Connected to the target', true],
	size: ['Desktop size changed', true],
	supervisor: ['Supervisor', true],
	notice: ['Notice', true],
	clipboard: ['Clipboard', true],
	file: ['File', true],
	title: ['Window', true],
	gap: ['Gap in the recording', true],
	end: ['Session ended', true],
	key: ['Key', false],
	text: ['Typed', false],
	click: ['Mouse click', false],
	button: ['Mouse button', false],
};

const hiddenFields = new Set(['t_us', 'utc_us', 'type', 'origin', 'seq']);

const plain = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** One line as {seconds, at, title, detail, marked}; null when it is not an event we can place. */
function describe(line) {
	let event;
	try {
		event = JSON.parse(line);
	} catch {
		return null;
	}
	if (typeof event?.t_us !== 'number' || typeof event.type !== 'string')
		return null;
	const [title, marked] = types[event.type] ?? [event.type, true];
	const detail = Object.entries(event)
		.filter(([key, value]) => !hiddenFields.has(key) && value !== '' && value !== null)
		.map(([key, value]) => (key === 'text' ? plain(value) : `${key} ${plain(value)}`))
		.join(' · ');
	const seconds = event.t_us / 1e6;
	return { seconds, at: position(seconds), title, detail, marked };
}

/** All events of a timeline's text, in order; lines that cannot be read are counted, never hidden. */
export function readTimeline(text) {
	const lines = text.split('\n').filter((line) => line !== '');
	const events = lines.map(describe);
	const good = events.filter((event) => event !== null);
	return { events: good, unreadable: lines.length - good.length };
}
