"""The command line; see the package."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from tests.verifier.encrypted import DataKeys
from tests.verifier.evidence import check_evidence
from tests.verifier.findings import Report, Unjudged
from tests.verifier.node_log import PROOF_MAX_BYTES, check_consistency, check_log
from tests.verifier.recording import check_recording
from tests.verifier.revocation import read_lists

WORDS = {
    "proven": "PROVEN: every byte is the one that was signed, nothing is missing, the signer is trusted.",
    "whole": "WHOLE: every byte is the one that was signed, nothing is missing. Who signed is not proven: name a trusted certificate with --ca.",
    "broken": "BROKEN: something is not what was signed.",
    "untrusted": "UNTRUSTED: the signatures hold, but not under a certificate that was named.",
    "incomplete": "INCOMPLETE: what is there is proven, but it has no proven end.",
    "deleted": "DELETED: lawfully, by a signed tombstone; of the recording only its chain is left.",
    "unreadable": "UNREADABLE: there is nothing this verifier can judge.",
}
# Of a copy "nothing is missing" would be said of the wrong thing.
DERIVED = {
    "proven": "DERIVED: this is not the recorded video, but made from it. PROVEN: every byte of the copy is the one that was signed, the signer is trusted.",
    "whole": "DERIVED: this is not the recorded video, but made from it. WHOLE: every byte of the copy is the one that was signed. Who signed is not proven: name a trusted "
             "certificate with --ca.",
}


def judge(path: Path, trusted: list[Path], heads: list[bytes] = (), lists: list[Path] = (), archive_keys: list[Path] = ()) -> Report:
    report = Report()
    try:
        for pem in trusted:
            pem.read_bytes()
        if (path / "leaves").exists():
            check_log(path, trusted, heads, report, read_lists(lists))
        elif (path / "log-consistency.json").exists() and not (path / "chain").exists():
            check_consistency(path / "log-consistency.json", trusted, report, read_lists(lists))
        elif path.is_dir():
            check_recording(path, trusted, report, read_lists(lists), DataKeys(archive_keys))
        elif path.stat().st_size <= PROOF_MAX_BYTES and path.suffix == ".json":
            check_consistency(path, trusted, report, read_lists(lists))
        else:
            check_evidence(path, trusted, report, read_lists(lists))
    except (Unjudged, OSError) as error:
        report.unjudged = str(error)
    return report


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.verifier", description="Judges a recording, an evidence file or a node's log by docs/evidence-format.md.")
    parser.add_argument("--ca", action="append", default=[], type=Path, help="PEM file of certificates to trust (may be repeated)")
    parser.add_argument("--head", action="append", default=[], type=Path, help="a tree head that was published earlier (log only; may be repeated)")
    parser.add_argument("--crl", action="append", default=[], type=Path, help="PEM file of revocation lists (may be repeated)")
    parser.add_argument("--archive-key", action="append", default=[], type=Path, help="PEM file with private keys that open encrypted recordings (may be repeated)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("path", type=Path)
    options = parser.parse_args()
    report = judge(options.path, options.ca, [head.read_bytes() for head in options.head], options.crl, options.archive_key)
    verdict = report.verdict(bool(options.ca))
    if options.json:
        print(json.dumps({"verdict": verdict, "why": report.unjudged, **report.facts, "findings": [{**asdict(f), "class": f.kind} for f in report.findings]}, indent=2))
    else:
        print(DERIVED.get(verdict, f"DERIVED: this is not the recorded video, but made from it. {WORDS[verdict]}") if report.facts.get("kind") == "derived" else WORDS[verdict])
        for key, value in report.facts.items():
            print(f"  {key:<12} {value}")
        for finding in report.findings:
            print(finding.words())
        if report.unjudged:
            print(report.unjudged)
    return report.exit_code()


if __name__ == "__main__":
    sys.exit(main())
