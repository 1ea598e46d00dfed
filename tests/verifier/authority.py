"""Keys, certificates, signatures and time stamps of a made-up installation, for tests. Everything that is not ECDSA over a line is made by the openssl program."""

import base64
import subprocess
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

TSA_CONFIG = """[tsa]
default_tsa = one
[one]
serial = {folder}/tsa-serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""
VALID = (datetime(2020, 1, 1), datetime(2120, 1, 1))
ORGANISATION = "TEST KEYS, NOT OF ANY INSTALLATION"


def openssl(*words, data: bytes | None = None) -> bytes:
    done = subprocess.run(["openssl", *map(str, words)], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {words[0]}: {done.stderr.decode('utf-8', 'replace')}")
    return done.stdout


def key_usage(signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(digital_signature=not signs_certificates, content_commitment=False, key_encipherment=False, data_encipherment=False, key_agreement=False,
                         key_cert_sign=signs_certificates, crl_sign=False, encipher_only=False, decipher_only=False)


class Authority:
    """A folder with a CA (`ca`), a node (`node`), a time stamp authority under a CA of its own (`tsa-ca`, `tsa`) and the owner of the archive (`archive`)."""

    def __init__(self, folder: Path):
        self.folder = folder

    def make(self, name: str = "Test") -> "Authority":
        for root in ("ca", "tsa-ca"):
            self.issue(root, None, f"{name} {root}")
        self.issue("node", "ca", "node1")
        self.issue("tsa", "tsa-ca", f"{name} time stamps")
        self.issue("archive", None, f"{name} archive")
        return self

    def renew(self, key_of: str, name: str, issuer: str, common_name: str, valid: tuple[datetime, datetime]) -> Path:
        """Another certificate of a key that there is."""
        self.issue(name, issuer, common_name, valid, serialization.load_pem_private_key(self.key(key_of).read_bytes(), None))
        return self.pem(name)

    def issue(self, name: str, issuer: str | None, common_name: str, valid: tuple[datetime, datetime] = VALID, key=None) -> None:
        """A P-256 key, unless there is one, and its certificate; `issuer` None: self-signed, a CA."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION)])
        by = x509.load_pem_x509_certificate(self.pem(issuer).read_bytes()).subject if issuer else subject
        signer = serialization.load_pem_private_key(self.key(issuer).read_bytes(), None) if issuer else key
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(by).public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(valid[0]).not_valid_after(valid[1]).add_extension(x509.BasicConstraints(issuer is None, None), critical=True)
                   .add_extension(key_usage(issuer is None), critical=True))
        if name == "tsa":
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        self.key(name).write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
        self.pem(name).write_bytes(builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def pem(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def line(self, json_bytes: bytes, name: str = "node") -> bytes:
        """`BASE64 SPACE JSON`, signed."""
        key = serialization.load_pem_private_key(self.key(name).read_bytes(), None)
        return base64.b64encode(key.sign(json_bytes, ec.ECDSA(hashes.SHA256()))) + b" " + json_bytes

    def revoke(self, name: str, issuer: str, since: datetime, invalid_since: datetime | None = None) -> Path:
        """A list of the issuer's in which `name` is revoked."""
        certificate, by = (x509.load_pem_x509_certificate(self.pem(who).read_bytes()) for who in (name, issuer))
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(since)
        if invalid_since:
            entry = entry.add_extension(x509.InvalidityDate(invalid_since), critical=False)
        made = (x509.CertificateRevocationListBuilder().issuer_name(by.subject).last_update(since).next_update(VALID[1]).add_revoked_certificate(entry.build())
                .sign(serialization.load_pem_private_key(self.key(issuer).read_bytes(), None), hashes.SHA256()))
        path = self.folder / f"{name}-{since:%Y%m%d}-{invalid_since:%Y%m%d}.crl" if invalid_since else self.folder / f"{name}-{since:%Y%m%d}.crl"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        return path

    def cms(self, data: bytes, name: str = "node") -> bytes:
        """Detached, with signingTime and signingCertificateV2 (-cades)."""
        return openssl("cms", "-sign", "-binary", "-cades", "-outform", "DER", "-md", "sha256", "-signer", self.pem(name), "-inkey", self.key(name), data=data)

    def stamp(self, data: bytes) -> bytes:
        """A TimeStampResp."""
        config, query, source = self.folder / "tsa.conf", self.folder / "query.tsq", self.folder / "stamped"
        config.write_text(TSA_CONFIG.format(folder=self.folder))
        source.write_bytes(data)
        openssl("ts", "-query", "-data", source, "-sha256", "-cert", "-out", query)
        answer = openssl("ts", "-reply", "-config", config, "-queryfile", query)
        for file in (config, query, source, self.folder / "tsa-serial", self.folder / "tsa-serial.old"):
            file.unlink(missing_ok=True)
        return answer
