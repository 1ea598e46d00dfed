// Takes the frames of a live response apart; the format stands in web/live/live_frame.h.

export const Kind = { OPEN: 1, UNIT: 2, END: 3, AWAY: 4, SKIP: 5, ALIVE: 6, LEAVE: 7 };
export const KEY = 1;

const HEADER = 16;
const MAX = (8 << 20) + HEADER;

/** Feed it chunks as they come; it calls back with {kind, key, slot, ptsUs, payload} for each whole frame. */
export class Demux {
	#parts = [];
	#length = 0;
	#onFrame;

	constructor(onFrame) {
		this.#onFrame = onFrame;
	}

	/** @param {Uint8Array} chunk */
	feed(chunk) {
		this.#parts.push(chunk);
		this.#length += chunk.length;
		while (this.#length >= 4) {
			const need = 4 + this.#peekLength();
			if (this.#length < need)
				return;
			this.#emit(this.#take(need));
		}
	}

	#peekLength() {
		if (this.#parts[0].length < 4)
			this.#join();
		const head = this.#parts[0];
		const length = new DataView(head.buffer, head.byteOffset).getUint32(0, true);
		if (length < HEADER - 4 || length > MAX)
			throw new RangeError('live: malformed frame');
		return length;
	}

	#join() {
		const all = new Uint8Array(this.#length);
		let at = 0;
		for (const part of this.#parts) {
			all.set(part, at);
			at += part.length;
		}
		this.#parts = [all];
	}

	#take(need) {
		if (this.#parts[0].length < need)
			this.#join();
		const head = this.#parts[0];
		if (head.length > need)
			this.#parts[0] = head.subarray(need);
		else
			this.#parts.shift();
		this.#length -= need;
		return head.subarray(0, need);
	}

	#emit(frame) {
		const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
		this.#onFrame({
			kind: view.getUint8(4),
			key: (view.getUint8(5) & KEY) !== 0,
			slot: view.getUint16(6, true),
			ptsUs: Number(view.getBigUint64(8, true)),
			payload: frame.subarray(HEADER),
		});
	}
}
