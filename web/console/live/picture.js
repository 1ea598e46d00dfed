// The live picture of one session: streaming fetch -> demux -> VideoDecoder -> canvas.
//
// Only the newest decoded picture is ever drawn, once per display refresh. When the decoder falls behind, a key picture makes all
// that waits worthless; when none comes and the delay grows past a second or so, the stream is joined anew, which begins with one.
import { request } from '../api.js';
import { Demux, Kind } from './demux.js';

const QUEUE_LATE = 4;
const QUEUE_LOST = 24;
const RETRY_MS = 1000;
const REJOIN_MS = 2000;

export class LivePicture {
	#canvas;
	#context;
	#id;
	#tell;
	#abort = null;
	#timer = 0;
	#decoder = null;
	#config = null;
	#needsKey = true;
	#newest = null;
	#drawing = 0;
	#joinedAt = 0;
	#stopped = false;

	/** `tell(state, text)`: connecting, live, away, lost, ended, unsupported, refused. */
	constructor(canvas, id, tell) {
		this.#canvas = canvas;
		this.#context = canvas.getContext('2d', { alpha: false, desynchronized: true });
		this.#id = id;
		this.#tell = tell;
	}

	start() {
		if (!('VideoDecoder' in globalThis)) {
			this.#tell('unsupported');
			return;
		}
		this.#join();
	}

	stop() {
		this.#stopped = true;
		clearTimeout(this.#timer);
		this.#abort?.abort();
		cancelAnimationFrame(this.#drawing);
		this.#newest?.close();
		this.#newest = null;
		this.#closeDecoder();
	}

	async #join() {
		const abort = new AbortController();
		this.#abort = abort;
		this.#joinedAt = performance.now();
		this.#needsKey = true;
		try {
			const response = await request(`/api/live?sessions=${this.#id}`, { signal: abort.signal });
			const demux = new Demux((frame) => abort.signal.aborted || this.#take(frame));
			const reader = response.body.getReader();
			for (;;) {
				const { done, value } = await reader.read();
				if (done)
					break;
				demux.feed(value);
			}
			this.#lost(abort, 'lost', '');
		} catch (error) {
			if (error.status === 409)
				this.#end(error.message);
			else if (error.status >= 400 && error.status < 500)
				this.#finish('refused', error.message);
			else
				this.#lost(abort, 'lost', '');
		}
	}

	/** Unless this connection was given up on purpose: try again. */
	#lost(abort, state, text) {
		if (this.#stopped || abort.signal.aborted)
			return;
		this.#tell(state, text);
		this.#timer = setTimeout(() => this.#join(), RETRY_MS);
	}

	#finish(state, text) {
		if (this.#stopped)
			return;
		this.stop();
		this.#tell(state, text);
	}

	#end(text) {
		this.#finish('ended', text);
	}

	#rejoin() {
		if (performance.now() - this.#joinedAt < REJOIN_MS)
			return;
		this.#abort.abort();
		this.#join();
	}

	#take(frame) {
		switch (frame.kind) {
		case Kind.OPEN:
			this.#open(frame.payload);
			break;
		case Kind.UNIT:
			this.#decode(frame);
			break;
		case Kind.AWAY:
			this.#needsKey = true;
			this.#tell('away');
			break;
		case Kind.SKIP:
			this.#needsKey = true;
			break;
		case Kind.END:
			this.#end(new TextDecoder().decode(frame.payload));
			break;
		case Kind.LEAVE:
			this.#finish('refused', new TextDecoder().decode(frame.payload));
			break;
		}
	}

	#open(payload) {
		const codec = new TextDecoder().decode(payload.subarray(8));
		this.#config = { codec, optimizeForLatency: true };
		this.#resetDecoder();
	}

	#closeDecoder() {
		if (this.#decoder && this.#decoder.state !== 'closed')
			this.#decoder.close();
		this.#decoder = null;
	}

	#resetDecoder() {
		this.#closeDecoder();
		this.#needsKey = true;
		this.#decoder = new VideoDecoder({
			output: (picture) => this.#show(picture),
			error: (error) => this.#decoderFailed(error),
		});
		this.#decoder.configure(this.#config);
	}

	#decoderFailed(error) {
		if (this.#stopped)
			return;
		if (error.name === 'NotSupportedError') {
			this.#finish('unsupported', '');
			return;
		}
		console.warn('live: the decoder failed', error);
		this.#resetDecoder();
		this.#rejoin();
	}

	#decode(frame) {
		if (!this.#decoder || (this.#needsKey && !frame.key))
			return;
		if (frame.key && this.#decoder.decodeQueueSize > QUEUE_LATE) {
			this.#decoder.reset();
			this.#decoder.configure(this.#config);
		} else if (!frame.key && this.#decoder.decodeQueueSize > QUEUE_LOST) {
			this.#needsKey = true;
			this.#rejoin();
			return;
		}
		this.#needsKey = false;
		this.#decoder.decode(new EncodedVideoChunk({
			type: frame.key ? 'key' : 'delta',
			timestamp: frame.ptsUs,
			data: frame.payload,
		}));
	}

	#show(picture) {
		if (this.#newest)
			this.#newest.close();
		else
			this.#drawing = requestAnimationFrame(() => this.#draw());
		this.#newest = picture;
	}

	#draw() {
		const picture = this.#newest;
		this.#newest = null;
		const width = picture.displayWidth;
		const height = picture.displayHeight;
		if (this.#canvas.width !== width || this.#canvas.height !== height) {
			this.#canvas.width = width;
			this.#canvas.height = height;
		}
		this.#context.drawImage(picture, 0, 0);
		this.#canvas.dataset.ptsUs = String(picture.timestamp);
		picture.close();
		this.#tell('live');
	}
}
