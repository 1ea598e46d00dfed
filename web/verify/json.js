// JSON as the page allows it: one object, no key twice, whole numbers that every language can hold.

import { utf8 } from './bytes.js';
import { Malformed } from './report.js';

const HEX = /^[0-9a-f]{64}$/;
const UTC = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/;
const FILE_NAME = /^[a-z0-9-][a-z0-9.-]{0,30}$/;
const LEVELS_MAX = 32;
const STRINGS = /"(?:[^"\\]|\\.)*"/g;

/** @param {any} value */
export const isNumber = (value) => Number.isSafeInteger(value) && value >= 0;
/** @param {any} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {string} name */
export const isFileName = (name) => FILE_NAME.test(name);

/** @param {any} value @returns {number} */
function countKeys(value) {
	if (Array.isArray(value))
		return value.reduce((sum, item) => sum + countKeys(item), 0);
	return isObject(value) ? Object.entries(value).reduce((sum, [, item]) => sum + 1 + countKeys(item), 0) : 0;
}

/** @param {any} value @returns {boolean} */
function numbersFit(value) {
	if (typeof value === 'number')
		return isNumber(value);
	return !Array.isArray(value) && !isObject(value) || Object.values(value).every(numbersFit);
}

/** How deep lists and objects lie in each other. @param {string} bare without texts */
function levelsOf(bare) {
	let levels = 0, deepest = 0;
	for (const sign of bare) {
		levels += Number('{['.includes(sign)) - Number('}]'.includes(sign));
		deepest = Math.max(deepest, levels);
	}
	return deepest;
}

/** No U+0000, no half of a surrogate pair: not every language could hold them. @param {any} value @returns {boolean} */
function allLetters(value) {
	if (typeof value === 'string')
		return !/[\0\p{Surrogate}]/u.test(value);
	return !Array.isArray(value) && !isObject(value) || Object.entries(value).flat().every(allLetters);
}

/** @param {Uint8Array} bytes @returns {Record<string, any>} */
export function parseJson(bytes) {
	const text = utf8(bytes), bare = text.replace(STRINGS, '');
	if (levelsOf(bare) > LEVELS_MAX)
		throw new Malformed('it is too deep');
	let value;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new Malformed(`no JSON: ${error instanceof Error ? error.message : error}`);
	}
	if (!isObject(value))
		throw new Malformed('no JSON object');
	// Valid from here on, so a text with a colon behind it is a key, and what is left without texts and words is numbers.
	if ((text.match(/"(?:[^"\\]|\\.)*"(?=\s*:)/g) ?? []).length !== countKeys(value))
		throw new Malformed('a key stands twice');
	if (/[-.eE]/.test(bare.replace(/true|false|null/g, '')) || !numbersFit(value))
		throw new Malformed('a number is not whole or out of range');
	if (!allLetters(value))
		throw new Malformed('a text holds what is no letter');
	return value;
}

/** @type {Record<string, (value: any) => boolean>} */
const TESTS = {
	number: isNumber,
	text: (value) => typeof value === 'string',
	hex: (value) => typeof value === 'string' && HEX.test(value),
	utc: (value) => typeof value === 'string' && UTC.test(value),
	flag: (value) => typeof value === 'boolean',
	list: Array.isArray,
	span: (value) => isObject(value) && isNumber(value.start_us) && isNumber(value.end_us),
	files: (value) => TESTS.parts(value) && value.length <= 6,
	parts: (value) => Array.isArray(value) && value.every((item) => isListed(item) && isFileName(item.name)),
	listed: (value) => Array.isArray(value) && value.every(isListed),
	hexes: (value) => Array.isArray(value) && value.every((item) => TESTS.hex(item)),
};

/** @param {any} item */
const isListed = (item) => isObject(item) && isNumber(item.bytes) && typeof item.name === 'string' && TESTS.hex(item.sha256) && isNumber(item.tail_bytes ?? 0);

/** That each key is there and is what it should be. @param {any} value @param {Record<string, string>} types */
export function need(value, types) {
	for (const [key, type] of Object.entries(types)) {
		if (!isObject(value) || !Object.hasOwn(value, key))
			throw new Malformed(`"${key}" is missing`);
		if (!TESTS[type](value[key]))
			throw new Malformed(`"${key}" is not what it should be`);
	}
}
