"""Certificates and what they sign. Signatures by python3-cryptography, paths to a trusted certificate by the openssl program."""

import calendar
import functools
import re
import subprocess
import tempfile
import time
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from tests.verifier.signed_lines import Malformed

PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class Signer:
    """A certificate on P-256, and others that may stand between it and a trusted one."""

    def __init__(self, pem: bytes, others: bytes = b""):
        """The first certificate of a PEM text; those behind it, and `others`, are intermediates."""
        texts = PEM.findall(pem)
        if not texts:
            raise Malformed("there is no certificate in it")
        self.text, self.others = texts[0], texts[1:] + PEM.findall(others)
        try:
            self.certificate = x509.load_pem_x509_certificate(self.text)
            self.key = self.certificate.public_key()
        except (ValueError, UnsupportedAlgorithm) as error:
            raise Malformed(f"no readable certificate: {error}") from None
        if not isinstance(self.key, ec.EllipticCurvePublicKey) or self.key.curve.name != "secp256r1":
            raise Malformed("the certificate's key is not on P-256")

    @staticmethod
    def texts(pem: bytes) -> list[bytes]:
        return PEM.findall(pem)

    @staticmethod
    def load(text: bytes):
        return x509.load_pem_x509_certificate(text)

    @property
    def subject(self) -> str:
        return self.certificate.subject.rfc4514_string()

    def valid_from(self) -> int:
        return calendar.timegm(self.certificate.not_valid_before.timetuple())

    def signed(self, signature: bytes, data: bytes) -> bool:
        try:
            self.key.verify(signature, data, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True

    def leads_to(self, trusted: list[Path], unix_time: int) -> str:
        """Why the certificate does not lead to one of the trusted files' certificates at that time; empty: it does."""
        return path_trouble(self.text, tuple(self.others), tuple(trusted), unix_time)


@functools.lru_cache  # many recordings are of one signer
def path_trouble(text: bytes, intermediates: tuple, trusted: tuple, unix_time: int) -> str:
    with tempfile.TemporaryDirectory() as folder:
        leaf, others = Path(folder, "leaf"), Path(folder, "others")
        leaf.write_bytes(text + b"\n")
        others.write_bytes(b"\n".join(intermediates) + b"\n")
        command = ["openssl", "verify", *path_options(trusted, unix_time)]
        if intermediates:
            command += ["-untrusted", str(others)]
        done = openssl(command + [str(leaf)])
    return "" if done.returncode == 0 else first_error(done.stderr)


def all_signers(pem: bytes) -> list[Signer]:
    """Each certificate on P-256 of a PEM text, with all of the text as intermediates: those of a log, whose key may have changed."""
    found = []
    for text in PEM.findall(pem):
        try:
            found.append(Signer(text, pem))
        except Malformed:
            continue
    return found


def path_options(trusted: tuple, unix_time: int) -> list[str]:
    options = ["-no-CApath", "-no-CAstore", "-partial_chain", "-attime", str(unix_time)]
    if len(trusted) == 1:
        return options + ["-CAfile", str(trusted[0])]
    return options + [word for path in trusted for word in ("-trusted", str(path))]


def openssl(command: list[str], data: bytes = b"") -> subprocess.CompletedProcess:
    """Under the C locale, so that dates in its output can be read."""
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})


def first_error(text: bytes) -> str:
    lines = [line for line in text.decode("utf-8", "replace").splitlines() if "error" in line.lower()]
    return lines[0].strip() if lines else "openssl refused it"


def unix_time_of(utc: str) -> int:
    """Of `2026-05-01T12:00:00.123456Z`, cut to seconds."""
    try:
        return calendar.timegm(time.strptime(utc[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise Malformed(f"there is no such time as {utc}") from None
