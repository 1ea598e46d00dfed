// `BASE64 SPACE JSON NEWLINE`: the lines of `chain` and the heads of a node's log.

import { fromBase64, hashOf, utf8 } from './bytes.js';
import { parseJson } from './json.js';
import { Malformed } from './report.js';

const LINE_MAX_BYTES = 65536;

/** @typedef {{ signature: Uint8Array, json: Uint8Array, value: Record<string, any>, sha256: string }} SignedLine */

/** A line without its newline. @param {Uint8Array} line @returns {SignedLine} */
export function parseLine(line) {
	if (line.length >= LINE_MAX_BYTES)
		throw new Malformed('the line is too long');
	const space = line.indexOf(32);
	if (space < 0)
		throw new Malformed('no space between signature and entry');
	const signature = fromBase64(utf8(line.subarray(0, space)));
	const json = line.subarray(space + 1);
	if (json[0] !== 123 || json[json.length - 1] !== 125)
		throw new Malformed('the entry is not one JSON object');
	return { signature, json, value: parseJson(json), sha256: hashOf(json) };
}
