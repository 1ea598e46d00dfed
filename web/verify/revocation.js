// Revocation lists: a revoked signer, and when he may still be believed ("Time stamps" of the page).

import { CertificateRevocationList } from '../console/vendor/evidence.js';
import { bufferOf, equalNames } from './certificates.js';
import { Malformed } from './report.js';

const INVALIDITY_DATE = '2.5.29.24';

/** The lists of a PEM text. @param {Uint8Array} pem @returns {any[]} */
export function readLists(pem) {
	const text = new TextDecoder('latin1').decode(pem);
	return Array.from(text.matchAll(/-----BEGIN X509 CRL-----([^-]*)-----END X509 CRL-----/g), ([, body]) => {
		try {
			return CertificateRevocationList.fromBER(bufferOf(Uint8Array.from(atob(body.replace(/\s/g, '')), (letter) => letter.charCodeAt(0))));
		} catch {
			throw new Malformed('there is a revocation list that cannot be read');
		}
	});
}

/** Its revocation, or the date since when it is doubted, if that is earlier (RFC 5280 5.3.2). @param {any} entry @returns {Date} */
function badSince(entry) {
	const doubted = entry.crlEntryExtensions?.extensions.find((/** @type {any} */ item) => item.extnID === INVALIDITY_DATE)?.parsedValue;
	const dates = [entry.revocationDate.value, ...(doubted ? [doubted.toDate?.() ?? doubted.value] : [])];
	return new Date(Math.min(...dates.map(Number)));
}

/** Its entry in a list of its issuer's; null: it is in none, undefined: there is no such list. @param {any[]} lists @param {any} certificate @param {any} issuer */
async function lookUp(lists, certificate, issuer) {
	let found;
	for (const list of lists) {
		if (!equalNames(list.issuer, certificate.issuer) || !await list.verify({ issuerCertificate: issuer }).catch(() => false))
			continue;
		found = list.revokedCertificates?.find((/** @type {any} */ item) => item.userCertificate.isEqual(certificate.serialNumber)) ?? null;
		if (found)
			return found;
	}
	return found;
}

/** What is to be told, if anything. @param {any[]} path from the signer upwards @param {any[]} lists
 * @param {Date | undefined} stamped time of a trusted stamp over the last thing that was signed @returns {Promise<['note' | 'untrusted', string] | null>} */
export async function judgeRevocation(path, lists, stamped) {
	let anyList = false;
	for (const [at, certificate] of path.slice(0, -1).entries()) {
		const entry = await lookUp(lists, certificate, path[at + 1]);
		anyList ||= entry !== undefined;
		if (!entry)
			continue;
		const since = badSince(entry), when = `a certificate was revoked as of ${since.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
		if (stamped && stamped < since)
			return ['note', `${when}, after the time stamp: what it signed before still holds`];
		return ['untrusted', stamped ? when : `${when}, and no trusted time stamp shows that it signed before`];
	}
	return anyList ? null : ['note', 'no revocation list that you chose is of its issuer'];
}
