// An evidence file: the four rules of "The evidence file".

import { createStream, hashOf, hashOfBlob, piecesOf, readAll } from './bytes.js';
import { findBox, readArchive, videoTrouble } from './box.js';
import { Signer } from './certificates.js';
import { Chain } from './chain.js';
import { checkSignature, parseManifest } from './manifest.js';
import { checkHolders, checkProof } from './proofs.js';
import { Malformed, Unjudged } from './report.js';
import { checkStamp } from './stamps.js';
import { STAMP, checkStamps, checkTrust, earliest, readSigner } from './trust.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {{ blob: Blob, videoBytes: number, entries: Map<string, Blob>, manifest: Record<string, any> }} Evidence */

const REQUIRED = ['chain', 'certificate.pem', 'README.txt'], OUTSIDE_MANIFEST = ['manifest.json', 'manifest.cms', 'manifest.tsr'];
// Beside the video: timelines and sealed keystrokes, which may be left out.
const SEGMENT_FILE = /^seg-([0-9]{5,})\.[a-z0-9.-]+$/, OMISSIBLE = /^seg-[0-9]{5,}\.(?!mp4$)[a-z0-9.-]+$/;
const PROOFS = { 'log-genesis.json': 'genesis', 'log-seal.json': 'seal' };

/** @param {Blob} blob @returns {Promise<Evidence>} */
async function open(blob) {
	const videoBytes = await findBox(blob);
	const entries = await readArchive(blob, videoBytes);
	const [first, second] = entries.keys(), manifest = entries.get('manifest.json');
	if (first !== 'manifest.json' || second !== 'manifest.cms' || !manifest)
		throw new Malformed('the archive does not begin with manifest.json and manifest.cms');
	return { blob, videoBytes, entries, manifest: parseManifest(await readAll(manifest)) };
}

/** Segment and span of a segment's own file. @param {Chain} chain @param {string} name */
function whereOf(chain, name) {
	const segment = name.startsWith('seg-') ? chain.segments.find(({ files }) => files.some((/** @type {any} */ file) => file.name === name)) : undefined;
	return segment ? [segment.number, segment.start_us, segment.end_us] : [];
}

/** Rule 2: the archive's files are those of the manifest. @param {Evidence} evidence @param {Chain} chain @param {Report} report */
async function checkListed({ manifest, entries }, chain, report) {
	const listed = new Map(manifest.files.map((/** @type {any} */ file) => [file.name, file]));
	if (listed.size !== manifest.files.length)
		report.add('broken', 'the manifest lists a file twice');
	for (const name of entries.keys()) {
		if (!OUTSIDE_MANIFEST.includes(name) && !listed.has(name))
			report.add('broken', `${name} is in the file, but not in the manifest`);
	}
	for (const [name, file] of listed) {
		const blob = entries.get(name);
		if (!blob)
			report.add('broken', `${name} is in the manifest, but not in the file`, ...whereOf(chain, name));
		else if (blob.size !== file.bytes || await hashOfBlob(blob) !== file.sha256)
			report.add('broken', `${name} is not what was signed: its hash differs`, ...whereOf(chain, name));
	}
	for (const name of REQUIRED) {
		if (!entries.has(name))
			report.add('broken', `${name} is missing`);
	}
}

/** Reads the video once: its own hash and that of each part. @param {Evidence} evidence @param {Report} report @param {(bytes: number) => void} progress */
async function hashVideo({ blob, videoBytes, manifest }, report, progress) {
	const whole = await createStream(), hashes = [];
	let at = 0;
	/** @param {number} end */
	const readTo = async (end) => {
		const limit = Math.min(end, videoBytes), own = await createStream();
		for await (const piece of piecesOf(blob.slice(at, limit), progress)) {
			whole.update(piece);
			own.update(piece);
		}
		at = limit;
		return own.peek();
	};
	for (const part of manifest.parts)
		hashes.push(part.offset === at ? await readTo(part.offset + part.bytes) : '');
	await readTo(videoBytes);
	if (manifest.video_bytes !== videoBytes || manifest.video_sha256 !== whole.peek())
		report.add('broken', 'the video is not what was signed: its length or hash differs');
	return hashes;
}

/** Segments whose own files are parts, in the archive or said to be left out. @param {Evidence} evidence @param {Chain} chain @param {Report} report */
function exportedSegments({ manifest }, chain, report) {
	const names = [...manifest.parts, ...manifest.files, ...manifest.left_out].map((item) => SEGMENT_FILE.exec(item.name)?.[1]);
	const numbers = [...new Set(names.filter((digits) => digits !== undefined).map(Number))].sort((a, b) => a - b);
	const segments = chain.segments.filter((segment) => numbers.includes(segment.number));
	if (segments.length !== numbers.length || numbers.some((number, at) => number !== numbers[0] + at))
		report.add('broken', 'the segments in the file are not consecutive segments of the recording');
	return segments;
}

/** Rule 3 for the video: the init segment of the first pictures, then every video, in order, without holes.
 * @param {Evidence} evidence @param {Record<string, any>[]} segments @param {string[]} hashes @param {Report} report */
function checkParts({ manifest }, segments, hashes, report) {
	const due = segments.filter((segment) => segment.frames > 0).flatMap((segment, at) => [
		...segment.files.filter((/** @type {any} */ file) => at === 0 && file.name.startsWith('init-')),
		...segment.files.filter((/** @type {any} */ file) => /^seg-\d+\.mp4$/.test(file.name)),
	].map((file) => ({ file, segment })));
	if (due.length !== manifest.parts.length || due.some(({ file }, at) => file.name !== manifest.parts[at].name)) {
		report.add('broken', 'the parts of the video are not the files of its segments, in their order');
		return;
	}
	let offset = 0;
	due.forEach(({ file, segment }, at) => {
		const part = manifest.parts[at];
		/** @param {string} text */
		const broken = (text) => report.add('broken', text, segment.number, segment.start_us, segment.end_us);
		if (part.offset !== offset)
			broken(`${part.name} does not lie where the part before it ends`);
		if (part.bytes !== file.bytes || part.sha256 !== file.sha256)
			broken(`${part.name} is not the file of the chain`);
		if (hashes[at] !== part.sha256)
			broken(`${part.name} is not what was signed: its hash differs`);
		offset += part.bytes;
	});
	if (offset !== manifest.video_bytes)
		report.add('broken', 'the parts do not fill the video');
}

/** Rule 3 for the rest. @param {Evidence} evidence @param {Record<string, any>[]} segments @param {boolean} derived @param {Report} report */
function checkFiles({ manifest }, segments, derived, report) {
	const listed = new Map(manifest.files.map((/** @type {any} */ file) => [file.name, file]));
	const leftOut = new Set(manifest.left_out.map((/** @type {any} */ item) => item.name));
	const here = new Set([...listed.keys(), ...manifest.parts.map((/** @type {any} */ part) => part.name), ...leftOut]);
	const due = new Set();
	for (const segment of segments) {
		for (const file of segment.files) {
			const own = listed.get(file.name), where = [segment.number, segment.start_us, segment.end_us];
			due.add(file.name);
			if (own && (own.bytes !== file.bytes || own.sha256 !== file.sha256))
				report.add('broken', `${file.name} is not the file of the chain`, ...where);
			if (!here.has(file.name))
				report.add('broken', `${file.name} is missing, and not said to be left out`, ...where);
			if (file.tail_bytes && !derived)
				report.add('incomplete', `the last ${file.tail_bytes} bytes of ${file.name} are not signed, and not in the file: they were written before a crash that took their key`, ...where);
		}
	}
	for (const name of here) {
		if (/^(seg|init)-/.test(name) && !due.has(name))
			report.add('broken', `${name} is no file of the segments in the file`);
	}
	for (const { name, reason } of derived ? [] : manifest.left_out) { // leaving them out is what derived means; one note says it
		if (!OMISSIBLE.test(name))
			report.add('broken', `${name} may not be left out`);
		report.add('note', `${name} was left out: ${reason}`);
	}
}

/** What the manifest says about the recording. @param {Evidence} evidence @param {Chain} chain @param {Record<string, any>[]} segments @param {Report} report */
function checkClaims({ manifest }, chain, segments, report) {
	const sealed = chain.seal !== null, whole = sealed && segments.length === chain.segments.length;
	const start = segments[0]?.start_us ?? 0, end = segments.at(-1)?.end_us ?? 0;
	const wrong = {
		session: manifest.session !== chain.genesis?.session,
		span: manifest.span.start_us !== start || manifest.span.end_us !== end,
		whole: manifest.whole !== whole,
		chain: manifest.chain.entries !== chain.lineCount || manifest.chain.head !== chain.head || manifest.chain.sealed !== sealed,
	};
	for (const [key, differs] of Object.entries(wrong)) {
		if (differs)
			report.add('broken', `the manifest's "${key}" is not that of the chain`);
	}
	const missing = chain.segments.filter((segment) => !segments.includes(segment)).map((segment) => segment.number);
	if (sealed && missing.length > 0)
		report.add('note', `not in the file: segments ${missing.join(', ')} of the recording`);
}

/** The manifest names the proofs, so they existed when its signature was stamped.
 * @param {Evidence} evidence @param {Chain} chain @param {import('./judge.js').Whom} whom @param {Date | undefined} stamped @param {Report} report */
async function checkProofs({ entries }, chain, whom, stamped, report) {
	const found = Object.entries(PROOFS).filter(([name]) => entries.has(name));
	if (found.length === 0) {
		report.add('note', "the file holds no proof that a node's log knows the recording");
		return;
	}
	const certificates = entries.get('log-certificate.pem');
	for (const [name, kind] of found) {
		try {
			const signers = Signer.all(certificates ? await readAll(certificates) : new Uint8Array());
			const entry = chain.entries.find(({ value }) => value.kind === kind);
			const blob = /** @type {Blob} */ (entries.get(name));
			const { head, holders } = await checkProof(await readAll(blob), signers, kind, chain.genesis?.session, entry?.line.sha256 ?? '');
			(report.facts.logged ??= []).push({ kind, utc: head.utc, size: head.size, by: holders[0].subject });
			await checkHolders(holders, head, whom, report, { stamped });
		} catch (error) {
			if (error instanceof Unjudged)
				throw error;
			report.add('broken', `the proof ${name} does not hold: ${error instanceof Error ? error.message : error}`);
		}
	}
}

/** @param {Evidence} evidence @param {Chain} chain @param {Report} report */
async function checkCertificate({ entries }, chain, report) {
	const blob = entries.get('certificate.pem'), named = chain.genesis?.files.find((/** @type {any} */ file) => file.name === 'certificate.pem');
	if (blob && named && hashOf(await readAll(blob)) !== named.sha256)
		report.add('broken', 'certificate.pem is not the one the genesis names');
}

/** @param {Blob} blob @param {import('./judge.js').Whom} whom @param {Report} report @param {(bytes: number) => void} progress */
export async function checkEvidence(blob, whom, report, progress) {
	let evidence;
	try {
		evidence = await open(blob);
	} catch (error) {
		if (!(error instanceof Malformed))
			throw error;
		report.add('broken', error.message);
		return;
	}
	const { entries, manifest } = evidence, trouble = await videoTrouble(blob, evidence.videoBytes);
	if (trouble)
		report.add('broken', trouble);
	const cms = /** @type {Blob} */ (entries.get('manifest.cms')), stamp = entries.get('manifest.tsr');
	const stamped = stamp ? await checkStamp('manifest.tsr', await readAll(stamp), await readAll(cms), whom.trusted, report) : [];
	await checkSignature(/** @type {Blob} */ (entries.get('manifest.json')), cms, stamped, whom, report);
	const signer = await readSigner(entries.get('certificate.pem'), report), chainFile = entries.get('chain');
	const chain = await new Chain(signer, report).walk(chainFile ? await readAll(chainFile) : new Uint8Array());
	report.facts.manifest = manifest;
	await checkListed(evidence, chain, report);
	const stamps = new Map([...entries].filter(([name]) => STAMP.test(name)));
	await checkTrust(signer, chain, whom, await checkStamps(stamps, chain, whom.trusted, report), report);
	// The manifest names the chain, so all of it is as old as the stamp over its signature.
	const { times } = report.facts;
	times.begunBefore = earliest([times.begunBefore, stamped[0]]);
	times.endedBefore = chain.seal ? earliest([times.endedBefore, stamped[0]]) : undefined;
	await checkCertificate(evidence, chain, report);
	const segments = exportedSegments(evidence, chain, report), hashes = await hashVideo(evidence, report, progress);
	if (manifest.kind === 'derived')
		report.add('note', `derived: the video is not the recorded one; made from ${manifest.source_sha256}`);
	else
		checkParts(evidence, segments, hashes, report);
	checkClaims(evidence, chain, segments, report);
	checkFiles(evidence, segments, manifest.kind === 'derived', report);
	await checkProofs(evidence, chain, whom, stamped[0], report);
}
