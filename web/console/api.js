// Talks to the service. Everything that changes something carries the login's CSRF token.
import { signal } from './vendor/ui.js';

/** Who is logged in: undefined until known, null for nobody. */
export const me = signal(undefined);
/** A sentence while the service or its database does not answer, else ''. */
export const serviceState = signal('');

export const may = (right) => Boolean(me.value && me.value.rights.includes(right));

/** What a failed request throws; `key` is for code, `message` for people. */
export class ApiError extends Error {
	constructor(status, key, message) {
		super(message);
		this.status = status;
		this.key = key;
	}
}

const AWAY = 'The service does not answer. Sessions go on and are recorded; this page tries again by itself.';

async function failure(response) {
	let body = {};
	try {
		body = await response.json();
	} catch {
		// A proxy's page, or nothing: the status has to do.
	}
	return new ApiError(response.status, body.error ?? 'status', body.message ?? `The service answered ${response.status}.`);
}

/** fetch that knows our failures. Throws ApiError, or the AbortError of its signal. */
export async function request(url, options = {}) {
	let response;
	try {
		response = await fetch(url, { credentials: 'same-origin', ...options });
	} catch (error) {
		if (error.name === 'AbortError')
			throw error;
		serviceState.value = AWAY;
		throw new ApiError(0, 'service-away', AWAY);
	}
	if (response.ok) {
		serviceState.value = '';
		return response;
	}
	const error = await failure(response);
	serviceState.value = error.key === 'database-away' ? error.message : '';
	if (error.status === 401 && error.key === 'login')
		me.value = null;
	throw error;
}

export const getJson = async (url, options) => (await request(url, options)).json();

export async function postJson(url, body) {
	const headers = { 'Content-Type': 'application/json' };
	if (me.value)
		headers['X-Vitrine-CSRF'] = me.value.csrf;
	const response = await request(url, { method: 'POST', headers, body: JSON.stringify(body) });
	return response.json();
}

/** Asks who is logged in, and goes on asking while the service is away. */
export async function loadMe() {
	try {
		me.value = await getJson('/api/me');
	} catch (error) {
		if (error.status === 401)
			me.value = null;
		else
			setTimeout(loadMe, 2000);
	}
}

export async function login(user, password) {
	me.value = await postJson('/api/login', { user, password });
}

export async function logout() {
	try {
		await postJson('/api/logout', {});
		me.value = null;
	} catch (error) {
		serviceState.value = `Logging out failed: ${error.message}`;
	}
}
