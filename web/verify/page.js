// The page around the verifier: takes files, shows progress and verdict. Texts from files are shown as text, never as markup.

import { readAll } from './bytes.js';
import { readCertificates, subjectOf } from './certificates.js';
import { readPrivateKeys } from './data_keys.js';
import { judge } from './judge.js';
import { readKeptHeads } from './node_log.js';
import { readLists } from './revocation.js';
import { banner, facts, limits, sentence } from './words.js';

/** @typedef {import('./judge.js').Dropped} Dropped */

/** @type {(id: string) => any} */
const at = (id) => document.getElementById(id);
/** @type {import('./judge.js').Whom} */
const whom = { trusted: [], lists: [], archiveKeys: [], heads: [] };
/** @type {Dropped[]} */
let chosen = [];
let isFolder = false, round = 0;

/** @param {string} tag @param {string} className @param {...(Node | string)} inside */
function element(tag, className, ...inside) {
	const made = document.createElement(tag);
	made.className = className;
	made.append(...inside);
	return made;
}

/** @param {import('./report.js').Report} report */
function show(report) {
	const trusted = whom.trusted.length > 0, { tone, title, text } = banner(report, trusted);
	const rows = facts(report).map(([key, value]) => element('tr', '', element('th', '', key), element('td', /^[0-9a-f]{64}$/.test(value) ? 'mono' : '', value)));
	const order = ['broken', 'untrusted', 'incomplete', 'note'];
	const found = [...report.findings].sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
	const open = limits(report, trusted);
	at('verdict').replaceChildren(
		element('div', `banner ${tone}`, element('strong', '', title), text),
		...(found.length > 0 ? [element('h2', '', 'Findings'), element('ul', 'findings', ...found.map((finding) =>
			element('li', finding.kind, element('span', `tag ${finding.kind}`, finding.kind), ' ', sentence(finding))))] : []),
		...(rows.length > 0 ? [element('h2', '', [3, 4].includes(report.exitCode()) ? 'What it says of itself' : 'What is proven'), element('table', 'facts', ...rows)] : []),
		...(open.length > 0 ? [element('h2', '', 'What is not proven'), element('ul', 'limits', ...open.map((line) => element('li', '', line)))] : []));
}

async function run() {
	if (chosen.length === 0)
		return;
	const mine = ++round, total = chosen.reduce((sum, { blob }) => sum + blob.size, 0), began = performance.now();
	document.body.dataset.state = 'busy';
	at('verdict').replaceChildren();
	at('progress').hidden = false;
	const report = await judge(chosen, isFolder, whom, (done) => {
		if (mine !== round)
			return;
		at('bar').value = total > 0 ? done / total : 1;
		at('done').textContent = `${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB, ${(done / 1e3 / Math.max(1, performance.now() - began)).toFixed(0)} MB/s`;
	});
	// Another choice was made meanwhile: its verdict is the one to show.
	if (mine !== round)
		return;
	at('progress').hidden = true;
	show(report);
	document.body.dataset.exit = String(report.exitCode());
	document.body.dataset.state = 'done';
}

/** @param {Dropped[]} files @param {boolean} folder */
function choose(files, folder) {
	chosen = files;
	isFolder = folder;
	void run();
}

/** @param {FileList} list */
const named = (list) => Array.from(list, (file) => ({ name: file.name, blob: /** @type {Blob} */ (file) }));

/** Of a directory only what lies directly in it; a directory inside is told as a file of no length, for it must not be there.
 * @param {FileList} list */
function namedInFolder(list) {
	const names = new Map();
	for (const file of list) {
		const [, name, ...below] = file.webkitRelativePath.split('/');
		names.set(name, below.length > 0 ? new Blob([]) : file);
	}
	return Array.from(names, ([name, blob]) => ({ name, blob }));
}

/** @param {any} entry a FileSystemDirectoryEntry @returns {Promise<any[]>} */
async function entriesOf(entry) {
	const reader = entry.createReader(), all = [];
	for (;;) {
		/** @type {any[]} */
		const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
		if (some.length === 0)
			return all;
		all.push(...some);
	}
}

/** @param {DataTransfer} transfer */
async function chooseDropped(transfer) {
	const entry = transfer.items[0]?.webkitGetAsEntry?.();
	if (!entry?.isDirectory) {
		choose(named(transfer.files), false);
		return;
	}
	choose(await Promise.all((await entriesOf(entry)).map(async (item) => ({
		name: item.name, blob: item.isFile ? await new Promise((resolve, reject) => item.file(resolve, reject)) : new Blob([]),
	}))), true);
}

// So that the same file, changed meanwhile, can be chosen again.
for (const id of ['file', 'folder'])
	at(id).addEventListener('click', () => { at(id).value = ''; });
at('file').addEventListener('change', () => choose(named(at('file').files), false));
at('folder').addEventListener('change', () => choose(namedInFolder(at('folder').files), true));
/** A chooser of small files beside the evidence: what they hold is told, and judging begins anew.
 * @param {string} id @param {(every: Uint8Array[]) => Promise<string>} take says what was found; throws when it is something else */
function helper(id, take) {
	at(id).addEventListener('change', async () => {
		try {
			at(`${id}-told`).textContent = await take(await Promise.all(Array.from(at(id).files, (file) => readAll(/** @type {Blob} */ (file)))));
		} catch (error) {
			at(`${id}-told`).textContent = `That cannot be used: ${error instanceof Error ? error.message : error}`;
		}
		await run();
	});
}

helper('ca', async (every) => {
	Object.assign(whom, { trusted: [], lists: [] });
	const found = { trusted: every.flatMap(readCertificates), lists: every.flatMap(readLists) };
	if (found.trusted.length + found.lists.length === 0)
		throw new Error('there is no certificate in it');
	Object.assign(whom, found);
	return [...found.trusted.map(subjectOf), ...found.lists.map((list) => `revocation list of ${subjectOf({ subject: list.issuer })}`)].join('; ');
});
helper('key', async (every) => {
	whom.archiveKeys = [];
	whom.archiveKeys = (await Promise.all(every.map(readPrivateKeys))).flat();
	if (whom.archiveKeys.length === 0)
		throw new Error('there is no private key in it, or it has a passphrase');
	return whom.archiveKeys.length === 1 ? 'one key' : `${whom.archiveKeys.length} keys`;
});
helper('heads', async (every) => {
	whom.heads = every.flatMap(readKeptHeads);
	if (whom.heads.length === 0)
		throw new Error('there is no head in it');
	return whom.heads.length === 1 ? 'one head' : `${whom.heads.length} heads`;
});
for (const kind of ['dragover', 'dragleave', 'drop']) {
	document.addEventListener(kind, (event) => {
		event.preventDefault();
		at('drop').classList.toggle('over', kind === 'dragover');
	});
}
document.addEventListener('drop', async (event) => {
	if (event.dataTransfer)
		await chooseDropped(event.dataTransfer);
});
document.body.dataset.state = 'ready';
