"""The `vitrine` command as operators call it: the real program against a private PostgreSQL (tests/support/pg_cluster run).

Arguments: the program, and the helper that makes an honest recording."""

import csv
import gzip
import hashlib
import io
import json
import os
import pty
import pwd
import re
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest
from pathlib import Path

PROGRAM, MAKE_RECORDING = sys.argv[1:3]
SOURCE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE))

from tests.support.archive import encrypt  # noqa: E402

CONNINFO = os.environ["VITRINE_TEST_CONNINFO"]
ACTOR = "os:" + pwd.getpwuid(os.getuid()).pw_name
PASSWORD = "correct horse battery"


class Installation:
    """A configuration with its keys, and the migrated database of the cluster."""

    def __init__(self):
        self.dir = Path(tempfile.mkdtemp(prefix="vitrine-cli."))
        self.key, self.certificate = self.dir / "key.pem", self.dir / "certificate.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "90",
                        "-keyout", self.key, "-out", self.certificate, "-subj", "/CN=desk.example/O=B\u00fcro"],
                       check=True, stderr=subprocess.DEVNULL)
        self.master = self.dir / "master.key"
        self.master.write_text(os.urandom(32).hex() + "\n")
        self.master.chmod(0o600)
        self.key.chmod(0o600)
        (self.dir / "store").mkdir()
        self.config = self.dir / "vitrine.yaml"
        self.config.write_text(f"""
node: n1
gateway: {{ master_key_file: {self.master}, private_key_file: {self.key}, certificate_file: {self.certificate} }}
recorder: {{ store_dir: {self.dir}/store, signing_key_file: {self.key}, signing_certificate_file: {self.certificate},
            archive_certificate_file: {self.certificate},
            live_socket_path: {self.dir}/live.sock }}
web: {{ archive_key_file: {self.key}, private_key_file: {self.key}, certificate_file: {self.certificate} }}
export: {{ private_key_file: {self.key}, certificate_file: {self.certificate} }}
database: {{ conninfo: "{CONNINFO}" }}
""")

    def run(self, *words, secret=None):
        fds = ()
        if secret is not None:
            reader, writer = os.pipe()
            os.write(writer, secret.encode() + b"\n")
            os.close(writer)
            words, fds = (*words, "--password-fd", str(reader)), (reader,)
        done = subprocess.run([PROGRAM, "--config", self.config, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, pass_fds=fds, timeout=60, start_new_session=True)
        for fd in fds:
            os.close(fd)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def ok(self, *words, secret=None):
        code, out, err = self.run(*words, secret=secret)
        assert code == 0, f"{words}: {code}: {err}"
        return out


class Cli(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.site = Installation()
        cls.migrated = cls.site.ok("migrate", "--database", CONNINFO + " user=postgres")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.site.dir)

    def refused(self, *words, code=1, text="", secret=None):
        status, _, err = self.site.run(*words, secret=secret)
        self.assertEqual(status, code, err)
        self.assertRegex(err, "^vitrine: ")
        self.assertIn(text, err)

    def audit(self, action, subject):
        """Program, actor, action, subject and the words of the detail of each record."""
        listed = self.site.ok("audit", "list", "--action", action, "--subject", subject)
        return [line.split()[3:] for line in listed.splitlines()[1:]]

    def test_migrate_says_what_it_did(self):
        self.assertIn("applied 0001_people_and_targets", self.migrated)
        self.assertRegex(self.site.ok("migrate", "--database", CONNINFO + " user=postgres"), r"version \d+ already")
        self.refused("migrate", "--database", "host=/nowhere dbname=x", text="cannot reach the database (host=/nowhere")
        self.refused("migrate", "--database", CONNINFO + " user=vitrine_web", text="vitrine_owner")

    def test_users(self):
        self.site.ok("user", "add", "Anna", "--role", "auditor", secret=PASSWORD)
        self.refused("user", "add", "ANNA", secret=PASSWORD, text="user 'ANNA' exists already")
        self.refused("user", "add", "a%b", secret=PASSWORD, text="names have")
        self.refused("user", "add", "short", secret="1234567", text="at least 8")
        self.refused("user", "add", "bert", text="--password-fd")
        self.refused("user", "add", "bert", "--role", "king", code=2, secret=PASSWORD, text="no role")
        self.site.ok("user", "role", "anna", "admin")
        self.site.ok("user", "disable", "anna")
        self.assertRegex(self.site.ok("user", "list"), r"(?m)^Anna +admin +disabled")
        self.site.ok("user", "enable", "anna")
        self.site.ok("user", "passwd", "anna", secret=PASSWORD + "!")
        self.refused("user", "passwd", "nobody", secret=PASSWORD, text="user 'nobody' does not exist")
        self.site.ok("user", "remove", "anna")
        self.assertEqual(self.audit("user-add", "Anna"), [["vitrine_admin", ACTOR, "user-add", "Anna", '{"role":', '"auditor"}']])
        self.assertEqual(len(self.audit("user-remove", "anna")), 1)
        self.assertEqual(self.audit("user-add-refused", "ANNA"), [["vitrine_admin", ACTOR, "user-add-refused", "ANNA", '{"role":', '"user"}']])
        self.assertEqual(self.audit("user-add", "a%b"), [])
        self.assertEqual(len(self.audit("user-add-refused", "a%b")), 1)

    def test_targets_accounts_grants_tickets(self):
        self.site.ok("user", "add", "bob", secret=PASSWORD)
        self.assertIn("vitrine target pin web1", self.site.ok("target", "add", "web1", "--protocol", "rdp", "--host", "10.0.0.7"))
        self.refused("target", "add", "web2", "--protocol", "ssh", "--host", "h", code=2, text="rdp|vnc")
        self.refused("target", "add", "web2", "--protocol", "rdp", "--host", "h", "--plain", text="vnc targets only")
        self.refused("target", "add", "web2", "--protocol", "rdp", "--host", "h", "--certificate-sha256", "12", text="64 hex")
        self.refused("target", "add", "web2", "--protocol", "rdp", "--host", "h;x", text="refused")
        pin = "AB:" * 31 + "CD"
        self.site.ok("target", "set", "WEB1", "--port", "3390", "--certificate-sha256", pin)
        self.assertRegex(self.site.ok("target", "list"), r"(?m)^web1 +rdp +10\.0\.0\.7:3390 +pinned +0$")
        self.site.ok("account", "add", "WEB1", "root", "--domain", "CORP", secret="s3cret")
        self.site.ok("account", "passwd", "web1", "ROOT", secret="s3cret2")
        self.refused("grant", "add", "bob", "web1", "nobody", text="no account 'nobody' on target 'web1'")
        self.refused("ticket", "create", "bob", "web1", text="granted no account")
        self.site.ok("grant", "add", "bob", "web1", "root")
        self.assertRegex(self.site.ok("grant", "list"), r"(?m)^bob +web1 +root .* none +on +- +-$")
        self.site.ok("grant", "set", "bob", "web1", "root", "--idle-limit", "15", "--keys", "off", "--quality", "evidence", "--banner", "Be good")
        self.assertRegex(self.site.ok("grant", "list"), r"(?m)^bob +web1 +root .* 15 min +off +evidence +Be good$")
        self.site.ok("grant", "set", "bob", "web1", "root", "--idle-limit", "20", "--keys", "sealed")
        self.site.ok("grant", "set", "bob", "web1", "root", "--idle-limit", "20")
        self.assertRegex(self.site.ok("grant", "list"), r"(?m)^bob +web1 +root .* 20 min +sealed +evidence +Be good$")
        self.refused("grant", "set", "bob", "web1", "root", "--keys", "maybe", code=2, text="on, off or sealed")
        self.refused("grant", "set", "bob", "web1", "root", "--idle-limit", "1441", code=2, text="0 to 1440")
        self.refused("grant", "set", "bob", "web1", "root", "--quality", "best", text="evidence, standard or economy")
        self.refused("grant", "set", "bob", "web1", "nobody", "--keys", "on", text="bob was not granted")
        self.assertRegex(self.site.ok("account", "list"), r"(?m)^web1 +root +CORP +1 user$")
        code, out, err = self.site.run("ticket", "create", "bob", "web1", "--minutes", "5")
        self.assertEqual(code, 0, err)
        self.assertRegex(out, r"^[A-Za-z2-9]{20}\n$")
        self.assertNotIn(out.strip(), self.site.ok("audit", "list", "--action", "ticket-create"))
        self.refused("ticket", "create", "bob", "web1", "--minutes", "0", code=2)
        everything = self.site.ok("audit", "list") + self.site.ok("account", "list")
        self.assertNotIn("s3cret", everything)
        for words in (("grant", "remove", "bob", "web1", "root"), ("account", "remove", "web1", "root"), ("target", "remove", "web1"),
                      ("user", "remove", "bob")):
            self.site.ok(*words)
            self.refused(*words)

    def test_secrets_are_sealed(self):
        self.site.ok("target", "add", "vault", "--protocol", "vnc", "--host", "h", "--plain")
        self.site.ok("account", "add", "vault", "root", secret="plain-to-see")
        rows = subprocess.run(["psql", "-At", CONNINFO + " user=postgres", "-c", "SELECT encode(secret_sealed, 'escape') FROM vitrine.account"],
                              stdout=subprocess.PIPE, check=True, text=True).stdout
        self.assertNotIn("plain-to-see", rows)
        self.assertGreater(len(rows), 29)
        self.master_key_with_open_rights()

    def master_key_with_open_rights(self):
        self.site.master.chmod(0o644)
        try:
            self.refused("account", "add", "vault", "other", secret="x", text="chmod 600")
        finally:
            self.site.master.chmod(0o600)

    def test_sessions(self):
        session = "11111111-2222-4333-8444-555555555555"
        subprocess.run(["psql", "-q", CONNINFO + " user=postgres", "-c", f"""
            INSERT INTO vitrine.session (id, node, login, target, account, front, back, door, viewer_address, viewer_name, opened_at)
            VALUES ('{session}', 'n1', 'carl', 'web1', 'root', 'rdp', 'vnc', 'password', '192.0.2.1:5', E'evil\\x1b[2Jname', now())"""], check=True)
        self.assertRegex(self.site.ok("session", "list", "--running"), rf"(?m)^{session} +carl +root@web1 +rdp>vnc .*opening")
        shown = self.site.ok("session", "show", session)
        self.assertIn("evil?[2Jname", shown)
        self.assertNotIn("\x1b", shown)
        self.refused("session", "terminate", session, code=2, text="--reason")
        self.refused("session", "terminate", session, "--reason", "x" * 501, text="500 characters")
        self.refused("session", "terminate", "no-id", "--reason", "x", text="no session id")
        self.site.ok("session", "terminate", session, "--reason", "K\u00fcndigung")
        self.assertIn('"K\u00fcndigung"}', self.audit("session-terminate", session)[0])
        self.refused("session", "terminate", session.replace("1", "9"), "--reason", "x", text="no running session")
        self.assertEqual(len(self.audit("session-terminate", session)), 1)
        self.assertEqual(self.site.ok("session", "list", "--user", "nobody"), "no sessions\n")
        self.assertEqual(self.site.ok("recording", "list"), "no recordings\n")

    def test_keystrokes(self):
        session = "22222222-2222-4333-8444-555555555555"
        folder = self.site.dir / "store" / session
        folder.mkdir()
        typed = b'{"t_us":1,"origin":"session","type":"key","down":true,"text":"l"}\n{"t_us":2,"origin":"session","type":"key","down":true,"text":"s"}\n'
        encrypt(folder, "seg-00001.keys", session, [gzip.compress(typed)[:-8]], self.site.certificate)
        self.assertEqual(self.site.ok("recording", "keys", session, "--key", self.site.key), typed.decode())
        self.assertEqual(len(self.audit("recording-keys", session)), 1)
        self.refused("recording", "keys", session, code=2, text="--key")
        self.refused("recording", "keys", session.replace("2", "9"), "--key", self.site.key, text="no recording")
        stranger = self.site.dir / "stranger.key"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", stranger], check=True, stderr=subprocess.DEVNULL)
        stranger.chmod(0o600)
        self.refused("recording", "keys", session, "--key", stranger, text="does not open it")
        sealed = bytearray((folder / "seg-00001.keys").read_bytes())
        sealed[-20] ^= 1
        (folder / "seg-00001.keys").write_bytes(sealed)
        self.refused("recording", "keys", session, "--key", self.site.key, text="damaged")
        (folder / "seg-00001.keys").unlink()
        self.refused("recording", "keys", session, "--key", self.site.key, text="holds no sealed keystrokes")
        self.assertEqual(len(self.audit("recording-keys", session)), 4)
        shutil.rmtree(folder)

    def test_keeping(self):
        ok = self.site.ok
        ok("target", "add", "vault9", "--protocol", "rdp", "--host", "h")
        ok("retention", "set", "month", "--days", "30", "--max-gib", "2")
        self.assertIn("new sessions to vault9 are kept as class month", ok("retention", "assign", "vault9", "month"))
        row = next(line for line in ok("retention", "list").splitlines() if line.startswith("month"))
        self.assertEqual(row.split(), ["month", "30", "days", "2", "GiB", "a", "node", "1", "0"])
        self.assertIn("no retention class 'year'", self.site.run("retention", "assign", "vault9", "year")[2])
        self.assertIn("targets are still in class month", self.site.run("retention", "remove", "month")[2])
        unknown = "2b1c3a52-0000-4000-8000-000000000009"
        self.assertIn("there is no recording of session " + unknown, self.site.run("recording", "hold", unknown, "--reason", "x")[2])
        self.assertEqual(self.site.run("recording", "hold", unknown)[0], 2)
        recorded = "2b1c3a52-0000-4000-8000-00000000000a"
        sql = ["psql", "-q", CONNINFO + " user=postgres", "-c"]
        subprocess.run([*sql, f"INSERT INTO vitrine.recording (session_id, node, quality, state, started_at, closed_at)"
                        f" VALUES ('{recorded}', 'n1', 'standard', 'sealed', now(), now())"], check=True)
        self.addCleanup(subprocess.run, [*sql, "DELETE FROM vitrine.legal_hold; DELETE FROM vitrine.recording"], check=True)
        ok("recording", "request-deletion", recorded, "--reason", "asked by the person")
        ok("recording", "hold", recorded, "--reason", "case 17")
        self.assertIn("under legal hold", self.site.run("recording", "request-deletion", recorded, "--reason", "x")[2])
        ok("recording", "withdraw-deletion", recorded)
        ok("recording", "release", recorded)
        self.assertIn("no hold is in force", self.site.run("recording", "release", recorded)[2])
        trail = ok("audit", "list", "--subject", recorded)
        for action in ("recording-delete-request", "recording-hold", "recording-delete-withdraw", "recording-release"):
            self.assertEqual(trail.count(action + " "), 1, trail)
        for action in ("recording-delete-request-refused", "recording-release-refused"):
            self.assertEqual(trail.count(action + " "), 1, trail)

    def test_usage(self):
        listed = self.site.ok("--help")
        for line in re.findall(r"(?m)^  ([a-z]+ [a-z]+|[a-z]+)  ", listed):
            self.assertIn("Usage:", self.site.ok(*line.split(), "--help"))
        self.refused("nonsense", code=2, text="--help")
        self.refused("user", code=2, text="vitrine user add LOGIN")
        self.refused("user", "add", code=2, text="usage: vitrine user add")
        self.refused("user", "list", "--bogus", code=2, text="--bogus")
        self.assertRegex(self.site.ok("--version"), r"^vitrine \d")
        self.assertRegex(self.site.ok("password", "generate"), r"^[A-Za-z2-9]{20}\n$")
        done = subprocess.run([PROGRAM, "user", "list", "--config", "/nonexistent.yaml"], stderr=subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent.yaml", done.stderr)

    def test_doctor_looks_outside(self):
        before = self.site.config.read_text()
        self.addCleanup(self.site.config.write_text, before)
        self.assertIn("warn  node log: its heads are kept nowhere else", self.site.run("doctor")[1])
        with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as syslog:
            syslog.bind(str(self.site.dir / "log.sock"))
            urls = f"http://127.0.0.1:{server.getsockname()[1]}/"

            def asked(sink, file, url):
                self.site.config.write_text(before.replace("live_socket_path", f'''log: {{ syslog_socket: {sink}, head_file: {file}, witness_url: "{url}" }},
            time_stamp: {{ url: "{url}", ca_file: {self.site.dir}/tsa.pem }}, live_socket_path'''))
                return self.site.run("doctor")

            code, out, _ = asked(self.site.dir / "log.sock", "/dev/shm/heads", urls)
            for line in (f"ok    node log: heads go to syslog, {self.site.dir}/log.sock", "ok    node log: heads go to /dev/shm/heads",
                         f"ok    node log: witness: {urls} can be reached", f"ok    time stamps: {urls} can be reached"):
                self.assertIn(line, out)
            self.assertEqual((code, f"FAIL  time stamps: recorder.time_stamp.ca_file {self.site.dir}/tsa.pem is not there" in out), (1, True), out)
        out = asked(self.site.dir / "none.sock", self.site.dir / "heads", urls)[1]
        self.assertIn(f"FAIL  node log: recorder.log.syslog_socket {self.site.dir}/none.sock is no socket", out)
        self.assertIn(f"warn  node log: {self.site.dir}/heads lies on the file system of the store", out)
        self.assertIn(f"warn  node log: witness: {urls} cannot be reached from here", out)
        self.assertIn("FAIL  node log: /nowhere is no directory", asked(self.site.dir / "none.sock", "/nowhere/heads", urls)[1])

    def test_doctor(self):
        code, out, _ = self.site.run("doctor")
        self.assertEqual(code, 0, out)
        self.assertIn("ok    database: schema", out)
        self.assertIn("warn  vitrine-recorder does not answer", out)
        self.site.key.chmod(0o640)
        self.site.master.write_text("short\n")
        try:
            code, out, _ = self.site.run("doctor")
        finally:
            self.site.key.chmod(0o600)
            self.site.master.write_text(os.urandom(32).hex() + "\n")
        self.assertEqual(code, 1)
        self.assertRegex(out, r"FAIL  gateway: .*chmod 600")
        self.assertRegex(out, r"FAIL  master key: .*64 hex digits")


class Terminal(unittest.TestCase):
    """What a person types: without echo, twice."""

    def await_silence(self, terminal):
        """The prompt appears a moment before echo goes off; a person never types into that moment, a test may. Nothing announces a terminal's mode."""
        deadline = time.monotonic() + 30
        while termios.tcgetattr(terminal)[3] & termios.ECHO:
            self.assertLess(time.monotonic(), deadline, "echo goes off")
            time.sleep(0.005)

    def talk(self, answers):
        site = Installation()
        site.ok("migrate", "--database", CONNINFO + " user=postgres")
        child, terminal = pty.fork()
        if child == 0:
            os.execv(PROGRAM, [PROGRAM, "--config", str(site.config), "user", "add", "typed"])
        seen = b""
        for prompt, answer in answers:
            while prompt.encode() not in seen.rpartition(b"\n")[2]:
                self.assertTrue(select.select([terminal], [], [], 30)[0], seen)
                seen += os.read(terminal, 4096)
            self.await_silence(terminal)
            os.write(terminal, answer.encode() + b"\n")
            seen += b"\n"
        while True:
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
        os.close(terminal)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        shutil.rmtree(site.dir)
        return status, seen.decode()

    def test_prompt(self):
        status, seen = self.talk([("Password:", PASSWORD), ("Password again:", PASSWORD + "x")])
        self.assertEqual(status, 1, seen)
        status, seen = self.talk([("Password:", PASSWORD), ("Password again:", PASSWORD)])
        self.assertEqual(status, 0, seen)
        self.assertIn("user typed added", seen)
        self.assertNotIn(PASSWORD, seen)


class Pin(unittest.TestCase):
    """`target pin` against peers that speak RDP and VNC up to TLS."""

    @classmethod
    def setUpClass(cls):
        cls.site = Installation()
        cls.site.ok("migrate", "--database", CONNINFO + " user=postgres")
        digest = subprocess.run(["openssl", "x509", "-in", cls.site.certificate, "-noout", "-fingerprint", "-sha256"],
                                stdout=subprocess.PIPE, check=True, text=True).stdout
        cls.fingerprint = digest.partition("=")[2].strip().replace(":", "").lower()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.site.dir)

    def serve(self, greet):
        """Listens; greets one caller, then starts TLS when greet says so."""
        listener = socket.create_server(("127.0.0.1", 0))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.site.certificate, self.site.key)

        def work():
            with listener, listener.accept()[0] as peer:
                peer.settimeout(20)
                if greet(peer):
                    try:
                        context.wrap_socket(peer, server_side=True).close()
                    except (OSError, ssl.SSLError):
                        pass

        thread = threading.Thread(target=work)
        thread.start()
        self.addCleanup(thread.join)
        return listener.getsockname()[1]

    def pin(self, name, protocol, port):
        self.site.ok("target", "add", name, "--protocol", protocol, "--host", "127.0.0.1", "--port", str(port))
        return self.site.run("target", "pin", name, "--yes")

    @staticmethod
    def exactly(peer, count):
        data = b""
        while len(data) < count:
            more = peer.recv(count - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def test_rdp(self):
        def greet(peer):
            request = self.exactly(peer, 19)
            self.assertEqual(request[11:], bytes([1, 0, 8, 0, 3, 0, 0, 0]))
            peer.sendall(bytes([3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0]))
            return True

        code, out, err = self.pin("desk", "rdp", self.serve(greet))
        self.assertEqual(code, 0, err)
        self.assertIn(self.fingerprint, out)
        self.assertIn("desk.example", out)
        self.assertRegex(self.site.ok("target", "list"), r"(?m)^desk .* pinned ")

    def test_vnc(self):
        def greet(peer):
            peer.sendall(b"RFB 003.008\n")
            self.exactly(peer, 12)
            peer.sendall(bytes([2, 2, 19]))
            self.assertEqual(self.exactly(peer, 1), b"\x13")
            peer.sendall(bytes([0, 2]))
            self.exactly(peer, 2)
            peer.sendall(b"\0" + bytes([2]) + struct.pack(">II", 258, 261))
            self.assertEqual(self.exactly(peer, 4), struct.pack(">I", 261))
            peer.sendall(b"\1")
            return True

        code, out, err = self.pin("screen", "vnc", self.serve(greet))
        self.assertEqual(code, 0, err)
        self.assertIn(self.fingerprint, out)

    def test_what_is_no_target(self):
        def garbage(peer):
            peer.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian\r\n")
            return False

        def without_tls(peer):
            self.exactly(peer, 19)
            peer.sendall(bytes([3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0]))
            return False

        def vnc_without_tls(peer):
            peer.sendall(b"RFB 003.008\n")
            self.exactly(peer, 12)
            peer.sendall(bytes([1, 2]))
            return False

        def silent(peer):
            self.exactly(peer, 19)
            return False

        for number, (protocol, greet, text) in enumerate((("rdp", garbage, "does not speak RDP"), ("vnc", garbage, "does not speak VNC"),
                                                          ("rdp", without_tls, "neither TLS nor NLA"), ("vnc", vnc_without_tls, "VeNCrypt"),
                                                          ("rdp", silent, "closed the connection"))):
            code, _, err = self.pin(f"odd{number}", protocol, self.serve(greet))
            self.assertEqual(code, 1)
            self.assertIn(text, err)


class RecordingShow(unittest.TestCase):
    """`vitrine recording show`: what the database and the chain say about one recording."""

    SESSION = "6f9619ff-8b86-d011-b42d-00c04fc964ff"
    ELSEWHERE = "6f9619ff-8b86-d011-b42d-00c04fc96400"

    @classmethod
    def setUpClass(cls):
        cls.site = Installation()
        cls.site.ok("migrate", "--database", CONNINFO + " user=postgres")
        cls.recording = cls.site.dir / "store" / cls.SESSION
        cls.recording.mkdir()
        subprocess.run([MAKE_RECORDING, cls.recording, "600000"], check=True)
        last = (cls.recording / "chain").read_bytes().splitlines()[-1].split(b" ", 1)[1]
        cls.head = hashlib.sha256(last).hexdigest()
        cls.say(f"""
            INSERT INTO vitrine.session (id, node, login, target, account, front, back, door, viewer_address, viewer_name, opened_at, state, ended_at, end_reason)
            VALUES ('{cls.SESSION}', 'n1', 'ann', 'web-01', 'root', 'rdp', 'vnc', 'password', '192.0.2.7', E'ann\\x1b-pc', '2026-05-01 12:00:00Z', 'ended', now(), 'viewer-left');
            INSERT INTO vitrine.recording (session_id, node, quality, state, started_at, closed_at, head, check_state, check_detail, checked_at)
            VALUES ('{cls.SESSION}', 'n1', 'evidence', 'sealed', '2026-05-01 12:00:00Z', '2026-05-01 12:00:03Z', '{cls.head}', 'skipped', 'no key', '2026-05-02 00:00:00Z'),
                   ('{cls.ELSEWHERE}', 'n2', 'standard', 'missing', '2026-05-01 12:00:00Z', now(), '', '', '', NULL);
            INSERT INTO vitrine.segment (session_id, number, file, init_file, timeline_file, bytes, start_us, duration_us, frames, width_px, height_px, codec, sha256)
            VALUES ('{cls.SESSION}', 1, 'seg-00001.mp4', 'init-001.mp4', '', 4000000, 0, 1000000, 15, 1280, 800, 'avc3.42c028', '{"e" * 64}')""")
        cls.site.ok("recording", "hold", cls.SESSION, "--reason", "case 17")

    @classmethod
    def say(cls, statement):
        subprocess.run(["psql", "-q", CONNINFO + " user=postgres", "-c", statement], check=True)

    @classmethod
    def tearDownClass(cls):
        cls.say("DELETE FROM vitrine.legal_hold; DELETE FROM vitrine.segment; DELETE FROM vitrine.recording; DELETE FROM vitrine.session")
        shutil.rmtree(cls.site.dir)

    def test_words(self):
        told = dict(re.match(r"(.{18}) (.*)", line).groups() for line in self.site.ok("recording", "show", self.SESSION).splitlines())
        told = {heading.strip(): text for heading, text in told.items()}
        self.assertEqual(told["who"], "ann")
        self.assertEqual(told["from"], "192.0.2.7 ann?-pc")
        self.assertEqual(told["to"], "root@web-01, vnc")
        self.assertEqual((told["began"], told["closed"], told["state"]), ("2026-05-01 12:00:00", "2026-05-01 12:00:03", "sealed"))
        self.assertEqual(told["contents"], "1.0 s, 15 pictures, 4.0 MB, 1 segments, 1280 x 800, evidence")
        self.assertEqual((told["lies in"], told["node"]), (str(self.recording), "n1"))
        self.assertRegex(told["chain"], r"\d+ entries, signatures and order hold")
        self.assertEqual((told["head"], told["gap"]), (self.head, "1.0 s to 1.6 s: recorder-away"))
        self.assertNotIn("head, database", told)
        self.assertEqual(told["class"], "standard")
        self.assertRegex(told["hold"], f"by {ACTOR} since .*: case 17")
        self.assertEqual(told["self-check"], "skipped at 2026-05-02 00:00:00: no key")

    def test_json(self):
        told = json.loads(self.site.ok("recording", "show", self.SESSION, "--json"))
        self.assertEqual((told["id"], told["state"], told["directory"], told["frames"]), (self.SESSION, "sealed", str(self.recording), 15))
        self.assertEqual((told["session"]["login"], told["session"]["end_reason"]), ("ann", "viewer-left"))
        self.assertEqual([(segment["file"], segment["bytes"]) for segment in told["segments"]], [("seg-00001.mp4", 4000000)])
        self.assertEqual((told["chain"]["holds"], told["chain"]["sealed"], told["chain"]["head_is_the_databases"]), (True, True, True))
        self.assertEqual(told["chain"]["gaps"], [{"start_us": 1000000, "end_us": 1600000, "reason": "recorder-away"}])
        self.assertEqual((told["keeping"]["class"], told["keeping"]["hold"]["reason"], told["keeping"]["deletion_request"]), ("standard", "case 17", None))
        self.assertEqual(told["check"]["at_utc"][:19], "2026-05-02T00:00:00")

    def test_broken_chain(self):
        chain = self.recording / "chain"
        before = chain.read_bytes()
        self.addCleanup(chain.write_bytes, before)
        lines = before.splitlines(keepends=True)
        chain.write_bytes(b"".join(lines[:1] + lines[2:]))
        self.assertIn("BROKEN: ask vitrine verify", self.site.ok("recording", "show", self.SESSION))
        self.assertFalse(json.loads(self.site.ok("recording", "show", self.SESSION, "--json"))["chain"]["holds"])
        chain.write_bytes(b"".join(lines[:-1]))
        self.assertIn("head, database", self.site.ok("recording", "show", self.SESSION))

    def test_elsewhere(self):
        words = self.site.ok("recording", "show", self.ELSEWHERE)
        self.assertRegex(words, "(?m)^lies in +not on this machine$")
        self.assertRegex(words, "(?m)^state +missing$")
        told = json.loads(self.site.ok("recording", "show", self.ELSEWHERE, "--json"))
        self.assertEqual((told["directory"], told["chain"], told["session"]), (None, None, None))
        code, _, err = self.site.run("recording", "show", self.SESSION.replace("f", "0"))
        self.assertEqual((code, "there is no recording of session" in err), (1, True))

    def test_doctor_names_what_is_missing(self):
        code, out, _ = self.site.run("doctor")
        self.assertEqual(code, 1)
        self.assertIn("FAIL  recordings: 1 are missing from the store", out)

    def test_doctor_says_how_long_the_store_lasts(self):
        """What was recorded in the last day is held against what is free: a fiftieth of it lasts fifty days, half of it two."""
        self.addCleanup(self.say, "DELETE FROM vitrine.segment WHERE number = 2; UPDATE vitrine.recording SET started_at = '2026-05-01 12:00:00Z'")
        fs = os.statvfs(self.site.dir)
        free = fs.f_bavail * fs.f_frsize - (1024 << 20)
        for part, said in ((0.02, "ok    store: lasts 50 days"), (0.5, "warn  store: reaches its reserve in 2.0 days")):
            self.say(f"""DELETE FROM vitrine.segment WHERE number = 2;
                UPDATE vitrine.recording SET started_at = now() - interval '1 day' WHERE session_id = '{self.SESSION}';
                INSERT INTO vitrine.segment (session_id, number, file, init_file, timeline_file, bytes, start_us, duration_us, frames, width_px, height_px, codec, sha256)
                VALUES ('{self.SESSION}', 2, 'seg-00002.mp4', 'init-001.mp4', '', {int(free * part)}, 1000000, 86000000000, 15, 1280, 800, 'avc3.42c028', '{"e" * 64}')""")
            self.assertIn(said, self.site.run("doctor")[1])


class Export(unittest.TestCase):
    """`vitrine export` of a recording in the store, `vitrine verify` of what it made, and `vitrine recording verify` of what lies there."""

    SESSION = "6f9619ff-8b86-d011-b42d-00c04fc964ff"

    @classmethod
    def setUpClass(cls):
        cls.site = Installation()
        cls.site.ok("migrate", "--database", CONNINFO + " user=postgres")
        recording = cls.site.dir / "store" / cls.SESSION
        recording.mkdir()
        subprocess.run([MAKE_RECORDING, recording], check=True)
        subprocess.run(["psql", "-q", CONNINFO + " user=postgres", "-c", f"""
            INSERT INTO vitrine.recording (session_id, node, quality, state, started_at, closed_at)
            VALUES ('{cls.SESSION}', 'n1', 'standard', 'sealed', '2026-05-01 12:00:00Z', now())"""], check=True)
        cls.trusted = cls.site.dir / "trusted.pem"
        cls.trusted.write_text((recording / "certificate.pem").read_text() + cls.site.certificate.read_text())

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["psql", "-q", CONNINFO + " user=postgres", "-c", f"DELETE FROM vitrine.recording WHERE session_id = '{cls.SESSION}'"], check=True)
        shutil.rmtree(cls.site.dir)

    def export(self, name, *words):
        target = self.site.dir / name
        return target, self.site.run("export", self.SESSION, "-o", str(target), *words)

    def verify(self, *words):
        code, out, _ = self.site.run("verify", *map(str, words))
        return code, out

    def test_whole(self):
        target, (code, out, err) = self.export("whole.mp4", "--purpose", "case 7")
        self.assertEqual(code, 0, err)
        self.assertIn("all of it", out)
        code, words = self.verify(target, "--ca", self.trusted)
        self.assertEqual(code, 0, words)
        self.assertTrue(words.startswith("PROVEN"), words)
        self.assertIn("covers     0.000 s to 2.000 s of the recording, all of it", words)
        self.assertIn("not here   nothing", words)
        self.assertIn("purpose    case 7", words)
        report = json.loads(self.verify(target, "--json", "--ca", self.trusted)[1])
        self.assertEqual((report["verdict"], report["export"]["whole"], report["export"]["created_by"]), ("proven", True, ACTOR))
        trail = self.site.ok("audit", "list", "--subject", self.SESSION)
        self.assertIn("export-request", trail)
        self.assertIn("case 7", trail)
        self.assertIn("export-finish", trail)
        self.assertIn(report["export"]["video_sha256"], trail)
        self.assertIn("exists already", self.export("whole.mp4")[1][2])

    def verified(self):
        """Verdicts in the audit trail."""
        return re.findall(r'"verdict": "(\w+)"', self.site.ok("audit", "list", "--action", "recording-verify", "--subject", self.SESSION))

    def test_verifying_on_the_node_is_recorded(self):
        code, out, err = self.site.run("recording", "verify", self.SESSION, "--ca", self.trusted)
        self.assertEqual((code, out.startswith("PROVEN")), (0, True), out + err)
        report = json.loads(self.site.run("recording", "verify", self.SESSION, "--json")[1])
        self.assertEqual(report["verdict"], "proven")
        segment = self.site.dir / "store" / self.SESSION / "seg-00002.mp4"
        whole = segment.read_bytes()
        try:
            segment.write_bytes(whole[:-1] + b"?")
            code, out, err = self.site.run("recording", "verify", self.SESSION)
        finally:
            segment.write_bytes(whole)
        self.assertEqual((code, "seg-00002.mp4" in out), (3, True), out + err)
        self.assertEqual(self.verified(), ["broken", "proven", "proven"])
        self.assertEqual(self.site.run("recording", "verify", "x")[0], 1)
        self.assertEqual(self.site.run("recording", "verify", "00000000-0000-4000-8000-000000000000")[0], 1)

    def test_part(self):
        for number, (start, end) in enumerate((("1.2", "0:01.5"), ("2026-05-01T12:00:01.5Z", "2026-05-01T12:00:09Z"))):
            target, (code, _, err) = self.export(f"part{number}.mp4", "--from", start, "--to", end, "--without-timeline")
            self.assertEqual(code, 0, err)
            code, words = self.verify(target, "--ca", self.trusted)
            self.assertEqual(code, 0, words)
            self.assertIn("named part", words.splitlines()[0])
            self.assertIn("covers     1.000 s to 2.000 s of the recording\n", words)
            self.assertIn("not here   1 of 2 segments", words)

    def test_refused(self):
        self.assertEqual(self.export("never.mp4", "--from", "5", "--to", "4")[1][0], 2)
        self.assertEqual(self.export("never.mp4", "--from", "half past")[1][0], 2)
        self.assertEqual(self.site.run("export", self.SESSION)[0], 2)
        _, (code, _, err) = self.export("never.mp4", "--from", "7200")
        self.assertEqual(code, 1)
        self.assertIn("no finished segment", err)
        code, _, err = self.site.run("export", "00000000-0000-4000-8000-000000000000", "-o", "x.mp4")
        self.assertEqual(code, 1)
        self.assertIn("there is no recording", err)

    def test_stopped_and_gone_on_with(self):
        """Ctrl-C is waiting when the command begins: it stops after the first bytes, in order, and the same command ends the work."""
        target = self.site.dir / "stopped.mp4"

        def interrupt():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            os.kill(os.getpid(), signal.SIGINT)

        done = subprocess.run([PROGRAM, "--config", self.site.config, "export", self.SESSION, "-o", target], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=60, preexec_fn=interrupt, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("the same command goes on", done.stderr)
        self.assertFalse(target.exists())
        self.assertTrue((self.site.dir / "stopped.mp4.part").exists())
        self.assertIn("the export was stopped", self.newest_audit("export-stop"))
        self.assertEqual(self.export("stopped.mp4")[1][0], 0)
        self.assertEqual(self.verify(target, "--ca", self.trusted)[0], 0)
        self.assertFalse((self.site.dir / "stopped.mp4.part").exists())

    def newest_audit(self, action):
        return self.site.ok("audit", "list", "--subject", self.SESSION, "--action", action).splitlines()[1]

    def test_failure_is_audited(self):
        target, (code, _, err) = self.export("nowhere/never.mp4", "--purpose", "case 7")
        self.assertEqual(code, 1, err)
        self.assertFalse(target.exists())
        record = self.newest_audit("export-fail")
        self.assertIn(ACTOR, record)
        self.assertIn("No such file or directory", record)

    def test_certificate(self):
        """Beside an export, and of a file alone; never over a file that is there, never of a file that was changed."""
        pdf = self.site.dir / "certificate.pdf"
        target, (code, _, err) = self.export("certified.mp4", "--certificate", str(pdf), "--ca", str(self.trusted), "--purpose", "Fall Müller")
        self.assertEqual(code, 0, err)
        page = subprocess.run(["pdftotext", "-layout", pdf, "-"], check=True, stdout=subprocess.PIPE).stdout.decode()
        for words in ("PROVEN", "Fall Müller", self.SESSION, ACTOR, hashlib.sha256(target.read_bytes()).hexdigest(), "vitrine verify 'certified.mp4'"):
            self.assertIn(words, page)
        code, _, err = self.site.run("certificate", str(target), "-o", str(pdf))
        self.assertEqual(code, 1)
        self.assertIn("File exists", err)
        never, (code, _, err) = self.export("never.mp4", "--certificate", str(pdf))
        self.assertEqual((code, never.exists()), (1, False))
        self.assertIn("certificate.pdf exists already", err)
        again = self.site.dir / "again.pdf"
        self.assertEqual(self.site.run("certificate", str(target), "-o", str(again))[0], 0)
        self.assertIn("WHOLE", subprocess.run(["pdftotext", again, "-"], check=True, stdout=subprocess.PIPE).stdout.decode())
        target.write_bytes(target.read_bytes().replace(b"pictures of segment 2", b"Pictures of segment 2"))
        never = self.site.dir / "never.pdf"
        code, _, err = self.site.run("certificate", str(target), "-o", str(never))
        self.assertEqual((code, never.exists()), (3, False))
        self.assertIn("BROKEN", err)
        self.assertEqual(self.site.run("certificate", str(target))[0], 2)

    def test_timeline(self):
        """Of a recording and of a file, in each form; of a file that was changed nothing."""
        vtt = self.site.dir / "evidence.vtt"
        target, (code, _, err) = self.export("events.mp4", "--subtitles", str(vtt))
        self.assertEqual(code, 0, err)
        lines = self.site.ok("timeline", self.SESSION)
        self.assertEqual(lines, self.site.ok("timeline", str(target), "--jsonl"))
        events = [json.loads(line) for line in lines.splitlines()]
        self.assertEqual([(event["type"], event["text"]) for event in events], [("title", "=1+1, first"), ("title", "=1+1, second")])
        self.assertIn("timeline-export", self.newest_audit("timeline-export"))
        code, out, _ = self.site.run("timeline", str(target), "--csv", "--ca", str(self.trusted))
        rows = list(csv.reader(io.StringIO(out, newline="")))
        self.assertEqual(rows[0], ["time_utc", "seconds", "origin", "type", "text", "detail"])
        self.assertEqual([row[1:] for row in rows[1:]], [["0.500000", "session", "title", "'=1+1, first", ""], ["1.500000", "session", "title", "'=1+1, second", ""]])
        cues = "WEBVTT\n\n00:00:00.500 --> 00:00:03.500\nTitle: =1+1, first\n\n00:00:01.500 --> 00:00:04.500\nTitle: =1+1, second\n\n"
        self.assertEqual(vtt.read_text(), cues)
        self.assertEqual(self.site.ok("timeline", str(target), "--vtt"), cues)
        self.assertEqual(self.site.run("timeline", str(target), "--vtt", "--csv")[0], 2)
        code, _, err = self.site.run("timeline", str(target), "-o", str(vtt))
        self.assertEqual((code, vtt.read_text()), (1, cues))
        self.assertIn("File exists", err)
        target.write_bytes(target.read_bytes().replace(b"pictures of segment 2", b"Pictures of segment 2"))
        code, out, err = self.site.run("timeline", str(target))
        self.assertEqual((code, out), (3, ""))
        self.assertIn("BROKEN", err)

    def test_policy(self):
        """Where nobody may export timelines, they are left out, and the file says by whose will."""
        strict = self.site.dir / "strict.yaml"
        strict.write_text(self.site.config.read_text().replace("export: {", "export: { timelines: nobody,"))
        target = self.site.dir / "policy.mp4"
        code, _, err = self.site.run("export", "--config", str(strict), self.SESSION, "-o", str(target))
        self.assertEqual(code, 0, err)
        code, words = self.verify(target, "--json", "--ca", self.trusted)
        self.assertEqual(code, 0, words)
        self.assertEqual(json.loads(words)["export"]["left_out"], [{"name": "seg-00001.jsonl.gz", "reason": "policy"}, {"name": "seg-00002.jsonl.gz", "reason": "policy"}])
        code, out, err = self.site.run("timeline", str(target), "--csv")
        self.assertEqual((code, out), (0, "time_utc,seconds,origin,type,text,detail\r\n"))
        self.assertIn("2 timelines were left out", err)
        for words in (("timeline", self.SESSION), ("export", self.SESSION, "-o", str(self.site.dir / "never.mp4"), "--subtitles", str(self.site.dir / "never.vtt"))):
            code, out, err = self.site.run(words[0], "--config", str(strict), *words[1:])
            self.assertEqual((code, out), (1, ""))
            self.assertIn("policy", err)
        strict.write_text(self.site.config.read_text().replace("export: {", "export: { timelines: king,"))
        code, _, err = self.site.run("export", "--config", str(strict), self.SESSION, "-o", str(target))
        self.assertEqual(code, 1)
        self.assertIn('export.timelines is "king"; write auditor, admin or nobody', err)

    def redact(self, *words, before=None):
        """Exit code and what it says; nothing may be left behind."""
        done = subprocess.run([PROGRAM, "--config", self.site.config, "redact", self.SESSION, "-o", self.site.dir / "copy.mp4", *words], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, preexec_fn=before, check=False)
        self.assertEqual(list(self.site.dir.glob("copy.mp4*")), [])
        return done.returncode, done.stderr

    def test_redact_refused(self):
        """What is no region or span, and pictures that are none; real ones are a matter of tests/integration/test_e_derived.py."""
        for option, words in (("--cover", ("1,2,3", "1,2,3,0", "1,2,3,4@9-3", "-1,2,3,4", "1,2,3,99999", "1,2,3,4@", "1,2,3,4@noon-", "")),
                              ("--mask", ("5", "9-3", "3-3", "", "a-b")), ("--quality", ("best", ""))):
            for word in words:
                code, err = self.redact(option, word)
                self.assertEqual((code, option in err), (2, True), f"{option} {word}: {err}")
        for words in (("--mask", "0:01-1:30"), ("--mask", "-1"), ("--cover", "0,0,16,16@2026-05-01T12:00:00Z-2026-05-01T12:00:01Z"), ("--quality", "evidence")):
            code, err = self.redact(*words)
            self.assertEqual(code, 1, err)
            self.assertIn("do not play", err)
        trail = self.site.ok("audit", "list", "--subject", self.SESSION)
        self.assertIn('"operation": "cover"', trail)

    def test_redact_stopped(self):
        def interrupt():
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
            os.kill(os.getpid(), signal.SIGINT)

        code, err = self.redact("--mask", "0-1", before=interrupt)
        self.assertEqual(code, 1)
        self.assertIn("nothing was left behind", err)

    def test_changed(self):
        target, _ = self.export("changed.mp4")
        target.write_bytes(target.read_bytes().replace(b"pictures of segment 2", b"Pictures of segment 2"))
        code, words = self.verify(target)
        self.assertEqual(code, 3, words)
        self.assertRegex(words, r"(?m)^broken: segment 2: 1\.000 s to 2\.000 s: the pictures of seg-00002\.mp4")
        target.write_bytes(target.read_bytes()[:-1])
        self.assertEqual(self.verify(target)[0], 3)
        code, words = self.verify(self.site.certificate)
        self.assertIn("another file", words)


class Verify(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="vitrine-verify."))
        self.addCleanup(shutil.rmtree, self.dir)
        self.recording = self.dir / "recording"
        self.recording.mkdir()
        subprocess.run([MAKE_RECORDING, self.recording], check=True)
        self.trusted = self.dir / "trusted.pem"
        shutil.copy(self.recording / "certificate.pem", self.trusted)

    def verify(self, *words):
        done = subprocess.run([PROGRAM, "verify", self.recording, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=30)
        return done.returncode, done.stdout

    def test_honest(self):
        code, out = self.verify("--certificate", self.trusted)
        self.assertEqual(code, 0, out)
        self.assertTrue(out.startswith("PROVEN"), out)
        self.assertIn("6f9619ff-8b86-d011-b42d-00c04fc964ff", out)
        code, out = self.verify()
        self.assertEqual(code, 0)
        self.assertTrue(out.startswith("WHOLE"), out)
        code, out = self.verify("--json", "--certificate", self.trusted)
        report = json.loads(out)
        self.assertEqual((report["verdict"], report["origin_proven"], report["segments"], report["frames"]), ("proven", True, 2, 10))

    def test_gap(self):
        code, out = self.verify()
        self.assertIn("gaps       none", out)
        subprocess.run([MAKE_RECORDING, self.recording, "600000"], check=True)
        shutil.copy(self.recording / "certificate.pem", self.trusted)
        code, out = self.verify("--certificate", self.trusted)
        self.assertEqual(code, 0, out)
        self.assertIn("note: 1.000 s to 1.600 s: gap: nothing was recorded for 0.600 s (recorder-away)\n", out)
        self.assertIn("gaps       1, not recorded: 0.600 s", out)
        code, out = self.verify("--json", "--certificate", self.trusted)
        self.assertEqual(json.loads(out)["gaps"], [{"start_us": 1000000, "end_us": 1600000, "duration_us": 600000, "reason": "recorder-away"}])

    def test_changed(self):
        segment = self.recording / "seg-00002.mp4"
        segment.write_bytes(segment.read_bytes().replace(b"pictures", b"Pictures"))
        code, out = self.verify("--certificate", self.trusted)
        self.assertEqual(code, 3, out)
        self.assertTrue(out.startswith("BROKEN"), out)
        self.assertRegex(out, r"(?m)^broken: segment 2: 1\.000 s to 2\.000 s: .*seg-00002\.mp4")
        code, out = self.verify("--json")
        self.assertEqual(json.loads(out)["findings"][0]["segment"], 2)

    def test_cut(self):
        chain = self.recording / "chain"
        chain.write_text("".join(chain.read_text().splitlines(keepends=True)[:-1]))
        code, out = self.verify("--certificate", self.trusted)
        self.assertEqual(code, 5, out)
        self.assertTrue(out.startswith("INCOMPLETE"), out)

    def test_foreign_signer(self):
        other = Installation()
        self.addCleanup(shutil.rmtree, other.dir)
        code, out = self.verify("--certificate", other.certificate)
        self.assertEqual(code, 4, out)
        self.assertTrue(out.startswith("UNTRUSTED"), out)

    def test_unreadable(self):
        shutil.rmtree(self.recording)
        code, out = self.verify()
        self.assertEqual(code, 1)
        self.recording.mkdir()
        code, out = self.verify()
        self.assertNotEqual(code, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v", *sys.argv[3:]])
