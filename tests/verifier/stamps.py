"""RFC 3161 time stamps, by the openssl program."""

import calendar
import functools
import hashlib
import re
import tempfile
import time
from pathlib import Path

from tests.verifier.certificates import first_error, openssl
from tests.verifier.findings import BROKEN, NOTE, Report

GRANTED = (b"Status: Granted.", b"Status: Granted with modifications.")


def der_bytes(data: bytes) -> int:
    """Of the outermost DER object, header included; openssl itself does not mind bytes behind it."""
    done = openssl(["openssl", "asn1parse", "-inform", "DER"], data)
    first = re.match(rb"\s*0:d=0\s+hl=(\d+)\s+l=\s*(\d+)\s", done.stdout)
    return int(first[1]) + int(first[2]) if first else -1


def read_text(folder: Path, token: Path) -> bytes:
    return openssl(["openssl", "ts", "-reply", "-in", str(token), "-text"]).stdout


def imprint_of(text: bytes) -> str:
    """The hex of "Message data:", which openssl prints as a dump of 16 bytes a line."""
    block = re.search(rb"Hash Algorithm: sha256\nMessage data:\n((?:    [0-9a-f]{4} - .*\n)+)", text)
    if block is None:
        return ""
    return "".join(re.sub(rb"[ -]", b"", line[11:59]).decode() for line in block[1].splitlines())


def time_of(text: bytes) -> int | None:
    found = re.search(rb"Time stamp: (\w+ +\d+ \d\d:\d\d:\d\d)(?:\.\d+)? (\d{4}) GMT", text)
    return calendar.timegm(time.strptime(f"{found[1].decode()} {found[2].decode()}", "%b %d %H:%M:%S %Y")) if found else None


def why_broken(folder: Path, answer: Path, data: bytes, stamped: bytes) -> str:
    """Empty when the stamp holds under the certificate inside."""
    text = read_text(folder, answer)
    if der_bytes(data) != len(data) or not text:
        return "it is not one DER object"
    if not any(status in text for status in GRANTED):
        return "the authority did not grant it"
    if imprint_of(text) != hashlib.sha256(stamped).hexdigest():
        return "it stamps other bytes"
    token, inside = folder / "token", folder / "inside"
    openssl(["openssl", "ts", "-reply", "-in", str(answer), "-token_out", "-out", str(token)])
    done = openssl(["openssl", "cms", "-verify", "-inform", "DER", "-in", str(token), "-noverify", "-certsout", str(inside), "-out", "/dev/null"])
    if done.returncode != 0:
        return first_error(done.stderr)
    # With the certificate inside taken for trusted, what is left to fail is the answer itself (RFC 3161 2.4.2: signer, ESS attribute, policy).
    done = verify(answer, stamped, [inside], None, folder)
    return "" if done.returncode == 0 else first_error(done.stderr + done.stdout)


def verify(answer: Path, stamped: bytes, trusted: list[Path] | tuple, unix_time: int | None, folder: Path):
    anchors = folder / "anchors"
    anchors.write_bytes(b"\n".join(path.read_bytes() for path in trusted))
    when = ["-no_check_time"] if unix_time is None else ["-attime", str(unix_time)]
    options = ["-partial_chain", *when, "-CAfile", str(anchors)]
    return openssl(["openssl", "ts", "-verify", "-digest", hashlib.sha256(stamped).hexdigest(), "-in", str(answer), *options])


@functools.lru_cache  # a forgery of something else leaves the stamps as they are
def judge_stamp(data: bytes, stamped: bytes, trusted: tuple) -> tuple[str, int, bool]:
    """Why it does not hold, its time, whether its authority is trusted."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        answer = folder / "answer"
        answer.write_bytes(data)
        why = why_broken(folder, answer, data, stamped)
        if why:
            return why, 0, False
        unix_time = time_of(read_text(folder, answer))
        return "", unix_time, bool(trusted) and verify(answer, stamped, trusted, unix_time, folder).returncode == 0


def check_stamp(name: str, data: bytes, stamped: bytes, trusted: list[Path], report: Report) -> list[int]:
    """The stamp's time when it is from a trusted authority, in a list; an empty one otherwise."""
    why, unix_time, known = judge_stamp(data, stamped, tuple(trusted))
    if why:
        report.add(BROKEN, f"the time stamp {name} does not hold: {why}")
        return []
    when = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(unix_time))
    if known:
        report.facts.setdefault("stamps", []).append({"name": name, "time": when})
        return [unix_time]
    report.add(NOTE, f"the time stamp {name} says {when}; its authority is not known to the verifier")
    return []
