// Gives recorded pictures their true lengths before a player sees them.
//
// The recorder writes each picture the moment it comes and cannot know how long it will stand, so it declares two seconds (a shorter
// time would make browsers drop what follows a pause). A browser that seeks while paused believes that: it shows the first picture that
// claims the moment, up to two seconds too old. Here the whole segment is at hand, so each length becomes the distance to the next
// picture. Only the player's copy changes; the stored bytes, which were hashed, stay as they are.
import { Hls } from '../vendor/hls.js';

/** Of recorded tracks: decode times are microseconds. */
const TIMESCALE = 1e6;
// ISO/IEC 14496-12 8.8.7 (tfhd) and 8.8.8 (trun).
const TFHD_BASE_OFFSET = 1;
const TFHD_DESCRIPTION = 2;
const TFHD_DURATION = 8;
const TRUN_DURATION = 0x100;

/** Calls back with (type, start of content, end) for each box; stops at anything that is no box. */
function eachBox(view, start, end, found) {
	while (start + 8 <= end) {
		const size = view.getUint32(start);
		if (size < 8 || start + size > end)
			return;
		found(String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(start + i))), start + 8, start + size);
		start += size;
	}
}

/** Where the declared length of a fragment's samples stands; 0: nowhere. */
function durationPlace(view, at) {
	const flags = view.getUint32(at) & 0xffffff;
	if (!(flags & TFHD_DURATION))
		return 0;
	return at + 8 + (flags & TFHD_BASE_OFFSET ? 8 : 0) + (flags & TFHD_DESCRIPTION ? 4 : 0);
}

/** {time, place} of a fragment that holds one picture; null for any other. */
function readTraf(view, start, end) {
	let time = -1;
	let place = 0;
	let single = false;
	eachBox(view, start, end, (type, at) => {
		if (type === 'tfhd')
			place = durationPlace(view, at);
		else if (type === 'tfdt')
			time = view.getUint8(at) === 1 ? Number(view.getBigUint64(at + 4)) : view.getUint32(at + 4);
		else if (type === 'trun')
			single = view.getUint32(at + 4) === 1 && !(view.getUint32(at) & TRUN_DURATION);
	});
	return single && place > 0 && time >= 0 ? { time, place } : null;
}

/** Changes a media segment in place. `lengthS`: how long the playlist says it is. */
export function trueLengths(buffer, lengthS) {
	const view = new DataView(buffer);
	const pictures = [];
	let whole = true;
	eachBox(view, 0, view.byteLength, (type, start, end) => type === 'moof' && eachBox(view, start, end, (inner, at, stop) => {
		if (inner !== 'traf')
			return;
		const picture = readTraf(view, at, stop);
		whole &&= picture !== null;
		pictures.push(picture);
	}));
	if (!whole || pictures.length === 0)
		return;
	const end = pictures[0].time + Math.round(lengthS * TIMESCALE);
	pictures.forEach(({ time, place }, i) => {
		const length = (pictures[i + 1]?.time ?? end) - time;
		if (length > 0 && length <= 0xffffffff)
			view.setUint32(place, length);
	});
}

/** For hls.js' fLoader. */
export class FragmentLoader extends Hls.DefaultConfig.loader {
	load(context, config, callbacks) {
		const { frag } = context;
		const onSuccess = (response, ...rest) => {
			if (response.data instanceof ArrayBuffer && frag?.sn !== 'initSegment')
				trueLengths(response.data, frag.duration);
			callbacks.onSuccess(response, ...rest);
		};
		super.load(context, config, { ...callbacks, onSuccess });
	}
}
