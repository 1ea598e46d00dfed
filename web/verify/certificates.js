// Certificates, what they sign, and where they lead. ASN.1, X.509 and CMS are the library's, ECDSA and RSA are Web Crypto's.

import { Certificate, CertificateChainValidationEngine, createCMSECDSASignature, createECDSASignatureFromCMS, fromBER } from '../console/vendor/evidence.js';
import { equal } from './bytes.js';
import { Malformed } from './report.js';

const NAMES = /** @type {Record<string, string>} */ ({
	'2.5.4.3': 'CN', '2.5.4.10': 'O', '2.5.4.11': 'OU', '2.5.4.6': 'C', '2.5.4.7': 'L', '2.5.4.8': 'ST', '1.2.840.113549.1.9.1': 'emailAddress',
});
const P256 = '1.2.840.10045.3.1.7', EC_KEY = '1.2.840.10045.2.1';

/** @param {Uint8Array} bytes a copy whose buffer holds nothing else */
export const bufferOf = (bytes) => /** @type {ArrayBuffer} */ (bytes.slice().buffer);

/** The certificates of a PEM text (or of one DER file). @param {Uint8Array} pem @returns {any[]} */
export function readCertificates(pem) {
	if (pem[0] === 0x30)
		return [parseCertificate(pem)];
	const text = new TextDecoder('latin1').decode(pem);
	const found = text.matchAll(/-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g);
	return Array.from(found, ([, body]) => {
		try {
			return parseCertificate(Uint8Array.from(atob(body.replace(/\s/g, '')), (letter) => letter.charCodeAt(0)));
		} catch {
			throw new Malformed('there is a certificate that cannot be read');
		}
	});
}

/** @param {Uint8Array} der */
function parseCertificate(der) {
	try {
		return Certificate.fromBER(bufferOf(der));
	} catch {
		throw new Malformed('there is a certificate that cannot be read');
	}
}

/** Around the signed part as it was read, not encoded anew: what is hashed must be what was there. @param {any} certificate */
export const der = (certificate) => new Uint8Array(certificate.toSchema(false).toBER(false));

/** One DER object with nothing behind it. The library reads BER, which has many forms of the same; DER has one. @param {Uint8Array} bytes */
export function parseDer(bytes) {
	const parsed = fromBER(bufferOf(bytes));
	if (parsed.offset === -1 || !equal(new Uint8Array(parsed.result.toBER(false)), bytes))
		throw new Malformed('it is not one DER object');
	return parsed.result;
}

/** "CN=node1, O=Example" @param {any} certificate */
export function subjectOf(certificate) {
	return certificate.subject.typesAndValues.map((/** @type {any} */ part) => `${NAMES[part.type] ?? part.type}=${part.value.valueBlock.value}`).join(', ');
}

/** A certificate on P-256, and others that may stand between it and a trusted one. */
export class Signer {
	/** @param {any} certificate @param {any[]} others */
	constructor(certificate, others) {
		const algorithm = certificate.subjectPublicKeyInfo.algorithm;
		if (algorithm.algorithmId !== EC_KEY || algorithm.algorithmParams?.valueBlock?.toString() !== P256)
			throw new Malformed("the certificate's key is not on P-256");
		this.certificate = certificate;
		this.others = others;
		/** @type {Promise<CryptoKey> | null} */
		this.key = null;
	}

	/** The first certificate of a PEM text; those behind it are intermediates. @param {Uint8Array} pem */
	static fromPem(pem) {
		const [first, ...others] = readCertificates(pem);
		if (!first)
			throw new Malformed('there is no certificate in it');
		return new Signer(first, others);
	}

	/** Each certificate on P-256 of a PEM text: those of a log, whose key may have changed. @param {Uint8Array} pem */
	static all(pem) {
		const every = readCertificates(pem);
		return every.flatMap((certificate) => {
			try {
				return [new Signer(certificate, every)];
			} catch {
				return [];
			}
		});
	}

	get subject() {
		return subjectOf(this.certificate);
	}

	/** @param {Uint8Array} signature DER @param {Uint8Array} data */
	async signed(signature, data) {
		this.key ??= crypto.subtle.importKey('spki', this.certificate.subjectPublicKeyInfo.toSchema().toBER(false), { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
		const raw = rawSignature(signature);
		return raw !== null && crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, await this.key, raw, /** @type {any} */ (data));
	}

	/** Why it does not lead to one of the trusted certificates at that time; empty: it does. @param {any[]} trusted @param {Date} date */
	async leadsTo(trusted, date) {
		return pathTrouble(this.certificate, this.others, trusted, date);
	}
}

/** r and s as Web Crypto wants them; null when it is not the DER form and no other. @param {Uint8Array} signature */
function rawSignature(signature) {
	try {
		const raw = createECDSASignatureFromCMS(parseDer(signature), 32);
		return equal(new Uint8Array(createCMSECDSASignature(raw)), signature) ? raw : null;
	} catch {
		return null;
	}
}

/** @param {any} certificate @param {Date} date */
const validAt = (certificate, date) => certificate.notBefore.value <= date && date <= certificate.notAfter.value;

/** @param {any} a @param {any} b distinguished names */
export const equalNames = (a, b) => equal(new Uint8Array(a.toSchema().toBER(false)), new Uint8Array(b.toSchema().toBER(false)));

/** Why there is no path to a trusted certificate; empty: there is one.
 * @param {any} certificate @param {any[]} others @param {any[]} trusted @param {Date} date */
export async function pathTrouble(certificate, others, trusted, date) {
	return (await findPath(certificate, others, trusted, date)).why;
}

/** RFC 5280, with any trusted certificate as the end. @param {any} certificate @param {any[]} others @param {any[]} trusted @param {Date} date
 * @returns {Promise<{ why: string, path: any[] }>} `path` from the certificate upwards */
export async function findPath(certificate, others, trusted, date) {
	const own = der(certificate);
	if (trusted.some((item) => equal(der(item), own)))
		return { why: validAt(certificate, date) ? '' : 'it was not valid at that time', path: [certificate] };
	try {
		// The engine looks at the last certificate of the list, and at the others for a path. Of one that stands there twice it forgets the second.
		const between = others.filter((item) => !equal(der(item), own));
		const engine = new CertificateChainValidationEngine({ trustedCerts: trusted, certs: [...between, certificate], checkDate: date });
		const result = await engine.verify({});
		return { why: result.result ? '' : result.resultMessage, path: result.certificatePath ?? [] };
	} catch (error) {
		return { why: error instanceof Error ? error.message : String(error), path: [] };
	}
}

/** Of `2026-05-01T12:00:00.123456Z`. @param {string} utc */
export function dateOf(utc) {
	const date = new Date(`${utc.slice(0, 19)}Z`);
	if (Number.isNaN(date.getTime()))
		throw new Malformed(`there is no such time as ${utc}`);
	return date;
}

