// The dialog that ends a session.
import { html } from '../vendor/ui.js';
import { goal } from './format.js';
import { ReasonDialog } from './reason.js';

export function TerminateDialog({ session, onClose }) {
	return html`<${ReasonDialog} title="End this session?" url=${`/api/sessions/${session.id}/terminate`}
		icon="stop" action="End session" busyAction="Ending …"
		keep="Let it run" hint=${`shown to ${session.login} and kept in the audit trail`} onClose=${onClose}>
		<strong>${session.login}</strong> is connected as <strong>
			${goal(session)}</strong>. The connection is cut at once; the recording is closed and kept.
	</${ReasonDialog}>`;
}
