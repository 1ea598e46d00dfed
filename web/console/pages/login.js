// Logging in.
import { html, useRef, useState } from '../vendor/ui.js';
import { login } from '../api.js';
import { navigate, path } from '../router.js';

export function LoginPage() {
	const [busy, setBusy] = useState(false);
	const [error, setError] = useState('');
	const password = useRef(null);
	const submit = async (event) => {
		event.preventDefault();
		const form = new FormData(event.target);
		setBusy(true);
		setError('');
		try {
			await login(form.get('user').trim(), form.get('password'));
			if (path.value === '/login')
				navigate('/sessions', true);
		} catch (failure) {
			setError(failure.message);
			setBusy(false);
			password.current.value = '';
			password.current.focus();
		}
	};
	return html`<main class="login">
		<form class="card" onSubmit=${submit} aria-labelledby="login-title">
			<img src="/console/icon.svg" alt="" width="48" height="48" />
			<h1 id="login-title">Vitrine</h1>
			<p class="hint">Recorded access to privileged systems</p>
			<label for="user">Name</label>
			<input id="user" name="user" autocomplete="username"
				autocapitalize="none" spellcheck=${false} maxlength="64" required autofocus />
			<label for="password">Password</label>
			<input id="password" name="password" type="password" autocomplete="current-password" required ref=${password} />
			<p class="field-error" role="alert">${error}</p>
			<button type="submit" class="primary" disabled=${busy}>${busy ? 'Checking …' : 'Log in'}</button>
		</form>
	</main>`;
}
