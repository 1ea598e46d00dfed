"""Certificates and keys of an embedded installation: made once, never overwritten, private keys readable by one user each."""

import os
import secrets
from pathlib import Path

from .layout import Layout, run_quiet

DAYS = "825"


def _ca(layout: Layout, name: str, subject: str) -> tuple[Path, Path]:
    key, certificate = layout.pki / f"{name}.key", layout.pki / f"{name}.pem"
    if not certificate.exists():
        run_quiet(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650",
                   "-keyout", str(key), "-out", str(certificate), "-subj", f"/CN={subject}",
                   "-addext", "keyUsage=critical,keyCertSign,cRLSign"])
        os.chmod(key, 0o600)
        os.chmod(certificate, 0o644)
    return key, certificate


def _leaf(layout: Layout, name: str, ca: tuple[Path, Path], owner: str | None, subject: str, extensions: list[str], rsa: bool = False) -> None:
    key, certificate = layout.pki / f"{name}.key", layout.pki / f"{name}.pem"
    if certificate.exists():
        return
    request, extension_file = layout.pki / f"{name}.csr", layout.pki / f"{name}.ext"
    kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    run_quiet(["openssl", "req", "-new", "-newkey", *kind, "-nodes", "-keyout", str(key), "-out", str(request), "-subj", f"/CN={subject}"])
    extension_file.write_text("basicConstraints=critical,CA:FALSE\n" + "".join(line + "\n" for line in extensions))
    run_quiet(["openssl", "x509", "-req", "-in", str(request), "-CA", str(ca[1]), "-CAkey", str(ca[0]), "-days", DAYS,
               "-extfile", str(extension_file), "-out", str(certificate)])
    request.unlink()
    extension_file.unlink()
    os.chmod(key, 0o600)
    if owner:
        layout.own(key, owner, 0o600)
    os.chmod(certificate, 0o644)


def create(layout: Layout) -> None:
    """Two authorities (who we are to viewers; who signs evidence), a certificate per listener, the archive key, the master key."""
    service = ["keyUsage=critical,digitalSignature,keyEncipherment", "extendedKeyUsage=serverAuth"]
    names = f"subjectAltName=DNS:localhost,IP:127.0.0.1{',IP:' + layout.listen if layout.listen not in ('127.0.0.1', '0.0.0.0') else ''}"
    ca = _ca(layout, "service-ca", "Vitrine service CA")
    # RSA towards RDP viewers: older mstsc versions do not take EC certificates.
    _leaf(layout, "gateway", ca, "gateway", "vitrine", service + [names], rsa=True)
    _leaf(layout, "web", ca, "web", "vitrine", service + [names])
    _leaf(layout, "demo", ca, "demo", "localhost", service + [names], rsa=True)
    evidence = _ca(layout, "evidence-ca", "Vitrine evidence CA")
    _leaf(layout, "recorder", evidence, "recorder", "vitrine recorder", ["keyUsage=critical,digitalSignature"])
    _leaf(layout, "export", evidence, "web", "vitrine exports", ["keyUsage=critical,digitalSignature"])
    # Whoever has the private half can read recordings: the web service, which plays them; the recorder has the certificate alone.
    _leaf(layout, "archive", evidence, "web", "vitrine archive", ["keyUsage=critical,keyAgreement"])
    # For grants with --keys sealed. No program reads its private half: on a real installation it lies with whoever may read keystrokes.
    _leaf(layout, "keystrokes", evidence, None, "vitrine keystrokes", ["keyUsage=critical,keyAgreement"])
    master = layout.pki / "master.key"
    if not master.exists():
        descriptor = os.open(master, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32) + "\n")
        layout.own(master, "gateway", 0o600)
