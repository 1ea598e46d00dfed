""""Deleted recordings" of the page: a signed line, and the certificate it was signed under behind it."""

from pathlib import Path

from tests.verifier.certificates import Signer, unix_time_of
from tests.verifier.chain import Chain
from tests.verifier.findings import BROKEN, INCOMPLETE, NOTE, UNTRUSTED, Report, Unjudged
from tests.verifier.revocation import judge_revocation
from tests.verifier.signed_lines import Malformed, need, parse_line

VERSION = 1
KEYS = {"session": "text", "head": "hex", "cause": "text", "class": "text", "reason": "text", "requested_by": "text", "approved_by": "text", "utc": "utc"}


def check_tombstone(data: bytes, chain: Chain, trusted: list[Path], report: Report, lists: list = ()) -> bool:
    """True: the recording was deleted lawfully, and its files need not be there."""
    first, _, pem = data.partition(b"\n")
    try:
        line = parse_line(first)
        need(line.value, kind="text", version="number")
        if line.value["kind"] == "tombstone" and line.value["version"] != VERSION:
            raise Unjudged(f"the tombstone has version {line.value['version']}, this verifier knows {VERSION}")
        need(line.value, **KEYS)
        signer = Signer(pem)
    except Malformed as error:
        report.add(BROKEN, f"tombstone: {error}")
        return False
    if line.value["kind"] != "tombstone" or not signer.signed(line.signature, line.json_bytes):
        report.add(BROKEN, "tombstone: it is none, or its signature does not hold under the certificate in it")
        return False
    if chain.genesis is None or line.value["session"] != chain.genesis["session"] or line.value["head"] != chain.head:
        report.add(BROKEN, "tombstone: it is of another recording, or of another state of this one")
        return False
    why = signer.leads_to(trusted, unix_time_of(line.value["utc"])) if trusted else None
    if why:
        report.add(UNTRUSTED, f"tombstone: the certificate of {signer.subject} does not lead to a trusted one: {why}")
    # No stamp says when it was signed, so that a revocation counts, whatever its date.
    found = judge_revocation(signer, trusted, lists, None) if trusted and lists and not why else None
    if found:
        report.add(found[0], f"tombstone: the certificate of {signer.subject}: {found[1]}")
    report.add(NOTE, f"deleted at {line.value['utc']} ({line.value['cause']}), requested by {line.value['requested_by'] or 'nobody'},"
                     f" approved by {line.value['approved_by'] or 'nobody'}; signed by {signer.subject}")
    report.deleted = True
    return True


def check_remains(names: set[str], report: Report) -> None:
    """Files that should be gone."""
    for name in sorted(names):
        report.add(INCOMPLETE, f"{name} still lies there although the recording was deleted")
