// Numbers for people. Times come as microseconds UTC.

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' });

export const clockTime = (utcUs) => clock.format(new Date(utcUs / 1000));
export const dayOf = (utcUs) => day.format(new Date(utcUs / 1000));
export const isoTime = (utcUs) => new Date(utcUs / 1000).toISOString();

/** "14:03:22" today, "May 4, 2026, 14:03:22" else. */
export function when(utcUs) {
	const today = day.format(new Date()) === dayOf(utcUs);
	return today ? clockTime(utcUs) : `${dayOf(utcUs)}, ${clockTime(utcUs)}`;
}

/** "12 s", "4 min 02 s", "3 h 07 min". */
export function duration(us) {
	const s = Math.max(0, Math.floor(us / 1e6));
	const two = (n) => String(n).padStart(2, '0');
	if (s < 60)
		return `${s} s`;
	if (s < 3600)
		return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
	return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
}

/** "1:02:03" or "2:03", for the place in a recording. */
export function position(seconds) {
	const s = Math.max(0, Math.floor(seconds));
	const two = (n) => String(n).padStart(2, '0');
	const tail = `${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
	return s < 3600 ? tail.replace(/^0/, '') : `${Math.floor(s / 3600)}:${tail}`;
}

export function bytes(n) {
	const units = ['B', 'kB', 'MB', 'GB', 'TB'];
	let unit = 0;
	while (n >= 1000 && unit < units.length - 1) {
		n /= 1000;
		unit++;
	}
	return `${unit === 0 || n >= 100 ? Math.round(n) : n.toFixed(1)} ${units[unit]}`;
}

export const protocols = (session) => `${session.front.toUpperCase()} → ${session.back.toUpperCase()}`;

/** An address without its port: "192.0.2.7:51234" and "[2001:db8::7]:51234" lose theirs. */
export const host = (address) => address.replace(/^(\[.*\]|[^:]*):\d+$/, '$1');

/** "root at web1" */
export const goal = (session) => (session.account ? `${session.account} at ${session.target}` : session.target);
