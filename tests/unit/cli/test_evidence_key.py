"""`vitrine evidence-key` the whole way: the installation's own CA, an organisation's CA, a PKCS#11 token; what is refused, what is recorded, what a crash leaves.

Arguments: the program, and the helper that makes an honest recording. In a private PostgreSQL (tests/support/pg_cluster run)."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM, MAKE_RECORDING = sys.argv[1:3]
CONNINFO = os.environ["VITRINE_TEST_CONNINFO"]
SESSION = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "736201"


def openssl(*words) -> str:
    done = subprocess.run(["openssl", *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def sql(statement: str) -> str:
    return subprocess.run(["psql", "-XAtq", CONNINFO + " user=postgres", "-c", f"SET search_path = vitrine; {statement}"], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()


class Site:
    """A node with an evidence CA, a recorder's key and an exporter's key that it issued, and a configuration."""

    def __init__(self, recorder: str = "", exports: str = "", conninfo: str = CONNINFO):
        self.dir = Path(tempfile.mkdtemp(prefix="vitrine-key."))
        self.dir.chmod(0o700)
        (self.dir / "store").mkdir()
        self.ca, self.ca_key = self.make_ca("ca")
        self.key, self.certificate = self.make_leaf("recorder", self.ca, self.ca_key)
        self.export_key, self.export_certificate = self.make_leaf("export", self.ca, self.ca_key)
        self.config = self.dir / "vitrine.yaml"
        self.config.write_text(f"""
node: n1
recorder: {{ store_dir: {self.dir}/store, {recorder or f"signing_key_file: {self.key}"}, signing_certificate_file: {self.certificate},
            encryption: false }}
export: {{ {exports or f"private_key_file: {self.export_key}"}, certificate_file: {self.export_certificate} }}
database: {{ conninfo: "{conninfo}" }}
""")

    def make_ca(self, name: str, *kind: str) -> tuple[Path, Path]:
        key, certificate = self.dir / f"{name}.key", self.dir / f"{name}.pem"
        openssl("req", "-x509", "-newkey", *(kind or ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")), "-nodes", "-days", 90, "-keyout", key, "-out", certificate, "-subj",
                f"/CN=evidence {name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        key.chmod(0o600)
        return certificate, key

    def sign(self, request: Path, ca: Path, ca_key: Path, target: Path, *options) -> Path:
        extensions = self.dir / "extensions"
        extensions.write_text("basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\n")
        openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-extfile", extensions, "-out", target, *(options or ("-days", 30)))
        return target

    def make_leaf(self, name: str, ca: Path, ca_key: Path) -> tuple[Path, Path]:
        key, request = self.dir / f"{name}.key", self.dir / f"{name}.csr"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request, "-subj", f"/CN=vitrine {name}")
        key.chmod(0o600)
        return key, self.sign(request, ca, ca_key, self.dir / f"{name}.pem")

    def record(self, name: str, key: Path | None = None) -> Path:
        folder = self.dir / name
        folder.mkdir(parents=True)
        subprocess.run([MAKE_RECORDING, folder, "0", key or self.key, self.certificate], check=True)
        return folder

    def run(self, *words, env: dict | None = None) -> tuple[int, str, str]:
        done = subprocess.run([PROGRAM, "--config", self.config, *map(str, words)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60, check=False, env={**os.environ, **(env or {})})
        return done.returncode, done.stdout, done.stderr

    def files(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.dir.iterdir() if path.is_file() and path.name.startswith(("recorder", "export"))}


class Keys(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        site = Site()
        code, _, err = site.run("migrate", "--database", CONNINFO + " user=postgres")
        shutil.rmtree(site.dir)
        assert code == 0, err

    def site(self, *how, **options) -> Site:
        site = Site(*how, **options)
        self.addCleanup(shutil.rmtree, site.dir)
        self.newest = int(sql("SELECT coalesce(max(number), 0) FROM audit"))
        return site

    def ok(self, site: Site, *words) -> str:
        code, out, err = site.run(*words)
        self.assertEqual(code, 0, err)
        return out

    def refused(self, site: Site, *words, text: str):
        """Refused, recorded as such, and nothing changed."""
        before, n_records = site.files(), len(self.records())
        code, _, err = site.run(*words)
        self.assertEqual(code, 1, err)
        self.assertIn(text, err)
        self.assertEqual(site.files(), before)
        action, detail = self.records()[n_records:][0]
        self.assertEqual((len(self.records()), action), (n_records + 1, "evidence-key-refused"))
        self.assertIn(text, detail["refused"])

    def records(self) -> list[tuple[str, dict]]:
        rows = sql(f"SELECT action, detail FROM audit WHERE number > {self.newest} AND action LIKE 'evidence-key-%' ORDER BY number").splitlines()
        return [(action, json.loads(detail)) for action, detail in (row.split("|", 1) for row in rows)]

    def assertInstalled(self, certificate: Path, what: str = "recorder"):
        """One record of it, the newest."""
        action, detail = self.records()[-1]
        self.assertEqual((action, detail["key"]), ("evidence-key-install", what))
        self.assertEqual(detail["certificate_sha256"], hashlib.sha256(certificate.read_bytes()).hexdigest())

    def assertProven(self, site: Site, folder: Path, ca: Path):
        code, out, err = site.run("verify", folder, "--ca", ca)
        self.assertEqual(code, 0, out + err)

    def test_own_ca(self):
        site = self.site()
        old_key, old_certificate, old = site.key.read_bytes(), site.certificate.read_bytes(), site.record("old")
        self.assertIn("restart vitrine-recorder", self.ok(site, "evidence-key", "rotate", "--ca", site.ca, "--ca-key", site.ca_key, "--days", 10))
        self.assertNotEqual(site.key.read_bytes(), old_key)
        self.assertEqual((site.dir / "recorder.key.previous").read_bytes().strip(), old_key.strip())
        self.assertEqual((site.dir / "recorder.pem.previous").read_bytes(), old_certificate)
        for name in ("recorder.key", "recorder.key.previous"):
            self.assertEqual((site.dir / name).stat().st_mode & 0o777, 0o600)
        self.assertEqual([name for name in site.files() if name.endswith((".next", ".part"))], [])
        self.assertInstalled(site.certificate)
        # OpenSSL 3.2 leaves out the spaces that older ones print.
        text = openssl("x509", "-in", site.certificate, "-noout", "-subject", "-ext", "keyUsage,basicConstraints").replace(" = ", "=")
        for part in ("CN=vitrine recorder", "Digital Signature", "CA:FALSE"):
            self.assertIn(part, text)
        self.assertProven(site, old, site.ca)
        self.assertProven(site, site.record("new"), site.ca)
        self.assertEqual(len(self.records()), 1)
        self.ok(site, "evidence-key", "rotate", "--ca", site.ca, "--ca-key", site.ca_key)
        self.assertEqual(len(self.records()), 2)
        self.assertProven(site, old, site.ca)

    def test_organisations_ca(self):
        """An RSA root that the organisation has: request out, certificate in."""
        site = self.site()
        old = site.record("old")
        root, root_key = site.make_ca("organisation", "rsa:2048")
        request = site.dir / "request.csr"
        self.ok(site, "evidence-key", "request", "--name", "B\u00fcro recorder 7", "-o", request)
        again = self.ok(site, "evidence-key", "request", "--name", "B\u00fcro recorder 7")
        self.assertIn("CERTIFICATE REQUEST", again)
        public = openssl("req", "-in", request, "-noout", "-pubkey")
        self.assertNotEqual(public, openssl("pkey", "-in", site.key, "-pubout"))
        self.assertEqual(public, openssl("pkey", "-in", site.dir / "recorder.key.next", "-pubout"))
        self.assertEqual(self.records(), [])
        answer = site.sign(request, root, root_key, site.dir / "answer.pem")
        self.refused(site, "evidence-key", "install", answer, "--ca", site.ca, text="does not lead to")
        self.ok(site, "evidence-key", "install", answer, "--ca", root)
        self.assertInstalled(answer)
        self.assertEqual(self.records()[-1][1]["name"], "B\u00fcro recorder 7")
        self.assertProven(site, site.record("new"), root)
        self.assertProven(site, old, site.ca)
        self.assertEqual(site.run("verify", old, "--ca", root)[0], 4)
        self.assertIn("installed already", self.ok(site, "evidence-key", "install", answer, "--ca", root))
        self.assertEqual(len([action for action, _ in self.records() if action == "evidence-key-install"]), 1)

    def test_answers_that_do_not_fit(self):
        site = self.site()
        request = site.dir / "request.csr"
        self.ok(site, "evidence-key", "request", "-o", request)
        # Over in the second it begins; OpenSSL 3.5 takes no end before the beginning.
        expired = site.sign(request, site.ca, site.ca_key, site.dir / "expired.pem", "-days", "0")
        self.refused(site, "evidence-key", "install", expired, text="it has expired")
        _, foreign = site.make_leaf("foreign", site.ca, site.ca_key)
        self.refused(site, "evidence-key", "install", foreign, text="does not belong to the key")
        self.refused(site, "evidence-key", "install", site.ca, text="it is a CA's")
        nonsense = site.dir / "nonsense.pem"
        nonsense.write_text("nonsense")
        self.refused(site, "evidence-key", "install", nonsense, text="not an X.509 certificate")
        code, _, err = site.run("evidence-key", "install", site.dir / "missing.pem")
        self.assertEqual((code, "missing.pem" in err), (1, True), err)

    def test_a_key_that_others_can_read(self):
        site = self.site()
        site.ca_key.chmod(0o644)
        code, _, err = site.run("evidence-key", "rotate", "--ca", site.ca, "--ca-key", site.ca_key)
        self.assertEqual((code, "run chmod 600 on it" in err), (1, True), err)
        self.ok(site, "evidence-key", "request")
        (site.dir / "recorder.key.next").chmod(0o640)
        code, _, err = site.run("evidence-key", "request")
        self.assertEqual((code, "run chmod 600 on it" in err), (1, True), err)

    def test_exports_key(self):
        site = self.site()
        before = site.key.read_bytes()
        out = self.ok(site, "evidence-key", "rotate", "--exports", "--ca", site.ca, "--ca-key", site.ca_key)
        self.assertIn("restart vitrine-web", out)
        self.assertInstalled(site.export_certificate, "exports")
        self.assertEqual(site.key.read_bytes(), before)
        self.assertIn("vitrine export", openssl("x509", "-in", site.export_certificate, "-noout", "-subject"))

    def test_without_a_database(self):
        site = self.site(conninfo="host=/nowhere dbname=x")
        before = site.certificate.read_bytes()
        code, _, err = site.run("evidence-key", "rotate", "--ca", site.ca, "--ca-key", site.ca_key)
        self.assertEqual((code, "--offline" in err), (1, True), err)
        self.assertEqual(site.certificate.read_bytes(), before)
        self.ok(site, "evidence-key", "rotate", "--ca", site.ca, "--ca-key", site.ca_key, "--offline")
        self.assertNotEqual(site.certificate.read_bytes(), before)

    def answer(self, site: Site) -> Path:
        request = site.dir / "request.csr"
        self.ok(site, "evidence-key", "request", "-o", request)
        return site.sign(request, site.ca, site.ca_key, site.dir / "answer.pem")

    def test_no_record_no_change(self):
        site = self.site()
        answer, key, certificate = self.answer(site), site.key.read_bytes(), site.certificate.read_bytes()
        sql("CREATE FUNCTION full_trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trail is full'; END $$;"
            "CREATE TRIGGER full_trail BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION full_trail()")
        try:
            code, _, err = site.run("evidence-key", "install", answer)
        finally:
            sql("DROP FUNCTION full_trail CASCADE")
        self.assertEqual((code, "the trail is full" in err), (1, True), err)
        self.assertEqual((site.key.read_bytes(), site.certificate.read_bytes()), (key, certificate))
        self.ok(site, "evidence-key", "install", answer)
        self.assertInstalled(answer)
        self.assertEqual(len(self.records()), 1)

    def test_a_record_that_cannot_be_kept_is_written_by_the_same_command(self):
        site = self.site()
        answer = self.answer(site)
        sql("CREATE FUNCTION no_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not today'; END $$;"
            "CREATE CONSTRAINT TRIGGER no_commit AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_commit()")
        try:
            code, _, err = site.run("evidence-key", "install", answer)
        finally:
            sql("DROP FUNCTION no_commit CASCADE")
        self.assertEqual((code, "give the same command again" in err), (1, True), err)
        self.assertEqual(self.records(), [])
        old = (site.dir / "recorder.pem.previous").read_bytes()
        self.assertIn("recorder: a change of keys was begun and not finished", site.run("doctor")[1])
        self.ok(site, "evidence-key", "install", f"{site.certificate}.next")
        self.assertNotIn("not finished", site.run("doctor")[1])
        self.assertInstalled(answer)
        self.assertEqual(len(self.records()), 1)
        self.assertEqual((site.dir / "recorder.pem.previous").read_bytes(), old)
        self.assertIn("installed already", self.ok(site, "evidence-key", "install", answer))

    def test_a_crash_between_key_and_certificate(self):
        site = self.site()
        answer, old_key, old = self.answer(site), site.key.read_bytes(), site.certificate.read_bytes()
        shutil.copy(site.key, site.dir / "recorder.key.previous")
        shutil.copy(site.certificate, site.dir / "recorder.pem.previous")
        (site.dir / "recorder.key.next").rename(site.key)
        self.ok(site, "evidence-key", "install", answer)
        self.assertInstalled(answer)
        self.assertEqual(site.certificate.read_bytes(), answer.read_bytes())
        self.assertEqual((site.dir / "recorder.key.previous").read_bytes().strip(), old_key.strip())
        self.assertEqual((site.dir / "recorder.pem.previous").read_bytes(), old)
        self.assertProven(site, site.record("new"), site.ca)

    def test_a_key_that_is_still_needed_stays(self):
        """Only one key before the present one is kept: a second rotation waits until nothing is open under it."""
        site = self.site()
        recording = site.record(f"store/{SESSION}")
        chain = recording / "chain"
        whole = chain.read_text()
        chain.write_text("".join(whole.splitlines(keepends=True)[:-1]))
        rotate = ("evidence-key", "rotate", "--ca", site.ca, "--ca-key", site.ca_key)
        self.ok(site, *rotate)
        self.assertIn("installed already", self.ok(site, "evidence-key", "install", site.certificate))
        (site.dir / "recorder.pem.next").write_bytes(site.certificate.read_bytes())
        self.assertIn("restart vitrine-recorder", self.ok(site, "evidence-key", "install", site.certificate))
        code, _, err = site.run(*rotate)
        self.assertEqual(code, 1)
        self.assertIn(f"recording {SESSION} still waits for the key before the present one: restart vitrine-recorder", err)
        self.assertIn(SESSION, self.records()[-1][1]["refused"])
        chain.write_text(whole)
        self.ok(site, *rotate)


class Token(Keys):
    """The same with keys that stay in a token; the tests of files are not repeated."""

    URI = "pkcs11:token=vitrine;object={};type=private"

    @classmethod
    def setUpClass(cls):
        if not MODULE.exists() or not shutil.which("softhsm2-util"):
            raise unittest.SkipTest("SoftHSM is not installed")
        if "asan_init" in subprocess.run(["nm", "--dynamic", PROGRAM], stdout=subprocess.PIPE, text=True, check=True).stdout:
            raise unittest.SkipTest("the provider for tokens is loaded in a way that AddressSanitizer refuses")
        cls.tokens = Path(tempfile.mkdtemp(prefix="vitrine-token."))
        cls.addClassCleanup(shutil.rmtree, cls.tokens)
        (cls.tokens / "tokens").mkdir()
        (cls.tokens / "softhsm2.conf").write_text(f"directories.tokendir = {cls.tokens}/tokens\n")
        os.environ["SOFTHSM2_CONF"] = str(cls.tokens / "softhsm2.conf")
        cls.softhsm("--init-token", "--free", "--label", "vitrine", "--so-pin", "928374", "--pin", PIN)
        (cls.tokens / "pin").write_text(PIN + "\n")
        (cls.tokens / "pin").chmod(0o600)
        super().setUpClass()

    @staticmethod
    def softhsm(*words):
        subprocess.run(["softhsm2-util", *map(str, words)], check=True, stdout=subprocess.DEVNULL)

    def put(self, key: Path, label: str, number: str):
        self.softhsm("--import", key, "--token", "vitrine", "--label", label, "--id", number, "--pin", PIN)

    def settings(self, what: str, label: str) -> str:
        return f"{what}_uri: \"{self.URI.format(label)}\", {what}_pin_file: {self.tokens}/pin, pkcs11_module: {MODULE}"

    def test_rotation_in_a_token(self):
        site = self.site(self.settings("signing_key", "recorder"))
        self.put(site.key, "recorder", "01")
        old, old_certificate = site.record("old"), site.certificate.read_bytes()
        second, _ = site.make_leaf("second", site.ca, site.ca_key)
        self.put(second, "recorder", "02")
        site.key.unlink()
        request = site.dir / "request.csr"
        self.ok(site, "evidence-key", "request", "-o", request)
        self.assertEqual(openssl("req", "-in", request, "-noout", "-pubkey"), openssl("pkey", "-in", second, "-pubout"))
        answer = site.sign(request, site.ca, site.ca_key, site.dir / "answer.pem")
        _, foreign = site.make_leaf("foreign", site.ca, site.ca_key)
        self.refused(site, "evidence-key", "install", foreign, text="for the key in the token")
        self.ok(site, "evidence-key", "install", answer, "--ca", site.ca)
        self.assertInstalled(answer)
        self.assertEqual((site.dir / "recorder.pem.previous").read_bytes(), old_certificate)
        self.assertProven(site, old, site.ca)
        self.assertProven(site, site.record("new", second), site.ca)
        self.assertIn("installed already", self.ok(site, "evidence-key", "install", answer))
        code, _, err = site.run("evidence-key", "request", env={"SOFTHSM2_CONF": "/nowhere"})
        self.assertEqual((code, PIN in err), (1, False), err)

    def test_exports_by_token(self):
        site = self.site(exports=self.settings("private_key", "export"))
        self.put(site.export_key, "export", "03")
        site.export_key.unlink()
        site.record(f"store/{SESSION}")
        sql(f"INSERT INTO recording (session_id, node, quality, state, started_at, closed_at) VALUES ('{SESSION}', 'n1', 'standard', 'sealed', '2026-05-01 12:00:00Z', now())")
        evidence = site.dir / "evidence.mp4"
        self.ok(site, "export", SESSION, "-o", evidence, "--purpose", "case 7")
        report = json.loads(self.ok(site, "verify", "--json", "--ca", site.ca, evidence))
        self.assertEqual(report["verdict"], "proven")

    def test_in_a_credential(self):
        """A renewed certificate for the key that systemd hands over."""
        site = self.site("signing_key_credential: recorder.key")
        old = site.record("old")
        handed = {"CREDENTIALS_DIRECTORY": str(site.dir)}
        request = site.dir / "request.csr"
        self.assertEqual(site.run("evidence-key", "request", "-o", request)[0], 1)
        code, _, err = site.run("evidence-key", "request", "-o", request, env=handed)
        self.assertEqual(code, 0, err)
        answer = site.sign(request, site.ca, site.ca_key, site.dir / "answer.pem")
        code, _, err = site.run("evidence-key", "install", answer, env=handed)
        self.assertEqual(code, 0, err)
        self.assertInstalled(answer)
        self.assertProven(site, old, site.ca)
        self.assertProven(site, site.record("new"), site.ca)


def load_tests(loader, _tests, _pattern):
    """Of Token only what it adds."""
    suite = loader.loadTestsFromTestCase(Keys)
    suite.addTests(Token(name) for name in vars(Token) if name.startswith("test_"))
    return suite


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
