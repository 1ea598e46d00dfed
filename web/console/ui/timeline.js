// The recorded timeline: JSON Lines with one event each, {"t_us": since the recording began, "origin": who says so, "type": ...}.
// Keys come one by one, press and release; people read words, so presses close to each other become one entry.
import { position } from './format.js';

const TYPING_PAUSE_S = 3;
const TYPING_MAX = 200;

/** What a type is called, whether the seek bar marks it, and which members are worth showing. */
const types = {
	opened: ['Session opened', true, ['user', 'viewer_address', 'target', 'account']],
	login: ['Logged in', true, ['user', 'door']],
	keyboard: ['Keyboard of the viewer', false, ['layout']],
	dial: ['Connected to the target', true, ['target', 'account']],
	canvas: ['Recording of the desktop began', false, ['width', 'height']],
	size: ['Desktop size', true, ['width', 'height']],
	supervisor: ['A supervisor acted', true, ['action', 'by', 'reason']],
	watch: ['Watched live', true, ['by', 'address']],
	notice: ['Notice', true, null],
	clipboard: ['Clipboard', true, ['direction', 'bytes']],
	file: ['File', true, null],
	title: ['Title', true, ['text', 'skipped']],
	gap: ['Gap in the recording', true, null],
	'events-dropped': ['Events are missing here', true, null],
	end: ['Session ended', true, ['reason']],
	'untold-change': ['The picture changed without a word of the session', true, ['tiles']],
};
/** What a line of any type may have beside: told late, and perhaps twice. */
const late = ['happened_utc', 'repeated'];

/** What only gateway, recorder and console know: a session process that was taken over could say the same about itself, and would not be believed. */
const told = new Set(['opened', 'login', 'dial', 'supervisor', 'watch', 'canvas', 'gap', 'end', 'clock-step', 'economy', 'events-dropped', 'refused-event', 'untold-change']);

const machinery = new Set(['t_us', 'origin', 'type']);
const bare = new Set(['text', 'reason', 'action', 'direction']);

const plain = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** Shift, Ctrl, Alt, Win and the locks: alone they say nothing, what they do shows in the keys pressed with them. Sorted by the kind of code that a viewer sends. */
const modifiers = {
	scancode: (code) => [29, 42, 54, 56, 58, 69, 91, 92].includes(code),
	keysym: (code) => (code >= 0xffe1 && code <= 0xffee) || [0xfe03, 0xff7e, 0xff7f].includes(code),
};

/** A pressed key as text: characters as they are, others in brackets, modifiers not at all. */
function keyText(event) {
	if (event.masked)
		return '•';
	if (typeof event.text !== 'string')
		return modifiers[event.kind]?.(event.code) ? '' : `[${event.kind ?? 'key'} ${event.code ?? '?'}]`;
	if (event.text === 'Space')
		return ' ';
	return [...event.text].length === 1 ? event.text : `[${event.text}]`;
}

function detailOf(event, members) {
	if (typeof event.width === 'number' && typeof event.height === 'number')
		return `${event.width} × ${event.height}`;
	return Object.keys(event)
		.filter((key) => (members ? members.includes(key) || late.includes(key) : !machinery.has(key)) && event[key] !== '' && event[key] !== null)
		.map((key) => (bare.has(key) ? plain(event[key]) : `${key.replaceAll('_', ' ')} ${plain(event[key])}`))
		.join(' · ');
}

const entry = (seconds, title, detail, marked) => ({ seconds, at: position(seconds), title, detail, marked });

/** What the target gave a name to. */
const titles = { desktop: 'Name of the desktop', logon: 'Logged on at the target' };

/** What a type is called in a case of its own. */
function special(event) {
	if (event.type === 'watch' && event.action === 'end')
		return 'No longer watched live';
	return event.type === 'title' ? titles[event.of] : undefined;
}

/** An event as an entry; null for one half of a press and release that says nothing new. */
function describe(event) {
	const seconds = event.t_us / 1e6;
	if (event.type === 'key') {
		const text = event.down ? keyText(event) : '';
		return text ? { ...entry(seconds, 'Typed', text, false), last: seconds } : null;
	}
	if (event.type === 'click')
		return event.down ? entry(seconds, `Click, ${event.button} button`, `at ${event.x}, ${event.y}`, false) : null;
	if (event.origin === 'session' && told.has(event.type))
		return entry(seconds, 'Only the session process says', `${event.type}: ${detailOf(event, null)}`, true);
	if (event.type === 'notice' && event.text === '')
		return null; // the one before it is taken away
	const [title, marked, members] = types[event.type] ?? [event.type, true, null];
	return entry(seconds, special(event) ?? title, detailOf(event, members), marked);
}

const continues = (before, next) => before?.last !== undefined && next.last !== undefined &&
	next.seconds - before.last < TYPING_PAUSE_S && before.detail.length < TYPING_MAX;

function parse(line) {
	try {
		const event = JSON.parse(line);
		return typeof event?.t_us === 'number' && typeof event.type === 'string' ? event : null;
	} catch {
		return null;
	}
}

/** All entries of a timeline's text, in order; lines that cannot be read are counted, never hidden. */
export function readTimeline(text) {
	const events = [];
	let unreadable = 0;
	for (const line of text.split('\n')) {
		if (line === '')
			continue;
		const event = parse(line);
		if (!event) {
			unreadable++;
			continue;
		}
		const next = describe(event);
		const before = events.at(-1);
		if (next && continues(before, next)) {
			before.detail += next.detail;
			before.last = next.last;
		} else if (next) {
			events.push(next);
		}
	}
	return { events, unreadable };
}
