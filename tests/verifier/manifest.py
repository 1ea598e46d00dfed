"""manifest.json and the CMS signature over it."""

import calendar
import functools
import re
import tempfile
import time
from pathlib import Path

from tests.verifier.certificates import Signer, first_error, openssl
from tests.verifier.findings import BROKEN, UNTRUSTED, Report, Unjudged
from tests.verifier.revocation import judge_revocation
from tests.verifier.signed_lines import HEX, Malformed, is_number, need, parse_json
from tests.verifier.stamps import der_bytes

VERSION = 1
KEYS = {"kind": "text", "session": "text", "created": "utc", "created_by": "text", "node": "text", "purpose": "text", "span": "span", "asked": "span",
        "whole": "flag", "video_bytes": "number", "video_sha256": "hex", "parts": "parts", "files": "list", "left_out": "list"}


def parse_manifest(data: bytes) -> dict:
    manifest = parse_json(data)
    need(manifest, format="text", version="number")
    if manifest["format"] != "vitrine-evidence" or manifest["version"] != VERSION:
        raise Unjudged(f"the evidence has version {manifest['version']} of {manifest['format']!r}, this verifier knows {VERSION} of 'vitrine-evidence'")
    need(manifest, **KEYS)
    chain = manifest.get("chain")
    if not isinstance(chain, dict):
        raise Malformed("\"chain\" is missing")
    need(chain, entries="number", head="hex", sealed="flag")
    if not all(is_number(part.get("offset")) for part in manifest["parts"]):
        raise Malformed("a part has no offset")
    if not all(is_listed(file) for file in manifest["files"]):
        raise Malformed("\"files\" is not what it should be")
    for item in manifest["left_out"]:
        need(item if isinstance(item, dict) else {}, name="text", reason="text")
    if manifest["kind"] == "derived":
        need(manifest, operations="list", source_sha256="hex")
        if manifest["parts"]:
            raise Malformed("a derived file has no recorded parts")
    elif manifest["kind"] != "original":
        raise Malformed(f"there is no kind of evidence called {manifest['kind']!r}")
    return manifest


def is_listed(file) -> bool:
    return (isinstance(file, dict) and is_number(file.get("bytes")) and isinstance(file.get("name"), str) and isinstance(file.get("sha256"), str)
            and HEX.fullmatch(file["sha256"]) is not None)


def signing_time(text: str) -> int | None:
    """Out of openssl's print of the signed attributes: a UTCTime, as CMS wants it until 2049 (RFC 5652 11.3)."""
    found = re.search(r"object: signingTime .*?UTCTIME:(\w+ +\d+ \d\d:\d\d:\d\d \d{4}) GMT", text, re.DOTALL)
    return calendar.timegm(time.strptime(found[1], "%b %d %H:%M:%S %Y")) if found else None


def why_broken(folder: Path, cms: bytes, text: str) -> str:
    if der_bytes(cms) != len(cms):
        return "it is not one DER object"
    when = signing_time(text)
    if when is None:
        return "it has no signing time"
    if len(re.findall(r"^ {6}sid:", text, re.MULTILINE) or re.findall(r"d\.(?:issuerAndSerialNumber|subjectKeyIdentifier):", text)) != 1:
        return "it has not exactly one signer"
    if not re.search(r"unsignedAttrs:\s*<ABSENT>", text):
        return "it has unsigned attributes"
    signed = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", str(folder / "cms"), "-content", str(folder / "json"), "-out", "/dev/null"]
    done = openssl(signed + ["-noverify", "-signer", str(folder / "signer"), "-certsout", str(folder / "others")])
    if done.returncode != 0:
        return first_error(done.stderr)
    # -cades also compares the signer with signingCertificateV2; it wants a trusted path, and here the signer himself is enough.
    done = openssl(signed + ["-cades", "-partial_chain", "-purpose", "any", "-no-CApath", "-no-CAstore", "-CAfile", str(folder / "signer"), "-attime", str(when)])
    return "" if done.returncode == 0 else first_error(done.stderr)


@functools.lru_cache  # a forgery of something else leaves the signature as it is
def open_signature(manifest: bytes, cms: bytes) -> tuple[str, Signer | None, int | None]:
    """Why it does not hold, who signed, and when."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "json").write_bytes(manifest)
        (folder / "cms").write_bytes(cms)
        text = openssl(["openssl", "cms", "-cmsout", "-print", "-noout", "-inform", "DER", "-in", str(folder / "cms")]).stdout.decode("utf-8", "replace")
        why = why_broken(folder, cms, text)
        if why:
            return why, None, None
        try:
            return "", Signer((folder / "signer").read_bytes(), (folder / "others").read_bytes()), signing_time(text)
        except Malformed as error:
            return str(error), None, None


def check_signature(manifest: bytes, cms: bytes, stamped: list[int], trusted: list[Path], report: Report, lists: list = ()) -> None:
    why, signer, when = open_signature(manifest, cms)
    if why:
        report.add(BROKEN, f"the signature over the manifest does not hold: {why}")
        return
    report.facts["exported_by_key"] = signer.subject
    refused = signer.leads_to(trusted, min(stamped, default=when)) if trusted else ""
    if refused:
        report.add(UNTRUSTED, f"the manifest was signed by {signer.subject}, which does not lead to a trusted certificate: {refused}")
    found = judge_revocation(signer, trusted, lists, min(stamped, default=None)) if trusted and lists and not refused else None
    if found:
        report.add(found[0], f"the manifest was signed by {signer.subject}: {found[1]}")
