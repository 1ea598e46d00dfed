// The dialog that ends a session. It asks why: the person at the session reads it, and it is kept.
import { html, useEffect, useRef, useState } from '../vendor/ui.js';
import { postJson } from '../api.js';
import { goal } from './format.js';
import { Icon } from './icons.js';

const REASON_MAX = 500;

export function TerminateDialog({ session, onClose }) {
	const dialog = useRef(null);
	const [reason, setReason] = useState('');
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	useEffect(() => {
		dialog.current.showModal();
	}, []);
	const submit = async (event) => {
		event.preventDefault();
		if (reason.trim() === '') {
			setError('Please say why.');
			return;
		}
		setBusy(true);
		try {
			await postJson(`/api/sessions/${session.id}/terminate`, { reason: reason.trim() });
			onClose(true);
		} catch (failure) {
			setError(failure.message);
			setBusy(false);
		}
	};
	return html`<dialog ref=${dialog} aria-labelledby="terminate-title" onClose=${() => onClose(false)}>
		<form onSubmit=${submit}>
			<h2 id="terminate-title">End this session?</h2>
			<p><strong>${session.login}</strong> is connected as <strong>${goal(session)}</strong>. The connection is cut at once; the recording is closed and kept.</p>
			<label for="reason">Reason <span class="hint">shown to ${session.login} and kept in the audit trail</span></label>
			<textarea id="reason" rows="3" maxlength=${REASON_MAX} required autofocus value=${reason}
				onInput=${(event) => setReason(event.target.value)}></textarea>
			<p class="field-error" role="alert">${error}</p>
			<div class="actions">
				<button type="button" class="quiet" onClick=${() => dialog.current.close()}>Let it run</button>
				<button type="submit" class="danger" disabled=${busy}><${Icon} name="stop" />${busy ? 'Ending …' : 'End session'}</button>
			</div>
		</form>
	</dialog>`;
}
