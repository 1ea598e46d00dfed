"""Reads recordings as docs/evidence-format.md says they lie in a store, "Encryption at rest": written from that page, with openssl and AES-GCM alone."""

import os
import re
import struct
import subprocess
import uuid
from pathlib import Path

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER = struct.Struct(">4sHH16s")
RECORD = struct.Struct(">IQ")


def data_key(sealed: Path, archive_key: Path) -> bytes:
    return subprocess.run(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(sealed), "-inkey", str(archive_key)],
                          stdout=subprocess.PIPE, check=True).stdout


def decrypt(path: Path, archive_key: Path) -> bytes:
    """The plain bytes of a file NAME.enc or NAME.enc.part, or of sealed keystrokes, NAME.keys; raises when a whole record is not what was written there."""
    text, name = path.read_bytes(), re.sub(r"\.enc(\.part)?$", "", path.name)
    if not text:
        return b""
    header, plain, at, number = text[:HEADER.size], b"", HEADER.size, 0
    magic, version, key_number, _ = HEADER.unpack(header)
    assert (magic, version) == (b"VTRE", 1), path
    kind = "keys" if name.endswith(".keys") else "key"
    cipher = AESGCM(data_key(path.with_name(f"{kind}-{key_number:03}.cms"), archive_key))
    while at + RECORD.size <= len(text):
        head = text[at:at + RECORD.size]
        length, counter = RECORD.unpack(head)
        body = text[at + RECORD.size:at + RECORD.size + length + 16]
        if len(body) < length + 16:
            break  # cut off by a crash
        associated = header + name.encode().ljust(32, b"\0") + struct.pack(">QQ", number, len(plain)) + head
        plain += cipher.decrypt(bytes(4) + struct.pack(">Q", counter), body, associated)
        at, number = at + RECORD.size + length + 16, number + 1
    return plain


def encrypt(folder: Path, name: str, session: str, pieces: list[bytes], certificate: Path) -> None:
    """Writes sealed keystrokes as the page says, a record for each piece, and their data key."""
    key = os.urandom(32)
    subprocess.run(["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER", "-out", str(folder / "keys-001.cms"),
                    "-recip", str(certificate), "-keyopt", "ecdh_kdf_md:sha256"], input=key, check=True)
    header, plain = HEADER.pack(b"VTRE", 1, 1, uuid.UUID(session).bytes), 0
    text = header
    for number, piece in enumerate(pieces):
        head = RECORD.pack(len(piece), number + 1)
        associated = header + name.encode().ljust(32, b"\0") + struct.pack(">QQ", number, plain) + head
        text += head + AESGCM(key).encrypt(bytes(4) + struct.pack(">Q", number + 1), piece, associated)
        plain += len(piece)
    (folder / name).write_bytes(text)
