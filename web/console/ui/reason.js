// A dialog before something that cannot be taken back; where a reason is kept, it asks for it.
import { html, useEffect, useRef, useState } from '../vendor/ui.js';
import { postJson } from '../api.js';
import { Icon } from './icons.js';

const REASON_MAX = 500;

/** `children` say what will happen; `hint` says what becomes of the reason, without it none is asked for; `onClose` gets true when it was done. */
export function ReasonDialog({ title, children, hint, url, action, busyAction, keep, icon, onClose }) {
	const dialog = useRef(null);
	const [reason, setReason] = useState('');
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	useEffect(() => {
		dialog.current.showModal();
	}, []);
	const submit = async (event) => {
		event.preventDefault();
		if (hint && reason.trim() === '') {
			setError('Please say why.');
			return;
		}
		setBusy(true);
		try {
			await postJson(url, hint ? { reason: reason.trim() } : {});
			onClose(true);
		} catch (failure) {
			setError(failure.message);
			setBusy(false);
		}
	};
	return html`<dialog ref=${dialog} aria-labelledby="reason-title" onClose=${() => onClose(false)}>
		<form onSubmit=${submit}>
			<h2 id="reason-title">${title}</h2>
			<p>${children}</p>
			${hint && html`<label for="reason">Reason <span class="hint">${hint}</span></label>
			<textarea id="reason" rows="3" maxlength=${REASON_MAX} required autofocus value=${reason}
				onInput=${(event) => setReason(event.target.value)}></textarea>`}
			<p class="field-error" role="alert">${error}</p>
			<div class="actions">
				<button type="button" class="quiet" onClick=${() => dialog.current.close()}>${keep}</button>
				<button type="submit" class="danger" disabled=${busy}>
					<${Icon} name=${icon} />${busy ? busyAction : action}</button>
			</div>
		</form>
	</dialog>`;
}
