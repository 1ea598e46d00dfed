// RFC 3161 time stamps.

import { TimeStampResp, TSTInfo } from '../console/vendor/evidence.js';
import { hashOf, hex } from './bytes.js';
import { parseDer, pathTrouble, subjectOf } from './certificates.js';
import { checkSigner, signedDataIn } from './cms.js';
import { Malformed } from './report.js';

const SHA256 = '2.16.840.1.101.3.4.2.1', EXTENDED_KEY_USAGE = '2.5.29.37', TIME_STAMPING = '1.3.6.1.5.5.7.3.8', TST_INFO = '1.2.840.113549.1.9.16.1.4';

/** @param {Uint8Array} answer @param {Uint8Array} stamped */
async function open(answer, stamped) {
	const response = new TimeStampResp({ schema: parseDer(answer) });
	if (response.status.status > 1 || !response.timeStampToken)
		throw new Malformed('the authority did not grant it');
	const token = signedDataIn(response.timeStampToken);
	const content = token.encapContentInfo.eContent;
	if (!content)
		throw new Malformed('it holds nothing');
	const info = TSTInfo.fromBER(content.getValue());
	const imprint = info.messageImprint;
	if (imprint.hashAlgorithm.algorithmId !== SHA256 || hex(new Uint8Array(imprint.hashedMessage.valueBlock.valueHexView)) !== hashOf(stamped))
		throw new Malformed('it stamps other bytes');
	const signer = await checkSigner(token, TST_INFO, stamped);
	if (!onlyStampsTime(signer))
		throw new Malformed('its certificate is not for time stamps');
	return { signer, others: token.certificates ?? [], date: /** @type {Date} */ (info.genTime) };
}

/** The extended key usage timeStamping alone, critical (RFC 3161 2.3). @param {any} certificate */
function onlyStampsTime(certificate) {
	const extension = certificate.extensions?.find((/** @type {any} */ item) => item.extnID === EXTENDED_KEY_USAGE);
	return extension?.critical === true && equalText(extension.parsedValue.keyPurposes, [TIME_STAMPING]);
}

/** @param {string[]} a @param {string[]} b */
const equalText = (a, b) => a.length === b.length && a.every((item, at) => item === b[at]);

/** The stamp's time when it is from a trusted authority, in a list; an empty one otherwise.
 * @param {string} name @param {Uint8Array} answer @param {Uint8Array} stamped @param {any[]} trusted @param {import('./report.js').Report} report
 * @returns {Promise<Date[]>} */
export async function checkStamp(name, answer, stamped, trusted, report) {
	let stamp;
	try {
		stamp = await open(answer, stamped);
	} catch (error) {
		report.add('broken', `the time stamp ${name} does not hold: ${error instanceof Error ? error.message : error}`);
		return [];
	}
	const when = stamp.date.toISOString().replace('T', ' ').slice(0, 19);
	if (trusted.length > 0 && await pathTrouble(stamp.signer, stamp.others, trusted, stamp.date) === '') {
		(report.facts.stamps ??= []).push({ name, time: stamp.date, by: subjectOf(stamp.signer) });
		return [stamp.date];
	}
	report.add('note', `the time stamp ${name} says ${when} UTC; its authority, ${subjectOf(stamp.signer)}, is not among the certificates you trust`);
	return [];
}

