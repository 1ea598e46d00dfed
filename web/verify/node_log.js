// The node's log: leaves against heads, heads against signatures and against heads that were kept elsewhere.

import { linesOf, readAll, splitLines, toUtf8 } from './bytes.js';
import { Signer } from './certificates.js';
import { need, parseJson } from './json.js';
import { Tree } from './merkle.js';
import { LINE_MAX_BYTES, checkHolders, parseHead, signersOf } from './proofs.js';
import { Malformed } from './report.js';

/** @typedef {import('./report.js').Report} Report */
/** @typedef {import('./signed_line.js').SignedLine} SignedLine */

/** @type {Record<string, Record<string, string>>} */
const KINDS = {
	genesis: { session: 'text', sha256: 'hex' }, seal: { session: 'text', sha256: 'hex' }, audit: { id: 'number', sha256: 'hex' },
	deletion: { session: 'text', sha256: 'hex' }, export: { session: 'text', sha256: 'hex' },
};

const ONCE = ['genesis', 'seal', 'audit']; // of a recording, or of a record

/** @param {Uint8Array} line @param {number} index */
function parseLeaf(line, index) {
	if (line.length > LINE_MAX_BYTES)
		throw new Malformed('the line is too long');
	const leaf = parseJson(line);
	need(leaf, { kind: 'text', index: 'number', utc: 'utc', node: 'text' });
	if (!Object.hasOwn(KINDS, leaf.kind))
		throw new Malformed(`there is no kind of leaf called "${leaf.kind}"`);
	need(leaf, KINDS[leaf.kind]);
	if (leaf.index !== index)
		throw new Malformed(`it has index ${leaf.index}`);
	return leaf;
}

/** What leaves have been met with. */
class Met {
	/** @param {Iterable<string>} nodes of the heads @param {Report} report */
	constructor(nodes, report) {
		this.nodes = new Set(nodes);
		this.once = new Set();
		this.report = report;
	}

	/** @param {Uint8Array} line @param {number} index */
	take(line, index) {
		try {
			const { kind, node, id, session } = parseLeaf(line, index), key = `${kind} ${id ?? session}`;
			this.nodes.add(node);
			if (!ONCE.includes(kind))
				return;
			if (this.once.has(key))
				this.report.add('broken', kind === 'audit' ? `leaf ${index} enters audit record ${id} a second time` : `leaf ${index} is a second ${kind} of recording ${session}`);
			this.once.add(key);
		} catch (error) {
			if (!(error instanceof Malformed))
				throw error;
			this.report.add('broken', `leaf ${index} is not one: ${error.message}`);
		}
	}
}

/** @typedef {SignedLine & { holders: Signer[] }} HeldHead a head and under whose certificates it holds */

/** Those that hold under one of the signers. @param {Uint8Array[]} lines @param {Signer[]} signers @param {string} what @param {Report} report @returns {Promise<HeldHead[]>} */
async function readHeads(lines, signers, what, report) {
	const heads = [];
	let size = 0;
	for (const [at, bytes] of lines.entries()) {
		try {
			const head = parseHead(bytes), holders = await signersOf(head, signers);
			if (holders.length === 0)
				throw new Malformed('its signature does not hold');
			if (head.value.size < size)
				report.add('broken', `the tree head in line ${at + 1} of ${what} covers fewer leaves than the one before`);
			size = head.value.size;
			heads.push({ ...head, holders });
		} catch (error) {
			if (!(error instanceof Malformed))
				throw error;
			report.add('broken', `line ${at + 1} of ${what} is no tree head of this log: ${error.message}`);
		}
	}
	return heads;
}

/** Reads every leaf once and compares the roots on the way. @param {Blob} leaves @param {SignedLine[]} heads @param {Report} report @param {(bytes: number) => void} progress */
async function checkLeaves(leaves, heads, report, progress) {
	const due = [...heads].sort((a, b) => a.value.size - b.value.size), tree = new Tree(), met = new Met(heads.map((head) => head.value.node), report);
	const passHeads = () => {
		while (due[0]?.value.size === tree.size) {
			const { value } = /** @type {SignedLine} */ (due.shift());
			if (value.root !== tree.root())
				report.add('broken', `the first ${value.size} leaves are not those of the tree head of ${value.utc}: leaves were changed, removed or backdated`);
		}
	};
	passHeads();
	for await (const { line, whole } of linesOf(leaves, progress)) {
		if (!whole) {
			report.add('incomplete', `the log is cut in the middle of leaf ${tree.size}`);
			break;
		}
		met.take(line, tree.size);
		tree.add(line);
		passHeads();
	}
	for (const { value } of due)
		report.add('broken', `the tree head of ${value.utc} covers ${value.size} leaves, the log has ${tree.size}: its end was removed`);
	if (met.nodes.size > 1)
		report.add('broken', `the log is of more than one node: ${[...met.nodes].sort().join(', ')}`);
	return tree;
}

/** @param {Blob | undefined} blob */
async function signersIn(blob) {
	try {
		return Signer.all(blob ? await readAll(blob) : new Uint8Array());
	} catch (error) {
		if (!(error instanceof Malformed))
			throw error;
		return [];
	}
}

/** Each certificate that heads hold under, as of the earliest and the latest of them. @param {HeldHead[]} heads @param {HeldHead | undefined} newest
 * @param {import('./judge.js').Whom} whom @param {Report} report */
async function checkTrust(heads, newest, whom, report) {
	/** @type {Map<Signer, [HeldHead, HeldHead]>} */
	const ends = new Map();
	for (const head of [...heads].sort((a, b) => a.value.utc < b.value.utc ? -1 : 1))
		ends.set(head.holders[0], [ends.get(head.holders[0])?.[0] ?? head, head]);
	for (const [signer, [earliest, latest]] of ends) {
		const covered = signer !== newest?.holders[0], before = report.findings.length;
		await checkHolders(earliest.holders, earliest.value, whom, report, { covered });
		if (latest !== earliest && report.findings.length === before)
			await checkHolders(latest.holders, latest.value, whom, report, { covered });
	}
}

/** @param {Map<string, Blob>} files @param {import('./judge.js').Whom} whom @param {Report} report @param {(bytes: number) => void} progress */
export async function checkLog(files, whom, report, progress) {
	const signers = await signersIn(files.get('certificate.pem')), headsFile = files.get('heads');
	if (signers.length === 0)
		report.add('broken', 'certificate.pem holds no certificate: no signature can be checked');
	const { lines, rest } = splitLines(headsFile ? await readAll(headsFile) : new Uint8Array());
	if (rest.length > 0)
		report.add('incomplete', `heads is cut in the middle of line ${lines.length + 1}`);
	const heads = await readHeads(lines, signers, 'heads', report);
	const kept = (await Promise.all(whom.heads.map((line) => readHeads([toUtf8(line)], signers, 'a head that was kept elsewhere', report)))).flat();
	const tree = await checkLeaves(files.get('leaves') ?? new Blob([]), [...heads, ...kept], report, progress);
	const newest = heads.at(-1), covered = Math.max(0, ...heads.map((head) => head.value.size));
	if (!newest)
		report.add('incomplete', 'the log has no head: nothing in it is signed');
	else if (covered < tree.size)
		report.add('incomplete', `${tree.size - covered} leaves behind the last tree head are not signed yet`);
	report.facts.log = { node: newest?.value.node, leaves: tree.size, covered, heads: heads.length, kept: kept.length, newest: newest?.value.utc, signer: newest?.holders[0].subject, root: tree.root() };
	await checkTrust([...heads, ...kept], newest, whom, report);
}

/** Heads that were kept elsewhere, also as a syslog daemon writes them: with text in front. @param {Uint8Array} bytes */
export function readKeptHeads(bytes) {
	return Array.from(new TextDecoder().decode(bytes).matchAll(/([A-Za-z0-9+/]{16,}={0,2} \{.*"version":[0-9]+\})\s*$/gm), ([, line]) => line);
}
