// What keeps a recording, and what ends it: retention class, legal hold, a request to delete that takes a second person.
import { html, useState } from '../vendor/ui.js';
import { may, me, postJson } from '../api.js';
import { when } from './format.js';
import { Icon } from './icons.js';
import { usePoll } from './poll.js';
import { ReasonDialog } from './reason.js';

function HoldDialog({ url, onClose }) {
	return html`<${ReasonDialog} title="Place a legal hold?" url=${`${url}/hold`}
		icon="seal" action="Hold" busyAction="Holding …" keep="Cancel"
		hint="kept with the hold" onClose=${onClose}>No limit and no request deletes this recording until the hold is released.</${ReasonDialog}>`;
}

function DeletionDialog({ url, onClose }) {
	return html`<${ReasonDialog} title="Ask for its deletion?" url=${`${url}/deletion`}
		icon="stop" action="Ask" busyAction="Asking …" keep="Cancel"
		hint="kept in the tombstone" onClose=${onClose}>The recording is deleted for good when another administrator approves.</${ReasonDialog}>`;
}

function ReleaseDialog({ url, onClose }) {
	return html`<${ReasonDialog} title="Release the hold?" url=${`${url}/release`}
		icon="seal" action="Release" busyAction="Releasing …" keep="Keep it"
		onClose=${onClose}>From then on the limits of its retention class and requests to delete count again.</${ReasonDialog}>`;
}

function ApproveDialog({ url, onClose }) {
	return html`<${ReasonDialog} title="Delete this recording?" url=${`${url}/deletion/approve`}
		icon="stop" action="Delete" busyAction="Approving …" keep="Keep it"
		onClose=${onClose}>You are the second person: the recording is deleted for good. Its signed chain and a tombstone with both your names stay.</${ReasonDialog}>`;
}

const dialogs = { hold: HoldDialog, deletion: DeletionDialog, release: ReleaseDialog, approve: ApproveDialog };

function Standing({ keeping }) {
	const { hold, order } = keeping;
	return html`<p>Retention class <strong>${keeping.class}</strong>.
		${hold && html` <strong class="badge hold">Legal hold</strong> since ${when(hold.utc_us)}, by ${hold.by}: ${hold.reason}.`}
		${order && !order.approved_by && html` Deletion was asked for ${when(order.utc_us)} by ${order.by}: ${order.reason}. It waits for a second person.`}
		${order?.approved_by && html` Deletion ordered by ${order.by}, approved by ${order.approved_by}: ${order.reason}.`}</p>`;
}

function Buttons({ keeping, act, ask }) {
	const { hold, order } = keeping;
	const waits = order && !order.approved_by;
	return html`<p class="actions left">
		${may('hold') && !hold && html`<button onClick=${() => ask('hold')}>
			<${Icon} name="seal" />Place a hold</button>`}
		${may('hold') && hold && html`<button onClick=${() => ask('release')}>Release the hold</button>`}
		${may('delete') && !hold && !order && html`<button onClick=${() => ask('deletion')}>Ask for deletion</button>`}
		${may('delete') && waits && order.by !== me.value.login && !hold && html`<button class="danger"
			onClick=${() => ask('approve')}>Approve deletion</button>`}
		${may('delete') && waits && html`<button onClick=${() => act('deletion/withdraw')}>Withdraw the request</button>`}
	</p>`;
}

/** A card under a recording. */
export function Keeping({ session }) {
	const url = `/api/recordings/${session.id}`;
	const { data: keeping, reload } = usePoll(`${url}/keeping`, 5000);
	const [asking, setAsking] = useState('');
	const [error, setError] = useState('');
	if (!keeping)
		return null;
	const act = async (what) => {
		try {
			await postJson(`${url}/${what}`, {});
			setError('');
		} catch (failure) {
			setError(failure.message);
		}
		reload();
	};
	const gone = ['deleted', 'deleting', 'missing'].includes(session.recording_state);
	return html`<section class="card keeping" aria-labelledby="keeping-title">
		<h2 id="keeping-title">Keeping</h2>
		<${Standing} keeping=${keeping} />
		${!gone && html`<${Buttons} keeping=${keeping} act=${act} ask=${setAsking} />`}
		<p class="field-error" role="alert">${error}</p>
		${asking && html`<${dialogs[asking]} url=${url} onClose=${() => {
			setAsking('');
			reload();
		}} />`}
	</section>`;
}
