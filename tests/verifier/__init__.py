"""A second verifier, written from docs/evidence-format.md alone: it shares no code with the product, so that a fault of the one is not a fault of the other.

    python3 -m tests.verifier [--ca FILE]... [--crl FILE]... [--archive-key FILE]... [--head FILE]... [--json] PATH

PATH is a recording's directory, an evidence file, a node's log/ directory, or a proof of consistency (a .json file with log-certificate.pem beside it). Needs Debian's python3-cryptography for signatures and the openssl program
for CMS, time stamps and certificate paths."""
