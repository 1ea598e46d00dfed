// A recording: picture, seek bar with marks, and the timeline beside it.
import { html, useEffect, useMemo, useRef, useState } from '../vendor/ui.js';
import { Hls } from '../vendor/hls.js';
import { request } from '../api.js';
import { Link } from '../router.js';
import { bytes, clockTime, duration, goal, isoTime, position, when } from '../ui/format.js';
import { Exports } from '../ui/exports.js';
import { FragmentLoader } from '../ui/fragments.js';
import { Icon } from '../ui/icons.js';
import { Keeping } from '../ui/keeping.js';
import { usePoll } from '../ui/poll.js';
import { Redact, RegionLayer, nothingHidden } from '../ui/redact.js';
import { Failed, Loading } from '../ui/states.js';
import { readTimeline } from '../ui/timeline.js';

const STEP_S = 5;
const SHOWN_EVENTS = 1000;
const RATES = [0.5, 1, 2, 4, 8, 16];

/** Attaches hls.js to the video element; `fail` gets a sentence when it gives up. */
function usePlayer(video, id, fail) {
	const player = useRef(null);
	useEffect(() => {
		// The worker would be made from a blob, which the page's Trusted Types forbid; remuxing fMP4 is little work anyway.
		const hls = new Hls({ enableWorker: false, fLoader: FragmentLoader,
			startPosition: 0, maxBufferLength: 60, backBufferLength: 120 });
		player.current = hls;
		hls.on(Hls.Events.ERROR, (_, data) => {
			if (!data.fatal)
				return;
			if (data.type === Hls.ErrorTypes.MEDIA_ERROR)
				hls.recoverMediaError();
			else
				fail(data.response?.code === 404
					? 'Nothing of this session has been recorded yet.'
					: `The recording cannot be loaded (${data.details}).`);
		});
		hls.loadSource(`/api/recordings/${id}/playlist.m3u8`);
		hls.attachMedia(video.current);
		return () => hls.destroy();
	}, [id]);
	return player;
}

function useTimeline(id) {
	const [state, setState] = useState({ events: undefined, error: undefined });
	useEffect(() => {
		const abort = new AbortController();
		request(`/api/recordings/${id}/timeline`, { signal: abort.signal })
			.then((response) => response.text())
			.then((text) => setState({ ...readTimeline(text), error: undefined }))
			.catch((error) => abort.signal.aborted || setState({ events: undefined, error }));
		return () => abort.abort();
	}, [id]);
	return state;
}

/** {seconds, length, paused, rate, clock}, kept in step with the element. */
function usePlace(video, player) {
	const [place, setPlace] = useState({ seconds: 0, length: 0, paused: true, clock: null });
	useEffect(() => {
		const element = video.current;
		const look = () => setPlace({
			seconds: element.currentTime,
			length: Number.isFinite(element.duration)
				? element.duration
				: element.seekable.length > 0 ? element.seekable.end(0) : 0,
			paused: element.paused,
			clock: player.current?.playingDate ?? null,
		});
		const events = ['timeupdate', 'durationchange', 'play', 'pause', 'seeking', 'seeked', 'progress', 'ended'];
		events.forEach((name) => element.addEventListener(name, look));
		return () => events.forEach((name) => element.removeEventListener(name, look));
	}, []);
	return place;
}

function Marks({ events, length }) {
	const places = useMemo(() => {
		if (!(length > 0))
			return [];
		return [...new Set((events ?? []).filter((event) => event.marked)
			.map((event) => Math.round((event.seconds / length) * 500)))];
	}, [events, length]);
	return html`<svg class="marks" viewBox="0 0 500 10" preserveAspectRatio="none" aria-hidden="true">
		${places.map((x) => html`<line key=${x} x1=${x} x2=${x} y1="1" y2="9" />`)}</svg>`;
}

function Controls({ video, place, events, onFull }) {
	const toggle = () => (place.paused ? video.current.play() : video.current.pause());
	const rate = (event) => {
		video.current.playbackRate = Number(event.target.value);
	};
	return html`<div class="controls">
		<button class="primary play-button" onClick=${toggle} aria-label=${place.paused ? 'Play' : 'Pause'}>
			<${Icon} name=${place.paused ? 'play' : 'pause'} /></button>
		<span class="place"><strong>${position(place.seconds)}</strong> / ${position(place.length)}
			${place.clock && html`<span class="sub">${clockTime(place.clock.getTime() * 1000)}</span>`}</span>
		<div class="seek"><${Marks} events=${events} length=${place.length} />
			<input type="range" min="0" max=${place.length || 1} step="0.1" value=${place.seconds} aria-label="Place in the recording"
				aria-valuetext=${`${position(place.seconds)} of ${position(place.length)}`}
				onInput=${(event) => { video.current.currentTime = Number(event.target.value); }} /></div>
		<label class="hidden" for="rate">Speed</label>
		<select id="rate" onChange=${rate}>
			${RATES.map((value) => html`<option value=${value} selected=${value === 1}>${value}×</option>`)}</select>
		<button class="quiet" onClick=${onFull} aria-label="Full screen"><${Icon} name="full" /></button>
	</div>`;
}

function EventItem({ event, current, onJump }) {
	return html`<li><button class="event" aria-current=${current ? 'true' : undefined} onClick=${() => onJump(event.seconds)}>
		<span class="at">${event.at}</span>
		<span class="what">${event.title}${event.detail && html`<span class="sub">${event.detail}</span>`}</span></button></li>`;
}

function EventList({ timeline, seconds, onJump }) {
	const [filter, setFilter] = useState('');
	const [kind, setKind] = useState('');
	const list = useRef(null);
	const found = useMemo(() => {
		const needle = filter.trim().toLowerCase();
		return (timeline.events ?? []).filter((event) => (kind === '' || event.title === kind) &&
			(needle === '' || `${event.title} ${event.detail}`.toLowerCase().includes(needle)));
	}, [timeline.events, filter, kind]);
	const kinds = useMemo(() => [...new Set((timeline.events ?? []).map((event) => event.title))],
		[timeline.events]);
	// The list shows a window of events around the place being played, so that a day of keystrokes stays quick.
	const index = found.findLastIndex((event) => event.seconds <= seconds + 0.05);
	const first = Math.max(0, Math.min(index - SHOWN_EVENTS / 2, found.length - SHOWN_EVENTS));
	useEffect(() => {
		list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
	}, [index, filter, kind]);
	let content = html`<ol ref=${list}>${found.slice(first, first + SHOWN_EVENTS).map((event, i) =>
		html`<${EventItem} key=${first + i} event=${event} current=${first + i === index} onJump=${onJump} />`)}</ol>`;
	if (timeline.error)
		content = html`<${Failed} error=${timeline.error} />`;
	else if (!timeline.events)
		content = html`<${Loading} what="the timeline" />`;
	else if (found.length === 0)
		content = html`<p class="state">${filter || kind ? 'No event fits.' : 'No events.'}</p>`;
	return html`<section class="events" aria-labelledby="events-title">
		<header><h2 id="events-title">Timeline <span class="hint">
			${found.length} event${found.length === 1 ? '' : 's'}</span></h2>
			<div class="events-find">
				<label class="hidden" for="event-kind">Kind of event</label>
				<select id="event-kind" value=${kind} onChange=${(event) => setKind(event.target.value)}>
					<option value="">All kinds</option>
					${kinds.map((title) => html`<option key=${title} value=${title}>${title}</option>`)}</select>
				<label class="hidden" for="event-filter">Find in the timeline</label>
				<input id="event-filter" type="search" placeholder="Find …"
					value=${filter} onInput=${(event) => setFilter(event.target.value)} />
			</div>
			${timeline.unreadable > 0 && html`<p class="field-error" role="alert">
				${timeline.unreadable} lines cannot be read.</p>`}
		</header>
		<div class="events-scroll">${content}</div>
	</section>`;
}

function keyboard(video) {
	return (event) => {
		if (event.target.closest('input, select, textarea, button, a'))
			return;
		const element = video.current;
		if (event.key === ' ' || event.key === 'k')
			element.paused ? element.play() : element.pause();
		else if (event.key === 'ArrowLeft')
			element.currentTime -= STEP_S;
		else if (event.key === 'ArrowRight')
			element.currentTime += STEP_S;
		else
			return;
		event.preventDefault();
	};
}

function Player({ session, video, hidden, onHide }) {
	const screen = useRef(null);
	const [error, setError] = useState('');
	const player = usePlayer(video, session.id, setError);
	const timeline = useTimeline(session.id);
	const place = usePlace(video, player);
	useEffect(() => {
		const onKey = keyboard(video);
		document.addEventListener('keydown', onKey);
		return () => document.removeEventListener('keydown', onKey);
	}, []);
	const jump = (seconds) => {
		video.current.currentTime = seconds;
	};
	return html`<div class="player">
		<section class="screen" ref=${screen} aria-label="Recording">
			<div class="screen-view">${error && html`<${Failed} error=${{ message: error }} />`}
				<div class="picture"><video ref=${video} playsinline muted class=${error ? 'hidden' : ''}
					onClick=${() => (video.current.paused ? video.current.play() : video.current.pause())}></video>
					${hidden && html`<${RegionLayer} video=${video} hidden=${hidden} onHide=${onHide} />`}</div></div>
			<${Controls} video=${video} place=${place} events=${timeline.events} onFull=${() => screen.current.requestFullscreen()} />
		</section>
		<${EventList} timeline=${timeline} seconds=${place.seconds} onJump=${jump} />
	</div>`;
}

function Fact({ name, children }) {
	return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Facts({ session }) {
	const ended = session.state === 'ended';
	return html`<dl class="facts">
		<${Fact} name="User">${session.login}<span class="sub">${session.viewer_address}</span></${Fact}>
		<${Fact} name="Target">${goal(session)}</${Fact}>
		<${Fact} name="Started"><time datetime=${isoTime(session.opened_utc_us)}>
			${when(session.opened_utc_us)}</time></${Fact}>
		<${Fact} name="Lasted">${ended ? duration(session.ended_utc_us - session.opened_utc_us) : 'still running'}</${Fact}>
		<${Fact} name="Ended because">
			${ended ? session.end_text : '–'}${session.end_detail && html`<span class="sub">${session.end_detail}</span>`}</${Fact}>
		<${Fact} name="Recording"><span class=${`badge ${session.recording_state}`}>
			${session.recording_state === 'sealed' && html`<${Icon} name="seal" />`}${session.recording_state || 'none'}</span>
			<span class="sub">${bytes(session.recording_bytes)}</span></${Fact}>
	</dl>`;
}

const DELETED = 'This recording was deleted. Its signed chain and tombstone are kept; they prove who ordered it, who approved it and why.';
/** What stands in the player's place when there is nothing to play. */
const GONE = {
	deleted: DELETED,
	deleting: DELETED,
	missing: 'This recording is missing: the store does not hold it, and nothing says that it was deleted. Check that the store is mounted, then vitrine log verify.',
};

export function PlayPage({ id }) {
	const { data: session, error, reload } = usePoll(`/api/sessions/${id}`, 5000);
	const video = useRef(null);
	const [hidden, setHidden] = useState(null); // what a copy is to hide; null: none is asked for
	if (!session)
		return error ? html`<${Failed} error=${error} retry=${reload} />` : html`<${Loading} what="the recording" />`;
	return html`<div class="page-head">
			<${Link} to="/past" class="button quiet" aria-label="Back to past sessions">
				<${Icon} name="back" /></${Link}>
			<h1>${session.login} <span class="arrow">→</span> ${goal(session)}</h1>
			<span class="grow"></span>
			${session.state !== 'ended' && html`<${Link} to=${`/sessions/${session.id}`} class="button">
				<${Icon} name="live" />Live</${Link}>`}
		</div>
		${GONE[session.recording_state] ? html`<p class="card ended-note">${GONE[session.recording_state]}</p>`
			: html`<${Player} session=${session} video=${video} hidden=${hidden} onHide=${setHidden} />`}
		${hidden && html`<${Redact} session=${session} video=${video} hidden=${hidden}
			onHide=${setHidden} onClose=${() => setHidden(null)} />`}
		<${Facts} session=${session} />
		${!GONE[session.recording_state] && html`<${Exports} session=${session}
			onRedact=${() => setHidden(hidden ?? nothingHidden)} />`}
		<${Keeping} session=${session} />`;
}
