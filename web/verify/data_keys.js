// Sealed data keys: CMS AuthEnvelopedData (RFC 5083) for one recipient by key agreement on P-256 (RFC 5753), opened with Web Crypto.

import { Integer, ObjectIdentifier, OctetString, Sequence } from '../console/vendor/evidence.js';
import { bufferOf, parseDer } from './certificates.js';

const AUTH_ENVELOPED_DATA = '1.2.840.113549.1.9.16.1.23', STD_DH_SHA256_KDF = '1.3.132.1.11.1', AES256_WRAP = '2.16.840.1.101.3.4.1.45', AES256_GCM = '2.16.840.1.101.3.4.1.46';
const EC_PUBLIC_KEY = '1.2.840.10045.2.1', P256 = '1.2.840.10045.3.1.7', CURVE = { name: 'ECDH', namedCurve: 'P-256' };
const DATA_KEY_BYTES = 32;

/** All private keys of a PEM text that are on P-256. @param {Uint8Array} pem @returns {Promise<CryptoKey[]>} */
export async function readPrivateKeys(pem) {
	const text = new TextDecoder('latin1').decode(pem), keys = [];
	for (const [, kind, body] of text.matchAll(/-----BEGIN (EC )?PRIVATE KEY-----([^-]*)-----END (?:EC )?PRIVATE KEY-----/g)) {
		const der = Uint8Array.from(atob(body.replace(/\s/g, '')), (letter) => letter.charCodeAt(0));
		keys.push(await crypto.subtle.importKey('pkcs8', kind ? wrapped(der) : bufferOf(der), CURVE, false, ['deriveBits']));
	}
	return keys;
}

/** A key of RFC 5915 as one of RFC 5958, which alone Web Crypto takes. @param {Uint8Array} der @returns {ArrayBuffer} */
function wrapped(der) {
	return new Sequence({ value: [
		new Integer({ value: 0 }), new Sequence({ value: [new ObjectIdentifier({ value: EC_PUBLIC_KEY }), new ObjectIdentifier({ value: P256 })] }),
		new OctetString({ valueHex: bufferOf(der) }),
	] }).toBER(false);
}

/** @param {any} item @param {...number} places */
const inside = (item, ...places) => places.reduce((at, place) => at?.valueBlock?.value?.[place], item);
/** @param {any} item */
const bytesOf = (item) => /** @type {Uint8Array} */ (item.valueBlock.valueHexView);
/** The element with this context tag. @param {any} item @param {number} tag */
const tagged = (item, tag) => item?.valueBlock?.value?.find((/** @type {any} */ part) => part.idBlock.tagClass === 3 && part.idBlock.tagNumber === tag);

/** What a sealed key is made of; null when it is none. @param {Uint8Array} der */
function parse(der) {
	try {
		const outer = parseDer(der), enveloped = inside(outer, 1, 0), recipient = tagged(enveloped.valueBlock.value.find((/** @type {any} */ part) => part.idBlock.tagNumber === 17), 1);
		const agreement = recipient.valueBlock.value, algorithm = agreement.find((/** @type {any} */ part) => part.idBlock.tagClass === 1 && inside(part, 1) && inside(part, 0)?.valueBlock.toString() === STD_DH_SHA256_KDF);
		const content = enveloped.valueBlock.value.find((/** @type {any} */ part) => part.idBlock.tagClass === 1 && part.idBlock.tagNumber === 16);
		const cipher = inside(content, 1), mac = enveloped.valueBlock.value.at(-1), wrap = inside(algorithm, 1);
		if (inside(outer, 0).valueBlock.toString() !== AUTH_ENVELOPED_DATA || inside(wrap, 0).valueBlock.toString() !== AES256_WRAP || inside(cipher, 0).valueBlock.toString() !== AES256_GCM)
			return null;
		return {
			originator: bytesOf(inside(tagged(recipient, 0), 0, 1)), wrapAlgorithm: new Uint8Array(wrap.toBER(false)), ukm: tagged(recipient, 1),
			sealedKey: bytesOf(inside(agreement.at(-1), 0, 1)), nonce: bytesOf(inside(cipher, 1, 0)), mac: bytesOf(mac), ciphertext: octets(tagged(content, 0)),
		};
	} catch {
		return null;
	}
}

/** An implicitly tagged octet string. @param {any} item */
const octets = (item) => new Uint8Array(item.valueBlock.valueHexView ?? bytesOf(inside(item, 0)));

/** ECC-CMS-SharedInfo of RFC 5753 section 7.2 for a key of 256 bits. @param {Uint8Array} wrapAlgorithm @param {any} ukm */
function sharedInfo(wrapAlgorithm, ukm) {
	const length = [0xa2, 6, 4, 4, 0, 0, 1, 0], entity = ukm ? [0xa0, ...new Uint8Array(ukm.toBER(false)).subarray(1)] : [];
	const body = [...wrapAlgorithm, ...entity, ...length];
	return Uint8Array.from([0x30, body.length, ...body]);
}

/** @param {NonNullable<ReturnType<typeof parse>>} sealed @param {CryptoKey} key */
async function openWith(sealed, key) {
	const originator = await crypto.subtle.importKey('raw', bufferOf(sealed.originator), CURVE, false, []);
	const secret = new Uint8Array(await crypto.subtle.deriveBits({ name: 'ECDH', public: originator }, key, 256));
	// ANSI X9.63: one round of SHA-256 gives all 256 bits.
	const derived = await crypto.subtle.digest('SHA-256', Uint8Array.from([...secret, 0, 0, 0, 1, ...sharedInfo(sealed.wrapAlgorithm, sealed.ukm)]));
	const wrapping = await crypto.subtle.importKey('raw', derived, 'AES-KW', false, ['unwrapKey']);
	const content = await crypto.subtle.unwrapKey('raw', bufferOf(sealed.sealedKey), wrapping, 'AES-KW', 'AES-GCM', false, ['decrypt']);
	const box = Uint8Array.from([...sealed.ciphertext, ...sealed.mac]);
	const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: bufferOf(sealed.nonce), tagLength: sealed.mac.length * 8 }, content, box);
	return plain.byteLength === DATA_KEY_BYTES ? crypto.subtle.importKey('raw', plain, 'AES-GCM', false, ['decrypt']) : null;
}

/** The data key, by whichever private key fits; null when none does. @param {Uint8Array} der @param {CryptoKey[]} keys */
export async function openDataKey(der, keys) {
	const sealed = parse(der);
	for (const key of sealed ? keys : []) {
		const opened = await openWith(/** @type {any} */ (sealed), key).catch(() => null);
		if (opened)
			return opened;
	}
	return null;
}
