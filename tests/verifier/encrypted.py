""""Encryption at rest" of the page: data keys out of their sealed form, and plain bytes out of encrypted files. Without a key, how many plain bytes there are."""

import os
import re
import tempfile
from pathlib import Path
from typing import Iterator

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.verifier.certificates import openssl
from tests.verifier.signed_lines import Malformed

HEADER_BYTES, RECORD_HEADER_BYTES, TAG_BYTES, RECORD_MAX_BYTES, NAME_BYTES = 24, 12, 16, 1048576, 32
PRIVATE_KEY = re.compile(rb"-----BEGIN (?:EC )?PRIVATE KEY-----.*?-----END (?:EC )?PRIVATE KEY-----", re.DOTALL)


class DataKeys:
    """Opens sealed data keys with the private keys of some PEM files; by openssl, for python3-cryptography knows no AuthEnvelopedData."""

    def __init__(self, pems: list[Path]):
        self.private = [text for pem in pems for text in PRIVATE_KEY.findall(pem.read_bytes())]

    def open(self, sealed: Path) -> bytes | None:
        """None: it is sealed to somebody else, or is none."""
        for text in self.private:
            with tempfile.TemporaryDirectory() as folder:
                key = Path(folder, "key")
                key.write_bytes(text + b"\n")
                os.chmod(key, 0o600)
                done = openssl(["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", str(sealed), "-inkey", str(key)])
            if done.returncode == 0 and len(done.stdout) == 32:
                return done.stdout
        return None


class Records:
    """The records of a file. Bytes behind the last whole one are allowed in a growing file only."""

    def __init__(self, path: Path, name: str, growing: bool, session: str | None):
        self.path, self.name, self.growing, self.size = path, name, growing, path.stat().st_size
        with open(path, "rb") as file:
            self.header = file.read(HEADER_BYTES)
        if len(self.header) < HEADER_BYTES and (growing or self.size == 0):
            self.header = b""  # nothing was written yet
        elif self.header[:6] != b"VTRE\0\1" or self.header[6:8] == b"\0\0" or len(self.header) < HEADER_BYTES:
            raise Malformed("no header of an encrypted file")
        elif session is not None and self.header[8:].hex() != session.replace("-", "").lower():
            raise Malformed("it is of another session")

    @property
    def key_number(self) -> int:
        return int.from_bytes(self.header[6:8], "big")

    def records(self) -> Iterator[tuple[bytes, bytes]]:
        """(its first 12 bytes, ciphertext and tag) of each."""
        counter = -1
        with open(self.path, "rb") as file:
            file.seek(len(self.header))
            while self.header:
                record = file.read(RECORD_HEADER_BYTES)
                length = int.from_bytes(record[:4], "big")
                if len(record) == RECORD_HEADER_BYTES and not 1 <= length <= RECORD_MAX_BYTES and not self.growing:
                    raise Malformed(f"a record of {length} bytes")
                whole = len(record) == RECORD_HEADER_BYTES and 1 <= length <= RECORD_MAX_BYTES and file.tell() + length + TAG_BYTES <= self.size
                if not whole:
                    if record and not self.growing:
                        raise Malformed("its last record is cut")
                    return
                if int.from_bytes(record[4:], "big") <= counter:
                    raise Malformed("nonce counters do not rise")
                counter = int.from_bytes(record[4:], "big")
                yield record, file.read(length + TAG_BYTES)

    def plain_bytes(self) -> int:
        return sum(len(sealed) - TAG_BYTES for _, sealed in self.records())

    def plain(self, key: bytes) -> Iterator[bytes]:
        offset, name = 0, self.name.encode().ljust(NAME_BYTES, b"\0")
        for number, (record, sealed) in enumerate(self.records()):
            associated = self.header + name + number.to_bytes(8, "big") + offset.to_bytes(8, "big") + record
            try:
                text = AESGCM(key).decrypt(b"\0\0\0\0" + record[4:], sealed, associated)
            except InvalidTag:
                raise Malformed(f"record {number} is not what was written there: it was changed, moved or taken out") from None
            yield text
            offset += len(text)


class PlainStream:
    """What `Claims.check` reads from."""

    def __init__(self, pieces: Iterator[bytes]):
        self.pieces, self.left = pieces, b""

    def read(self, size: int) -> bytes:
        if not self.left:
            self.left = next(self.pieces, b"")
        found, self.left = self.left[:size], self.left[size:]
        return found
