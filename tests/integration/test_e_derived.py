"""Derived copies of a real recorded session: nothing of what they hide is left, the rest is there at its time, strangers' tools take them, and the console makes them."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import numpy
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains

from tests.integration import test_e_evidence as evidence
from tests.support import installation as inst
from tests.support import npm
from tests.support.browser import Console
from tests.support.installation import wait_for

GREY = 93  # Y 96 of BT.709, limited range, as a screen shows it
COVER = (0, 0, 640, 480)  # multiples of 16, so that it is covered as it is asked for
Y, X = slice(COVER[1], COVER[1] + COVER[3]), slice(COVER[0], COVER[0] + COVER[2])


def entropy(picture: numpy.ndarray) -> float:
    """Bits for each sample, by how often each value stands there."""
    shares = numpy.bincount(picture.ravel(), minlength=256) / picture.size
    shares = shares[shares > 0]
    return float(-(shares * numpy.log2(shares)).sum())


def psnr(a: numpy.ndarray, b: numpy.ndarray) -> float:
    return float(10 * numpy.log10(255 ** 2 / max(((a.astype(float) - b) ** 2).mean(), 1e-9)))


def outside(picture: numpy.ndarray) -> numpy.ndarray:
    """True where the cover is not."""
    found = numpy.ones(picture.shape, bool)
    found[Y, X] = False
    return found


class Derived(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.installation = inst.shared()
        cls.ca = cls.installation.state / "etc/pki/evidence-ca.pem"
        cls.folder = Path(tempfile.mkdtemp(prefix="vitrine-derived."))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.session, _, _ = evidence.Evidence.record.__func__(cls)
        chain = (cls.installation.state / "store" / cls.session / "chain").read_bytes().splitlines()
        cls.segments = [entry for line in chain if (entry := json.loads(line.split(b" ", 1)[1]))["kind"] == "segment"]
        cls.end = cls.segments[-1]["end_us"] / 1e6
        cls.original, cls.copy = cls.folder / "original.mp4", cls.folder / "copy.mp4"
        wait_for(cls.provable, 30, "a signed head of the node log covers the seal")
        cls.installation.vitrine("export", cls.session, "-o", str(cls.original))
        # The middle of the first and of the second size are seen, the beginning of the third is masked.
        cls.mask = (cls.segments[2]["start_us"] / 1e6, cls.segments[2]["start_us"] / 1e6 + 0.3)
        cls.installation.vitrine("redact", cls.session, "-o", str(cls.copy), "--purpose", "case 7", "--cover", ",".join(map(str, COVER)),
                                 "--mask", "{:.6f}-{:.6f}".format(*cls.mask), "--quality", "evidence")

    @classmethod
    def provable(cls) -> bool:
        done = cls.installation.vitrine("log", "prove", cls.session, "--output", str(cls.folder), check=False)
        return done.returncode == 0 and (cls.folder / "log-seal.json").exists()

    def shown(self, path: Path, *places: float) -> list[numpy.ndarray]:
        """What Chromium shows there."""
        player = evidence.Player(self.folder)
        self.addCleanup(player.close)
        player.load(path.name)
        return [player.at(place) for place in places]

    def pictures(self, path: Path) -> list[tuple[float, tuple[int, int]]]:
        done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "frame=pts_time,width,height", "-of", "json", str(path)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(done.stderr, "")
        return [(float(frame["pts_time"]), (frame["width"], frame["height"])) for frame in json.loads(done.stdout)["frames"]]

    def test_pixels(self):
        places = [(segment["first_frame_us"] + segment["end_us"]) / 2e6 for segment in self.segments[:2]]
        for source, copy in zip(self.shown(self.original, *places), self.shown(self.copy, *places), strict=True):
            self.assertEqual(source.shape, copy.shape)
            self.assertGreater(entropy((source[Y, X] + 4) // 8), 0.05, "there is something to hide")
            self.assertLess(numpy.abs(copy[Y, X].astype(int) - GREY).max(), 6)
            self.assertLess(entropy((copy[Y, X] + 7) // 8), 0.001, "and nothing is left of it but the encoder's rounding")
            self.assertGreater(psnr(source[outside(source)], copy[outside(source)]), 34)
            self.keep_pictures(source, copy)

    @staticmethod
    def keep_pictures(source: numpy.ndarray, copy: numpy.ndarray) -> None:
        if os.environ.get("VITRINE_SCREENSHOTS"):
            for name, picture in ("before", source), ("after", copy):
                Image.fromarray(picture).save(Path(os.environ["VITRINE_SCREENSHOTS"]) / f"derived-{name}.png")

    def test_masked(self):
        """In the span there is the card alone: white letters in the middle of a dark ground; behind it stands what was there."""
        begin, end = self.mask
        inside = [at for at, _ in self.pictures(self.copy) if begin - 1e-6 <= at < end - 1e-6]
        self.assertAlmostEqual(inside[0], begin, places=5)
        (card, after), (hidden, source) = self.shown(self.copy, begin + 0.1, end + 0.1), self.shown(self.original, begin + 0.1, end + 0.1)
        self.assertEqual(card.shape, hidden.shape)
        third = card.shape[0] // 3
        self.assertLess(int(card[:third].max()) - int(card[:third].min()), 8)
        self.assertLess(int(card[2 * third + 2:].max()) - int(card[2 * third + 2:].min()), 8)
        self.assertGreater(int(card[third:2 * third].max()), 200)
        self.assertGreater(psnr(after[outside(after)], source[outside(after)]), 34)
        self.keep_pictures(hidden, card)

    def test_times(self):
        """A picture of the copy has the time of a recorded one, or of an edge of the mask; it lasts as long as the recording."""
        source = {round(at, 5) for at, _ in self.pictures(self.original)} | {round(at, 5) for at in self.mask}
        for at, _ in self.pictures(self.copy):
            self.assertIn(round(at, 5), source)
        done = subprocess.run(["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", str(self.copy)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=True)
        self.assertAlmostEqual(float(done.stdout), self.end, places=3)
        self.assertEqual([size for _, size in self.pictures(self.copy)][-1], [size for _, size in self.pictures(self.original)][-1])

    def test_verified(self):
        done = self.installation.vitrine("verify", str(self.copy), "--ca", str(self.ca))
        self.assertTrue(done.stdout.startswith("DERIVED COPY"), done.stdout)
        self.assertIn("PROVEN: every byte of this copy", done.stdout)
        report = json.loads(self.installation.vitrine("verify", str(self.copy), "--ca", str(self.ca), "--json").stdout)["export"]
        original = json.loads(self.installation.vitrine("verify", str(self.original), "--ca", str(self.ca), "--json").stdout)["export"]
        self.assertEqual((report["kind"], report["source_sha256"], report["in_log"]), ("derived", original["video_sha256"], True))
        end_us = self.segments[-1]["end_us"]
        self.assertEqual(report["operations"], [
            {"operation": "cover", "x": COVER[0], "y": COVER[1], "width": COVER[2], "height": COVER[3], "start_us": 0, "end_us": end_us},
            {"operation": "mask", "start_us": round(self.mask[0] * 1e6), "end_us": round(self.mask[1] * 1e6)},
            {"operation": "transcode", "codec": "h264", "encoder": "libx264", "qp": 22}])
        request = self.installation.sql(f"SELECT detail -> 'operations' -> 0 ->> 'operation' FROM audit WHERE subject = '{self.session}' AND action = 'export-request'"
                                        " AND detail ? 'operations' ORDER BY number LIMIT 1")
        self.assertEqual([row[0] for row in request], ["cover"])

    def test_strangers(self):
        done = subprocess.run(["ffmpeg", "-v", "error", "-i", str(self.copy), "-f", "null", "-"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, check=True)
        self.assertEqual(done.stderr, "")
        module = npm.package(*evidence.MP4BOX) / "dist/mp4box.all.mjs"
        done = subprocess.run(["node", "--input-type=module", "-e", evidence.MP4BOX_SCRIPT.replace("MODULE", str(module)), str(self.copy)], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
        self.assertEqual(done.stderr, "")
        found = json.loads(done.stdout)
        self.assertEqual(found["boxes"], ["ftyp", "moov", *["moof", "mdat"] * len(self.pictures(self.copy)), "uuid"])

    def test_chromium(self):
        player = evidence.Player(self.folder)
        self.addCleanup(player.close)
        self.assertAlmostEqual(player.load("copy.mp4"), self.end, delta=0.05)
        for segment in self.segments[:2]:
            seen = player.at((segment["first_frame_us"] + segment["end_us"]) / 2e6)
            self.assertEqual(seen.shape[:2], (segment["height"], segment["width"]))
            self.assertLess(numpy.abs(seen[Y, X].astype(int) - GREY).max(), 6)
        self.assertTrue(player.plays_to_its_end(30))

    def test_refused(self):
        def redact(*words: str) -> tuple[int, str]:
            done = self.installation.vitrine("redact", self.session, "-o", str(self.folder / "never.mp4"), *words, check=False)
            return done.returncode, done.stdout
        for words in (("--cover", "1,2,3"), ("--cover", "1,2,3,0"), ("--cover", "1,2,3,4@9-3"), ("--cover", "-1,2,3,4"), ("--mask", "5"), ("--mask", "9-3"), ("--quality", "best")):
            code, text = redact(*words)
            self.assertEqual(code, 2, f"{words}: {text}")
            self.assertIn(words[0], text)
        self.assertEqual(list(self.folder.glob("never*")), [])

    def test_console(self):
        """A region drawn on the picture and a span that begins where it plays."""
        console = Console(self.installation.web_port)
        self.addCleanup(console.close)
        console.log_in("admin", self.installation.admin_password)
        console.open(f"/play/{self.session}")
        console.wait("document.querySelector('video')?.videoWidth > 0", 20)
        console.find(".exports button:nth-of-type(2)").click()
        layer = console.find("svg.regions")
        width, height = console.driver.execute_script("const v = document.querySelector('video'); return [v.videoWidth, v.videoHeight]")
        ActionChains(console.driver).move_to_element_with_offset(layer, -100, -50).click_and_hold().move_by_offset(150, 80).release().perform()
        sides = [int(console.find(f"input[aria-label='Region 1, {side}']").get_attribute("value")) for side in ("left", "top", "width", "height")]
        scale = width / layer.size["width"]
        for side, due in zip(sides, (width / 2 - 100 * scale, height / 2 - 50 * scale, 150 * scale, 80 * scale)):
            self.assertAlmostEqual(side, due, delta=3)
        console.click_text("Mask from here")
        console.find("input[aria-label='Masked span 1, to']").send_keys("0:00.2")
        console.find("#redact-reason").send_keys("case 8, from the console")
        if os.environ.get("VITRINE_SCREENSHOTS"):
            console.screenshot(Path(os.environ["VITRINE_SCREENSHOTS"]) / "console-redact.png")
        console.driver.find_element("css selector", ".redact button[type=submit]").click()
        link = console.find(".exports a[download]", 30)
        self.assertIn("1 region covered, 1 span masked", console.find(".exports tbody").text)
        path = self.folder / "console.mp4"
        path.write_bytes(evidence.Evidence.fetch(self, console, link.get_attribute("href")))
        report = json.loads(self.installation.vitrine("verify", str(path), "--ca", str(self.ca), "--json").stdout)
        self.assertEqual((report["verdict"], report["export"]["kind"], report["export"]["created_by"]), ("proven", "derived", "admin"))
        cover, mask, _ = report["export"]["operations"]
        self.assertEqual((cover["x"], cover["y"]), (sides[0] // 16 * 16, sides[1] // 16 * 16))
        self.assertEqual((mask["start_us"], mask["end_us"]), (0, 200000))
        job = link.get_attribute("href").split("/")[-2]
        audited = self.installation.sql(f"SELECT detail -> 'operations' -> 1 ->> 'operation' FROM audit WHERE subject = '{self.session}' AND actor = 'admin' AND action = 'export-request'"
                                        " AND detail ? 'operations'")
        self.assertEqual([row[0] for row in audited], ["mask"])
        self.assertEqual([error for error in console.errors() if "401" not in error], [])
        self.assertEqual([self.post(console, operations) for operations in ({}, [{"operation": "burn"}], [{"operation": "mask", "start_us": 9, "end_us": 3}],
                                                                            [{"operation": "cover", "x": 0, "y": 0, "width": 0, "height": 9}])], [400] * 4)
        console.click_text("Remove")
        wait_for(lambda: not list((self.installation.state / "export").glob(f"{job}*")), 10, "the file has left the spool")

    def post(self, console: Console, operations) -> int:
        """What the service itself says to operations that the page would not send."""
        console.driver.set_script_timeout(30)
        return console.driver.execute_async_script("""const [url, operations, done] = arguments;
            fetch('/api/me').then((r) => r.json()).then(({ csrf }) => fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Vitrine-CSRF': csrf },
                body: JSON.stringify({ reason: 'case 9', operations }) })).then((r) => done(r.status));""", f"/api/recordings/{self.session}/exports", operations)

    def test_made_anew_after_a_restart(self):
        """The service was killed in the middle of a copy: after its restart the copy is made from its beginning."""
        installation = self.installation
        job = "7b1c1f0a-0000-4000-8000-000000000002"
        part = installation.state / "export" / f"{job}.mp4.part"
        part.write_bytes(self.copy.read_bytes()[:3000] + b"torn")
        shutil.chown(part, part.parent.owner(), part.parent.group())
        installation.sql(f"INSERT INTO export_job (id, session_id, node, login, reason, from_us, without_timeline, state, operations) VALUES ('{job}', '{self.session}',"
                         """ 'embedded', 'admin', 'case 9', 0, true, 'running', '[{"operation": "mask", "start_us": 0, "end_us": 100000}]')""")
        os.kill(installation.pid("web"), 9)
        wait_for(lambda: installation.sql(f"SELECT 1 FROM export_job WHERE id = '{job}' AND state = 'ready'"), 60, f"the copy is made\n{installation.logs()}")
        report = json.loads(installation.vitrine("verify", str(installation.state / "export" / f"{job}.mp4"), "--ca", str(self.ca), "--json").stdout)
        self.assertEqual((report["verdict"], report["export"]["kind"]), ("proven", "derived"))
        installation.sql(f"UPDATE export_job SET state = 'cancelled' WHERE id = '{job}'")


if __name__ == "__main__":
    unittest.main()
