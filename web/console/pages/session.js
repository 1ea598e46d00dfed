// One session: the live picture, who it is, and the way to end it.
import { html, useEffect, useRef, useState } from '../vendor/ui.js';
import { may } from '../api.js';
import { Link } from '../router.js';
import { LivePicture } from '../live/picture.js';
import { bytes, duration, goal, isoTime, protocols, when } from '../ui/format.js';
import { Icon } from '../ui/icons.js';
import { useNow, usePoll } from '../ui/poll.js';
import { Failed, Loading } from '../ui/states.js';
import { TerminateDialog } from '../ui/terminate.js';

function Fact({ name, children }) {
	return html`<div><dt>${name}</dt><dd>${children}</dd></div>`;
}

function Facts({ session }) {
	const now = useNow();
	const until = session.ended_utc_us ?? now;
	return html`<dl class="facts">
		<${Fact} name="User">${session.login}</${Fact}>
		<${Fact} name="Target">${goal(session)}</${Fact}>
		<${Fact} name="From">${session.viewer_address}
			${session.viewer_name && html`<span class="sub">${session.viewer_name}</span>`}</${Fact}>
		<${Fact} name=${session.ended_utc_us ? 'Started' : 'Since'}>
			<time datetime=${isoTime(session.opened_utc_us)}>${when(session.opened_utc_us)}</time>
			<span class="sub">${duration(until - session.opened_utc_us)}</span></${Fact}>
		<${Fact} name="Path">${protocols(session)}<span class="sub">
			${session.door === 'nla-ticket' ? 'one-time password' : 'password'}</span></${Fact}>
		<${Fact} name="Node">${session.node}</${Fact}>
		<${Fact} name="Recording">
			${session.recording_state || (session.ended_utc_us ? 'none' : 'none yet')}
			${session.recording_bytes > 0 && html`<span class="sub">${bytes(session.recording_bytes)}</span>`}</${Fact}>
	</dl>`;
}

const words = {
	connecting: 'Connecting …',
	live: 'Live',
	away: 'The recorder does not answer; trying again',
	lost: 'Connection lost; trying again',
	ended: 'The session has ended',
	unsupported: 'This browser cannot decode H.264 pictures (WebCodecs). Please use a current Chromium, Edge, Safari or Firefox.',
	refused: 'The live picture was refused',
};

/** The canvas and its state; the decoder lives outside of Preact. */
function Live({ session, onEnd }) {
	const frame = useRef(null);
	const canvas = useRef(null);
	const [state, setState] = useState({ name: 'connecting', text: '' });
	useEffect(() => {
		const picture = new LivePicture(canvas.current, session.id, (name, text = '') => {
			setState((old) => (old.name === name && old.text === text ? old : { name, text }));
			if (name === 'ended')
				onEnd();
		});
		picture.start();
		return () => picture.stop();
	}, [session.id]);
	return html`<section class="screen" ref=${frame} aria-label=${`Live picture of the session of ${session.login}`}>
		<div class="screen-bar">
			<span class=${`badge ${state.name}`} role="status">
				<span class="dot" aria-hidden="true"></span>
				${words[state.name]}${state.text && `: ${state.text}`}</span>
			<button class="quiet" onClick=${() => frame.current.requestFullscreen()}>
				<${Icon} name="full" />Full screen</button>
		</div>
		<div class="screen-view">
			<canvas ref=${canvas} width="16" height="9" role="img"
				aria-label="Live picture" data-state=${state.name}></canvas></div>
	</section>`;
}

function Ended({ session }) {
	return html`<div class="card ended-note" role="status">
		<h2>This session has ended</h2>
		<p>${session.end_text} <span class="sub">
			${when(session.ended_utc_us)}, after ${duration(session.ended_utc_us - session.opened_utc_us)}</span></p>
		${session.end_detail && html`<p class="detail">${session.end_detail}</p>`}
		<p class="actions left">
			${may('play') && session.recording_state && html`<${Link} to=${`/play/${session.id}`} class="button primary">
				<${Icon} name="play" />Play the recording</${Link}>`}
			<${Link} to="/past" class="button">Past sessions</${Link}>
		</p>
	</div>`;
}

function Body({ session, reload }) {
	if (session.state === 'ended')
		return html`<${Ended} session=${session} />`;
	if (may('watch'))
		return html`<${Live} session=${session} onEnd=${reload} />`;
	return html`<p class="card">Your role does not see live pictures. The recording can be played as far as it is written.</p>`;
}

export function SessionPage({ id }) {
	const { data: session, error, reload } = usePoll(`/api/sessions/${id}`, 2000);
	const [ending, setEnding] = useState(false);
	const [ordered, setOrdered] = useState(false);
	if (!session)
		return error ? html`<${Failed} error=${error} retry=${reload} />` : html`<${Loading} what="the session" />`;
	const running = session.state !== 'ended';
	return html`<div class="page-head">
			<${Link} to=${running ? '/sessions' : '/past'} class="button quiet"
				aria-label=${running ? 'Back to running sessions' : 'Back to past sessions'}><${Icon} name="back" /></${Link}>
			<h1>${session.login} <span class="arrow">→</span> ${goal(session)}</h1>
			<span class="grow"></span>
			${running && may('play') && session.recording_state && html`<${Link} to=${`/play/${session.id}`} class="button">
				<${Icon} name="play" />Play from the start</${Link}>`}
			${running && may('terminate') && html`<button class="danger" disabled=${ordered} onClick=${() => setEnding(true)}>
				<${Icon} name="stop" />${ordered ? 'Ending …' : 'End session'}</button>`}
		</div>
		<${Body} session=${session} reload=${reload} />
		<${Facts} session=${session} />
		${ending && running && html`<${TerminateDialog} session=${session} onClose=${(done) => {
			setEnding(false);
			setOrdered(done);
			reload();
		}} />`}`;
}
