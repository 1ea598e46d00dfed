// Asks again and again while the page can be seen, and goes on through failures.
import { useEffect, useRef, useState } from '../vendor/ui.js';
import { getJson } from '../api.js';

/** {data, error, reload}: the newest answer of `url`, asked every `everyMs` (0: once). Old data stays while a later try fails. */
export function usePoll(url, everyMs) {
	const [state, setState] = useState({ data: undefined, error: undefined });
	const run = useRef(() => {});
	useEffect(() => {
		const abort = new AbortController();
		let timer;
		setState({ data: undefined, error: undefined });
		run.current = async () => {
			clearTimeout(timer);
			try {
				const data = await getJson(url, { signal: abort.signal });
				setState({ data, error: undefined });
			} catch (error) {
				if (abort.signal.aborted)
					return;
				setState((old) => ({ data: old.data, error }));
			}
			if (everyMs > 0 && !abort.signal.aborted && !document.hidden)
				timer = setTimeout(run.current, everyMs);
		};
		const seen = () => document.hidden || run.current();
		document.addEventListener('visibilitychange', seen);
		run.current();
		return () => {
			abort.abort();
			clearTimeout(timer);
			document.removeEventListener('visibilitychange', seen);
		};
	}, [url, everyMs]);
	return { ...state, reload: () => run.current() };
}

/** The time of day in microseconds UTC, once a second: for counters that run. */
export function useNow() {
	const [now, setNow] = useState(Date.now() * 1000);
	useEffect(() => {
		const timer = setInterval(() => setNow(Date.now() * 1000), 1000);
		return () => clearInterval(timer);
	}, []);
	return now;
}
