"""The evidence file as bytes: boxes, footer and archive."""

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Iterator

from tests.verifier.signed_lines import FILE_NAME, Malformed

USERTYPE = bytes.fromhex("fc0de0a17bb34c199a6e2f1d6f0b9e57")
FOOTER = re.compile(rb"VITRINE-EVIDENCE-1 ([0-9]{12})\n")
FOOTER_BYTES, HEADER_BYTES, BLOCK = 32, 24, 512


@dataclass
class Entry:
    offset: int
    size: int


def boxes(stream: BinaryIO, end: int) -> Iterator[tuple[int, int, bytes]]:
    """Offset, size and type (a uuid box: its usertype) of each box; they must fill the file (ISO/IEC 14496-12 4.2)."""
    offset = 0
    while offset < end:
        stream.seek(offset)
        header = stream.read(HEADER_BYTES)
        size, kind = int.from_bytes(header[:4], "big"), header[4:8]
        if size == 1:
            size = int.from_bytes(header[8:16], "big")
        if len(header) < 8 or size < 8 or offset + size > end:
            raise Malformed(f"the boxes of the video do not fill it: that at byte {offset} does not fit")
        yield offset, size, header[8:24] if kind == b"uuid" else kind
        offset += size


def find_box(path: Path) -> tuple[int, int]:
    """Where our box begins and ends, as the footer tells."""
    end = path.stat().st_size
    with open(path, "rb") as stream:
        stream.seek(max(0, end - FOOTER_BYTES))
        footer = FOOTER.fullmatch(stream.read(FOOTER_BYTES))
        if not footer:
            raise Malformed("the file does not end as evidence does: its end was cut off or changed, or it is another file")
        size = int(footer[1])
        stream.seek(max(0, end - size))
        if size > end or stream.read(HEADER_BYTES) != size.to_bytes(4, "big") + b"uuid" + USERTYPE:
            raise Malformed("the box that the footer speaks of does not lie in the file")
    return end - size, end


def video_trouble(path: Path, end: int) -> str:
    """What is wrong with the boxes in front of ours; empty: nothing."""
    try:
        with open(path, "rb") as stream:
            if any(kind == USERTYPE for _, _, kind in boxes(stream, end)):
                return "a second box of evidence lies in the video"
    except Malformed as error:
        return str(error)
    return ""


def zeros(stream: BinaryIO, size: int) -> bool:
    return stream.read(size).count(0) == size


def read_entry(stream: BinaryIO, header: bytes) -> tuple[str, Entry]:
    """One entry of the archive; leaves the stream behind its padding."""
    try:
        info = tarfile.TarInfo.frombuf(header, "ascii", "strict")
    except (tarfile.HeaderError, UnicodeDecodeError) as error:
        raise Malformed(f"the archive has a header that is none: {error}") from None
    if header[257:265] != b"ustar\x0000" or info.type != tarfile.REGTYPE or header[345:500].strip(b"\0"):
        raise Malformed("the archive has an entry that is not a plain file of POSIX ustar")
    if header[148:156] != b"%06o\0 " % info.chksum:
        raise Malformed("the archive has a header whose checksum is not written as the page says")
    if not FILE_NAME.fullmatch(info.name) and info.name != "README.txt":
        raise Malformed(f"the archive has an entry of the name {info.name!r}")
    entry = Entry(stream.tell(), info.size)
    stream.seek(info.size, 1)
    if not zeros(stream, -info.size % BLOCK):
        raise Malformed(f"the bytes behind {info.name} in the archive are not zero")
    return info.name, entry


def read_archive(path: Path, start: int, end: int) -> dict[str, Entry]:
    """Names in their order."""
    entries: dict[str, Entry] = {}
    limit = end - FOOTER_BYTES
    with open(path, "rb") as stream:
        stream.seek(start + HEADER_BYTES)
        while stream.tell() + BLOCK <= limit:
            header = stream.read(BLOCK)
            if header.count(0) == BLOCK:
                rest = limit - stream.tell()
                if rest < BLOCK or rest % BLOCK or not zeros(stream, rest):
                    raise Malformed("the archive does not end in whole blocks of zeros")
                return entries
            name, entry = read_entry(stream, header)
            if name in entries:
                raise Malformed(f"the archive has {name} twice")
            entries[name] = entry
    raise Malformed("the archive has no end")
