"""Evidence files of a real recorded session: they play, strangers' tools take them, the documented steps by hand prove them, and the console makes them."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy

from tests.integration.test_a_corridor import running
from tests.support import installation as inst
from tests.support import npm
from tests.support.browser import Console
from tests.support.desktop import Display, difference, screenshot, settled, xfreerdp
from tests.support.installation import wait_for

MP4BOX = ("mp4box", "2.4.1")
# Reads a file the way mp4box.js wants it and prints what it found; anything it complains about goes to standard error.
MP4BOX_SCRIPT = """
import { createFile, MP4BoxBuffer, Log } from 'MODULE';
import { readFileSync } from 'node:fs';
Log.setLogLevel(Log.error); // a warning only says that it knows no box of this usertype
const bytes = readFileSync(process.argv[1]);
const file = createFile(), found = {};
file.onError = (module, message) => console.error('mp4box:', module, message);
file.onReady = (info) => Object.assign(found, { tracks: info.tracks.length, codec: info.tracks[0].codec, fragmented: info.isFragmented });
file.appendBuffer(MP4BoxBuffer.fromArrayBuffer(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length), 0));
file.flush();
found.boxes = file.boxes.map((box) => box.type);
found.uuid = file.boxes.at(-1).uuid;
console.log(JSON.stringify(found));
"""
# The steps of docs/evidence-format.md and of the file's own README.txt, with nothing but public tools.
BY_HAND = r"""
set -eu
size=$(tail -c 32 "$1" | cut -d ' ' -f 2)
tail -c "$size" "$1" | tail -c +25 | tar -xf -
openssl cms -verify -binary -inform DER -in manifest.cms -content manifest.json -CAfile "$2" -out /dev/null
head -c -"$size" "$1" | sha256sum | cut -d ' ' -f 1 > video.sha256
sha256sum * > sums
openssl x509 -in certificate.pem -pubkey -noout > key.pub
openssl verify -CAfile "$2" certificate.pem
previous=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
	printf %s "${line#* }" > entry
	printf %s "${line%% *}" | base64 -d > signature
	openssl dgst -sha256 -verify key.pub -signature signature entry
	grep -q "\"prev\":\"$previous\"" entry
	previous=$(sha256sum entry | cut -d ' ' -f 1)
done < chain
echo "head $previous"
"""


class Player(Console):
    """Chromium with a page on disk that holds nothing but the video."""

    def __init__(self, folder: Path):
        super().__init__(0, "--allow-file-access-from-files", "--autoplay-policy=no-user-gesture-required")
        self.page = folder / "page.html"

    def load(self, name: str) -> float:
        self.page.write_text(f'<video muted src="{name}"></video>')
        self.driver.get(self.page.as_uri())
        self.wait("document.querySelector('video').readyState >= 2 || document.querySelector('video').error", 20)
        assert self.driver.execute_script("return document.querySelector('video').error") is None
        return self.driver.execute_script("return document.querySelector('video').duration")

    def at(self, seconds: float) -> numpy.ndarray:
        self.driver.set_script_timeout(20)
        self.driver.execute_async_script("""const [seconds, done] = arguments, video = document.querySelector('video');
            video.addEventListener('seeked', () => done(), {once: true}); video.currentTime = seconds;""", seconds)
        return self.picture("video")

    def plays_to_its_end(self, seconds: float) -> bool:
        self.driver.set_script_timeout(seconds + 5)
        return self.driver.execute_async_script("""const [seconds, done] = arguments, video = document.querySelector('video');
            video.addEventListener('ended', () => done(true), {once: true}); setTimeout(() => done(false), seconds * 1000);
            video.currentTime = 0; video.playbackRate = 16; video.play();""", seconds)


class Evidence(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()
        cls.ca = cls.installation.state / "etc/pki/evidence-ca.pem"
        cls.folder = Path(tempfile.mkdtemp(prefix="vitrine-evidence."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.session, cls.first, cls.last = cls.record()
        cls.chain = [json.loads(line.split(b" ", 1)[1]) for line in (cls.installation.state / "store" / cls.session / "chain").read_bytes().splitlines()]
        cls.segments = [entry for entry in cls.chain if entry["kind"] == "segment"]
        cls.whole, cls.late = cls.folder / "whole.mp4", cls.folder / "late.mp4"
        # The second resize began a segment; what is from there on does not begin at the recording's zero.
        start_us = [entry for entry in cls.segments if entry["frames"]][2]["start_us"]
        cls.late_segments = [entry for entry in cls.segments if entry["start_us"] >= start_us]
        cls.installation.vitrine("export", cls.session, "-o", str(cls.whole), "--purpose", "case 7")
        cls.installation.vitrine("export", cls.session, "-o", str(cls.late), "--from", f"{start_us / 1e6:.6f}")

    @classmethod
    def record(cls):
        """A session whose desktop changes its size twice; the target's picture at its beginning and end."""
        installation = cls.installation
        display_name, authority = installation.demo_display("vnc")
        environment = {**os.environ, "DISPLAY": display_name, "XAUTHORITY": authority}

        def look():
            return screenshot(display_name, authority)

        wait_for(lambda: not running(installation), 20, "earlier sessions have ended")
        before = look().shape
        display = Display()
        cls.addClassCleanup(display.close)
        viewer = xfreerdp(display, installation.rdp_port, "admin%demo-linux", installation.admin_password, "/sec:tls", "/gfx:progressive")
        cls.addClassCleanup(viewer.close)
        session = wait_for(lambda: running(installation), 30, f"a running session\n{installation.logs()}")[0]
        viewer.shows(look)
        first = look()
        for number, size in enumerate(("1024x768", f"{before[1]}x{before[0]}")):
            shown = look()
            display.type_text(f"echo part {number}\n")
            settled(look, shown)
            subprocess.run(["xrandr", "-s", size], env=environment, check=True, stdout=subprocess.DEVNULL)
            folder = installation.state / "store" / session
            wait_for(lambda number=number: len(list(folder.glob("init-*.mp4*"))) == number + 2, 15, "the resize is recorded")
        shown = look()
        display.type_text("echo the end\n")
        last, _ = settled(look, shown)
        viewer.close()
        wait_for(lambda: installation.sql(f"SELECT 1 FROM recording WHERE session_id = '{session}' AND state = 'sealed'"), 30, f"sealed\n{installation.logs()}")
        return session, first, last

    def verify(self, path: Path, *words: str) -> tuple[int, str]:
        done = self.installation.vitrine("verify", str(path), "--ca", str(self.ca), *words, check=False)
        return done.returncode, done.stdout

    def test_verified(self):
        self.assertGreaterEqual(len(self.segments), 3)
        code, words = self.verify(self.whole)
        self.assertEqual(code, 0, words)
        self.assertTrue(words.startswith("PROVEN"), words)
        self.assertIn("not here   nothing", words)
        code, words = self.verify(self.late, "--json")
        report = json.loads(words)
        self.assertEqual((code, report["verdict"], report["export"]["segments"], report["export"]["whole"]), (0, "proven", len(self.late_segments), False))
        self.assertEqual(report["export"]["start_us"], self.late_segments[0]["start_us"])

    def test_plays_in_chromium(self):
        player = Player(self.folder)
        self.addCleanup(player.close)
        length = player.load("whole.mp4")
        self.assertGreater(length, self.segments[-1]["end_us"] / 1e6 - 0.5)
        end = self.segments[-1]["end_us"] / 1e6 - 0.05
        self.assertLess(difference(player.at(end), self.last, 48), 0.01, "the end shows the target's last picture")
        events = [json.loads(line) for line in self.installation.vitrine("timeline", self.session).stdout.splitlines()]
        typed_us = next(event["t_us"] for event in events if event["type"] == "key")
        self.assertLess(difference(player.at(typed_us / 1e6 - 0.05), self.first, 48), 0.02, "before the first key it shows the first one")
        middle = self.segments[1]
        self.assertEqual(player.at((middle["first_frame_us"] + middle["end_us"]) / 2e6).shape, (768, 1024, 3))
        self.assertLess(difference(player.at(end), self.last, 48), 0.01)
        self.assertTrue(player.plays_to_its_end(30))
        length = player.load("late.mp4")
        self.assertAlmostEqual(length, self.segments[-1]["end_us"] / 1e6, delta=2)
        self.assertEqual(player.at(self.late_segments[0]["first_frame_us"] / 1e6 + 0.05).shape, self.last.shape)
        self.assertLess(difference(player.at(end), self.last, 48), 0.01)
        self.assertEqual(player.at(1).shape, self.last.shape, "before its beginning it shows its first picture")
        self.assertTrue(player.plays_to_its_end(30))

    def test_ffmpeg_is_silent(self):
        for path, expected in ((self.whole, sum(segment["frames"] for segment in self.segments)), (self.late, sum(segment["frames"] for segment in self.late_segments))):
            for command in (["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0", str(path)],
                            ["ffmpeg", "-v", "error", "-i", str(path), "-f", "null", "-"]):
                done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
                self.assertEqual(done.stderr, "")
                if command[0] == "ffprobe":
                    self.assertEqual(int(done.stdout.strip(",\n")), expected)

    def test_mp4box(self):
        module = npm.package(*MP4BOX) / "dist/mp4box.all.mjs"
        script = MP4BOX_SCRIPT.replace("MODULE", str(module))
        for path, n_pictures in ((self.whole, sum(segment["frames"] for segment in self.segments)), (self.late, sum(segment["frames"] for segment in self.late_segments))):
            done = subprocess.run(["node", "--input-type=module", "-e", script, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, check=True)
            self.assertEqual(done.stderr, "")
            found = json.loads(done.stdout)
            self.assertEqual((found["tracks"], found["fragmented"]), (1, True))
            self.assertEqual(found["boxes"], ["ftyp", "moov", *["moof", "mdat"] * n_pictures, "uuid"])
            self.assertEqual(found["uuid"], "fc0de0a17bb34c199a6e2f1d6f0b9e57")

    def test_by_hand(self):
        work = self.folder / "hand"
        work.mkdir()
        done = subprocess.run(["sh", "-c", BY_HAND, "sh", str(self.whole), str(self.ca)], cwd=work, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("CMS Verification successful", done.stdout)
        manifest = json.loads((work / "manifest.json").read_text())
        self.assertEqual((work / "video.sha256").read_text().strip(), manifest["video_sha256"])
        sums = dict(reversed(line.split()) for line in (work / "sums").read_text().splitlines())
        for file in manifest["files"]:
            self.assertEqual(sums[file["name"]], file["sha256"], file["name"])
        self.assertIn(f"head {manifest['chain']['head']}", done.stdout)
        self.assertEqual(manifest["created_by"][:3], "os:")

    def test_changed_is_found(self):
        for offset, text in ((-1, "another file"), (2000, "not what was signed")):
            changed = self.folder / "changed.mp4"
            data = bytearray(self.whole.read_bytes())
            data[offset] ^= 8
            changed.write_bytes(data)
            code, words = self.verify(changed)
            self.assertEqual(code, 3, words)
            self.assertRegex(words, f"(?m)^broken: .*{text}")

    def test_console(self):
        """Ask at the console, see it done, download it whole and in ranges, remove it."""
        installation = self.installation
        console = Console(installation.web_port)
        self.addCleanup(console.close)
        console.log_in("admin", installation.admin_password)
        console.open(f"/play/{self.session}")
        console.find(".exports button").click()
        console.find("#export-from").send_keys("0:00")
        console.find("#export-to").send_keys("0:01")
        console.find("#export-reason").send_keys("case 8, from the console")
        self.keep_screenshot(console, "console-export-dialog.png")
        console.driver.find_element("css selector", "dialog button[type=submit]").click()
        link = console.find(".exports a[download]", 20)
        digest = console.find(".exports .digest").text
        console.driver.execute_script("document.querySelector('.exports').scrollIntoView()")
        self.keep_screenshot(console, "console-export.png")
        fetched = self.fetch(console, link.get_attribute("href"))
        path = self.folder / "console.mp4"
        path.write_bytes(fetched)
        code, words = self.verify(path, "--json")
        report = json.loads(words)
        self.assertEqual((code, report["verdict"]), (0, "proven"), words)
        self.assertEqual((report["export"]["video_sha256"], report["export"]["created_by"], report["export"]["purpose"]), (digest, "admin", "case 8, from the console"))
        self.assertEqual(self.fetch(console, link.get_attribute("href"), "bytes=100-199"), fetched[100:200])
        self.companions(console, path, report)
        console.click_text("Remove")
        spool = installation.state / "export"
        wait_for(lambda: not list(spool.iterdir()), 10, "the file has left the spool")
        actions = [row[0] for row in installation.sql(f"SELECT action FROM audit WHERE subject = '{self.session}' AND actor = 'admin' ORDER BY number")]
        self.assertEqual([action for action in actions if action.startswith("export")], ["export-request", "export-finish", "export-download", "export-cancel"])
        self.assertIn("timeline-export", actions)

    def companions(self, console: Console, evidence: Path, report: dict) -> None:
        """The page about the file and the table of its events, from the buttons beside it; the command line makes the same of the file alone."""
        files = {link.text: link.get_attribute("href") for link in console.driver.find_elements("css selector", ".exports .files a")}
        pdf, again = self.folder / "certificate.pdf", self.folder / "again.pdf"
        pdf.write_bytes(self.fetch(console, files["Certificate"]))
        page = subprocess.run(["pdftotext", "-layout", pdf, "-"], stdout=subprocess.PIPE, text=True, check=True).stdout
        whole = hashlib.sha256(evidence.read_bytes()).hexdigest()
        for words in ("PROVEN", "case 8, from the console", self.session, report["export"]["video_sha256"], whole, "127.0.0.1"):
            self.assertIn(words, page)
        self.installation.vitrine("certificate", str(evidence), "-o", str(again), "--ca", str(self.ca))
        subprocess.run(["pdftoppm", "-r", "150", "-png", "-singlefile", again, self.folder / "again"], check=True)
        said = subprocess.run(["zbarimg", "-q", "--raw", self.folder / "again.png"], stdout=subprocess.PIPE, text=True, check=True).stdout
        self.assertEqual(said.strip(), f"sha256:{whole}")
        table = self.fetch(console, files["Events (CSV)"]).decode()
        self.assertTrue(table.startswith("time_utc,seconds,origin,type,text,detail\r\n"), table[:200])
        self.assertIn(",gateway,login,", table)
        self.assertEqual(table.replace("\r\n", "\n"), self.installation.vitrine("timeline", str(evidence), "--csv", "--ca", str(self.ca)).stdout)
        if os.environ.get("VITRINE_SCREENSHOTS"):
            shutil.copy(self.folder / "again.png", Path(os.environ["VITRINE_SCREENSHOTS"]) / "certificate.png")

    def keep_screenshot(self, console: Console, name: str) -> None:
        if os.environ.get("VITRINE_SCREENSHOTS"):
            console.screenshot(Path(os.environ["VITRINE_SCREENSHOTS"]) / name)

    def fetch(self, console: Console, url: str, part: str | None = None) -> bytes:
        console.driver.set_script_timeout(30)
        return base64.b64decode(console.driver.execute_async_script("""const [url, range, done] = arguments;
            fetch(url, { headers: range ? { Range: range } : {} }).then((r) => r.blob()).then((blob) => {
                const reader = new FileReader(); reader.onload = () => done(reader.result.split(',')[1]); reader.readAsDataURL(blob); });""", url, part))

    def test_goes_on_after_a_restart(self):
        """The service was killed in the middle of an export: after its restart the file is finished, over whatever lay in the spool."""
        installation = self.installation
        job = "7b1c1f0a-0000-4000-8000-000000000001"
        part = installation.state / "export" / f"{job}.mp4.part"
        part.write_bytes(self.whole.read_bytes()[:30000] + b"torn")
        shutil.chown(part, part.parent.owner(), part.parent.group())
        installation.sql(f"INSERT INTO export_job (id, session_id, node, login, reason, from_us, without_timeline, state)"
                         f" VALUES ('{job}', '{self.session}', 'embedded', 'admin', 'case 9', 0, false, 'running')")
        os.kill(installation.pid("web"), 9)
        wait_for(lambda: installation.sql(f"SELECT 1 FROM export_job WHERE id = '{job}' AND state = 'ready'"), 40, f"the export is finished\n{installation.logs()}")
        self.assertEqual(self.verify(installation.state / "export" / f"{job}.mp4")[0], 0)
        installation.sql(f"UPDATE export_job SET state = 'cancelled' WHERE id = '{job}'")
