""""Encryption at rest" of the page, as far as it can be judged without a key: how many plain bytes a file has."""

from pathlib import Path

from tests.verifier.signed_lines import Malformed

HEADER_BYTES, RECORD_HEADER_BYTES, TAG_BYTES, RECORD_MAX_BYTES = 24, 12, 16, 1048576


def plain_bytes(path: Path, growing: bool) -> int:
    """Sums the lengths in the records' headers. Bytes behind the last whole record are allowed in a growing file only."""
    size = path.stat().st_size
    if size == 0:
        return 0
    total, counter = 0, -1
    with open(path, "rb") as file:
        header = file.read(HEADER_BYTES)
        if len(header) < HEADER_BYTES and growing:
            return 0
        if len(header) < HEADER_BYTES or header[:6] != b"VTRE\0\1" or header[6:8] == b"\0\0":
            raise Malformed("no header of an encrypted file")
        while True:
            record = file.read(RECORD_HEADER_BYTES)
            length = int.from_bytes(record[:4], "big")
            if len(record) == RECORD_HEADER_BYTES and not 1 <= length <= RECORD_MAX_BYTES:
                raise Malformed(f"a record of {length} bytes")
            whole = len(record) == RECORD_HEADER_BYTES and file.tell() + length + TAG_BYTES <= size
            if not whole and record and not growing:
                raise Malformed("its last record is cut")
            if not whole:
                return total
            if int.from_bytes(record[4:], "big") <= counter:
                raise Malformed("nonce counters do not rise")
            counter = int.from_bytes(record[4:], "big")
            file.seek(length + TAG_BYTES, 1)
            total += length
