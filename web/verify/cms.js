// CMS signatures (RFC 5652) with signingCertificateV2 (RFC 5035).

import { ContentInfo, SignedData, sha256 } from '../console/vendor/evidence.js';
import { equal } from './bytes.js';
import { bufferOf, der, parseDer } from './certificates.js';
import { Malformed } from './report.js';

const SIGNED_DATA = '1.2.840.113549.1.7.2', SIGNING_TIME = '1.2.840.113549.1.9.5', SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12', CONTENT_TYPE = '1.2.840.113549.1.9.3';

/** @param {Uint8Array} bytes */
export function parseSignedData(bytes) {
	return signedDataIn(new ContentInfo({ schema: parseDer(bytes) }));
}

/** @param {any} outer */
export function signedDataIn(outer) {
	if (outer.contentType !== SIGNED_DATA)
		throw new Malformed('it is no signed data');
	return new SignedData({ schema: outer.content });
}

/** @param {any} signed @param {string} type */
function attribute(signed, type) {
	const list = signed.signerInfos[0].signedAttrs?.attributes ?? [];
	return list.find((/** @type {any} */ item) => item.type === type)?.values[0];
}

/** The first hash of ESSCertIDv2 is the signer's; without an algorithm in front of it, it is SHA-256. Version 1 is SHA-1 (RFC 2634 5.4).
 * @param {any} signed @param {any} signer */
async function namesSigner(signed, signer) {
	const second = attribute(signed, SIGNING_CERTIFICATE_V2), first = attribute(signed, SIGNING_CERTIFICATE);
	const id = (second ?? first)?.valueBlock.value[0]?.valueBlock.value[0]?.valueBlock.value;
	if (!id)
		return false;
	const own = der(signer);
	if (!second)
		return equal(hashIn(id[0]), new Uint8Array(await crypto.subtle.digest('SHA-1', bufferOf(own))));
	const named = id[0].valueBlock.value?.[0]?.valueBlock?.toString();
	if (named !== undefined) {
		const names = /** @type {Record<string, string>} */ ({ '2.16.840.1.101.3.4.2.1': 'SHA-256', '2.16.840.1.101.3.4.2.2': 'SHA-384', '2.16.840.1.101.3.4.2.3': 'SHA-512' });
		return named in names && equal(hashIn(id[1]), new Uint8Array(await crypto.subtle.digest(names[named], bufferOf(own))));
	}
	return equal(hashIn(id[0]), sha256(own));
}

/** @param {any} octets */
const hashIn = (octets) => new Uint8Array(octets?.valueBlock.valueHexView ?? []);

/** RFC 5652 5.1 and 11.1: the digest is announced, and the signed content type is that of the content. @param {any} signed @param {string} type */
function fitsTogether(signed, type) {
	const [{ digestAlgorithm }] = signed.signerInfos;
	return signed.encapContentInfo.eContentType === type && attribute(signed, CONTENT_TYPE)?.valueBlock.toString() === type &&
		signed.digestAlgorithms.some((/** @type {any} */ item) => item.algorithmId === digestAlgorithm.algorithmId);
}

/** The certificate of the one signer, when the signature holds; throws otherwise. `type`: of the content. `data`: the detached content, or of a time stamp the bytes it stamps.
 * @param {any} signed @param {string} type @param {Uint8Array} data */
export async function checkSigner(signed, type, data) {
	if (signed.signerInfos.length !== 1)
		throw new Malformed('it has not exactly one signer');
	if (signed.signerInfos[0].unsignedAttrs)
		throw new Malformed('it has unsigned attributes');
	if (!fitsTogether(signed, type))
		throw new Malformed('its parts do not fit together');
	const result = await signed.verify({ signer: 0, checkChain: false, extendedMode: true, data: bufferOf(data) }).catch((/** @type {any} */ error) => error);
	if (!result.signatureVerified || !result.signerCertificate)
		throw new Malformed(result.message || 'its signature does not fit');
	if (!await namesSigner(signed, result.signerCertificate))
		throw new Malformed("it does not name its signer's certificate");
	return result.signerCertificate;
}

/** @param {any} signed @returns {Date} */
export function signingTime(signed) {
	const value = attribute(signed, SIGNING_TIME);
	if (!value?.toDate)
		throw new Malformed('it has no signing time');
	return value.toDate();
}
