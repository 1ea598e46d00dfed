"""Revocation lists: a revoked signer, and when he may still be believed ("Time stamps" of the page)."""

import re
from datetime import timezone
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from tests.verifier.certificates import Signer
from tests.verifier.findings import NOTE, UNTRUSTED
from tests.verifier.signed_lines import Malformed

LIST = re.compile(rb"-----BEGIN X509 CRL-----.*?-----END X509 CRL-----", re.DOTALL)


def read_lists(paths: list[Path]) -> list:
    return [x509.load_pem_x509_crl(text) for path in paths for text in LIST.findall(path.read_bytes())]


def issued(certificate, issuer) -> bool:
    key, signature, data = issuer.public_key(), certificate.signature, certificate.tbs_certificate_bytes
    if certificate.issuer != issuer.subject:
        return False
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), certificate.signature_hash_algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(certificate.signature_hash_algorithm))
        else:
            return False
    except InvalidSignature:
        return False
    return True


def path_of(signer: Signer, trusted: list[Path]) -> list:
    """From the signer's certificate to the first trusted one."""
    anchors = [Signer.load(text) for path in trusted for text in Signer.texts(path.read_bytes())]
    others, path = [Signer.load(text) for text in signer.others], [signer.certificate]
    while path[-1] not in anchors and len(path) < 10:
        above = next((item for item in anchors + others if issued(path[-1], item) and item not in path), None)
        if above is None:
            break
        path.append(above)
    return path


def bad_since(entry) -> int:
    """Its revocation, or the date since when it is doubted, if that is earlier (RFC 5280 5.3.2)."""
    dates = [entry.revocation_date]
    try:
        dates.append(entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date)
    except x509.ExtensionNotFound:
        pass
    return min(int(date.replace(tzinfo=timezone.utc).timestamp()) for date in dates)


def judge_revocation(signer: Signer, trusted: list[Path], lists: list, stamped: int | None) -> tuple[str, str] | None:
    """`stamped`: time of a trusted stamp over the last thing that was signed. None: nothing to tell."""
    try:
        path = path_of(signer, trusted)
    except ValueError as error:
        raise Malformed(f"a certificate cannot be read: {error}") from None
    any_list = False
    for certificate, issuer in zip(path, path[1:]):
        for found in (item for item in lists if item.issuer == certificate.issuer and item.is_signature_valid(issuer.public_key())):
            any_list = True
            entry = found.get_revoked_certificate_by_serial_number(certificate.serial_number)
            if entry is None:
                continue
            if stamped is not None and stamped < bad_since(entry):
                return NOTE, "a certificate was revoked after the time stamp: what it signed before still holds"
            return UNTRUSTED, "a certificate was revoked" + ("" if stamped is not None else ", and no trusted time stamp shows that it signed before")
    return None if any_list else (NOTE, "no revocation list that was named is of its issuer")
