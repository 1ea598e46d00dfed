"""The console's service with a real database, a real browser and a fake recorder: what it lets in, shows, ends and plays."""

import http.client
import json
import os
import re
import shutil
import statistics
import struct
import subprocess
import time
import unittest

from tests.support.console_lab import OPENING, PARTS, PART_S, PASSWORD, RECORDED, RUNNING, Client, Lab, browser, free_port
from tests.support.fake_recorder import COLOUR, FPS, HEIGHT, WIDTH
from tests.support.installation import PATIENCE_S, PROMPT_S, wait_for


def setUpModule():
    WithLab.lab = Lab()
    unittest.addModuleCleanup(WithLab.lab.close)


class WithLab(unittest.TestCase):
    lab: Lab

    def assertStatus(self, answer, status: int, key: str | None = None):
        self.assertEqual(answer[0], status, answer[2])
        if key:
            self.assertEqual(json.loads(answer[2])["error"], key)


class Doors(WithLab):
    """Who is let in, and to what."""

    def test_cookie_and_headers(self):
        status, headers, _ = Client(self.lab).ask("POST", "/api/login", {"user": "Ada", "password": PASSWORD})
        self.assertEqual(status, 200)
        for part in ("__Host-vitrine=", "Path=/", "Secure", "HttpOnly", "SameSite=Strict"):
            self.assertIn(part, headers["set-cookie"])
        self.assertNotIn("Domain", headers["set-cookie"])
        policy = headers["content-security-policy"]
        for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"):
            self.assertIn(part, policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(headers["x-content-type-options"], "nosniff")
        self.assertEqual(headers["cache-control"], "no-store")
        self.assertIn("max-age", headers["strict-transport-security"])

    def test_the_database_knows_no_cookie(self):
        client = Client(self.lab, "ada")
        token = client.cookie.split("=")[1]
        self.assertGreaterEqual(len(token), 44)
        self.assertNotIn(token, self.lab.sql("SELECT * FROM web_login"))

    def test_roles(self):
        expected = {  # path: who may
            "/api/sessions": {"wendy", "arthur", "ada"},
            f"/api/sessions/{RECORDED}": {"wendy", "arthur", "ada"},
            f"/api/recordings/{RECORDED}/playlist.m3u8": {"arthur", "ada"},
            f"/api/recordings/{RECORDED}/seg-00001.mp4": {"arthur", "ada"},
            f"/api/recordings/{RECORDED}/timeline": {"arthur", "ada"},
            "/api/audit": {"arthur", "ada"},
        }
        clients = {user: Client(self.lab, user) for user in ("wendy", "arthur", "ada")}
        for path, allowed in expected.items():
            self.assertStatus(Client(self.lab).ask("GET", path), 401, "login")
            for user, client in clients.items():
                status = client.ask("GET", path)[0]
                self.assertEqual(status, 200 if user in allowed else 403, f"{user} {path}")
        self.assertStatus(clients["arthur"].ask("GET", f"/api/live?sessions={RUNNING}"), 403, "right")
        self.assertStatus(clients["arthur"].ask("POST", f"/api/sessions/{RUNNING}/terminate", {"reason": "x"}), 403, "right")

    def test_wrong_and_unknown_are_alike(self):
        """Wrong password, unknown name, malformed name, and a plain user with the right password: same answer, same effort."""
        answers, seconds = [], []
        for number, (user, password) in enumerate((("arthur", "wrong"), ("nobody-here", "wrong"), ("a/b%", "wrong"), ("alice", PASSWORD))):
            began = time.monotonic()
            answers.append(Client(self.lab).ask("POST", "/api/login", {"user": user, "password": password}))
            seconds.append(time.monotonic() - began)
            self.assertNotIn("set-cookie", answers[number][1])
        self.assertEqual({(status, body) for status, _, body in answers}, {(401, answers[0][2])})
        self.assertGreater(min(seconds), 0.4 * max(seconds), seconds)
        self.assertIn("nobody-here", self.lab.sql("SELECT subject FROM audit WHERE action = 'web-login-refused'"))

    def test_back_off(self):
        client = Client(self.lab)
        for _ in range(4):
            self.assertStatus(client.ask("POST", "/api/login", {"user": "wendy", "password": "wrong"}), 401, "refused")
        status, headers, _ = client.ask("POST", "/api/login", {"user": "wendy", "password": PASSWORD})
        self.assertEqual(status, 429)
        wait_s = int(headers["retry-after"])
        self.assertIn(wait_s, (1, 2))
        wait_for(lambda: client.ask("POST", "/api/login", {"user": "wendy", "password": PASSWORD})[0] == 200, 5, "the back-off ends", 0.3)

    def test_forged_requests(self):
        client = Client(self.lab, "ada")
        path, body = f"/api/sessions/{OPENING}/terminate", {"reason": "forged"}
        good = client.csrf
        client.csrf = None
        self.assertStatus(client.ask("POST", path, body), 403, "csrf")
        client.csrf = good[:-1] + ("x" if good[-1] != "x" else "y")
        self.assertStatus(client.ask("POST", path, body), 403, "csrf")
        client.csrf = good
        self.assertStatus(client.ask("POST", path, body, {"Origin": "https://evil.example"}), 403, "origin")
        self.assertStatus(client.ask("POST", path, body, {"Content-Type": "text/plain"}), 415, "type")
        self.assertStatus(Client(self.lab).ask("POST", "/api/login", {"user": "ada", "password": PASSWORD},
                                               {"Origin": "https://evil.example"}), 403, "origin")
        self.assertEqual(self.lab.sql("SELECT count(*) FROM session_command WHERE reason = 'forged'"), "0")

    def test_logout(self):
        client = Client(self.lab, "ada")
        cookie = client.cookie
        self.assertStatus(client.ask("POST", "/api/logout", {}), 200)
        client.cookie = cookie
        self.assertStatus(client.ask("GET", "/api/me"), 401, "login")

    def test_bad_requests(self):
        client = Client(self.lab, "ada")
        for path, status in (("/api/sessions?state=odd", 400), ("/api/sessions?limit=0x5", 400), ("/api/sessions?before=-1", 400),
                             ("/api/sessions/not-a-uuid", 404), ("/api/live?sessions=", 400), ("/api/live?sessions=a,b", 400),
                             (f"/api/live?sessions={','.join([RUNNING] * 17)}", 400), (f"/api/live?sessions={RECORDED}", 409),
                             ("/console/../../../etc/passwd", 400), ("/console/%2e%2e/meson.build", 400), ("/console/%00", 400),
                             ("/console/vendor/rebuild", 404), ("/console/no.js", 404), ("//", 400), ("/api", 404)):
            self.assertEqual(client.ask("GET", path)[0], status, path)
        self.assertEqual(client.ask("PUT", "/api/sessions")[0], 405)
        self.assertEqual(client.ask("POST", "/api/sessions", {})[0], 405)
        self.assertEqual(client.ask("POST", "/api/login", b"{")[0], 400)
        self.assertEqual(client.ask("POST", "/api/login", b'{"user":"a","user":"b","password":"c"}')[0], 400)
        self.assertEqual(client.ask("POST", "/api/login", b"x", {"Content-Length": "20000"})[0], 413)
        self.assertIn(client.ask("GET", "/" + "a" * 40000)[0], (400, 414, 431))

    def test_verify_page(self):
        """Open to all: it reads only what its reader chooses. Its own policy names the hash of its script, so the console's must not stand beside it."""
        status, headers, body = Client(self.lab).ask("GET", "/verify")
        self.assertEqual((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertEqual(headers["content-security-policy"], "frame-ancestors 'none'")
        self.assertRegex(body, rb"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-[A-Za-z0-9+/=]+' 'wasm-unsafe-eval'; style-src 'sha256-")
        page = browser()
        self.addCleanup(page.quit)
        page.get(self.lab.url("/verify"))
        wait_for(lambda: page.execute_script("return document.body.dataset.state") == "ready", 10, "the page's script runs")

    def test_console_files(self):
        client = Client(self.lab)
        status, headers, body = client.ask("GET", "/console/app.js")
        self.assertEqual((status, headers["content-type"]), (200, "text/javascript; charset=utf-8"))
        self.assertIn(b"from './vendor/ui.js'", body)
        self.assertEqual(client.ask("GET", "/console/app.js", headers={"If-None-Match": headers["etag"]})[0], 304)
        for page in ("/", "/sessions", f"/sessions/{RUNNING}", "/past", f"/play/{RECORDED}", "/audit", "/login"):
            self.assertIn(b"/console/app.js", client.ask("GET", page)[2])


class Lists(WithLab):
    def test_paging_finds_each_once(self):
        client, seen, before = Client(self.lab, "ada"), [], ""
        while True:
            page = client.json(f"/api/sessions?state=past&limit=7{before}")
            if not page["sessions"]:
                break
            seen += page["sessions"]
            before = f"&before={seen[-1]['opened_utc_us']}"
        self.assertEqual(len(seen), 61)
        self.assertEqual(len({row["id"] for row in seen}), 61)
        self.assertEqual([row["opened_utc_us"] for row in seen], sorted((row["opened_utc_us"] for row in seen), reverse=True))

    def test_filters(self):
        client = Client(self.lab, "ada")
        rows = client.json("/api/sessions?state=past&user=carol&target=db-primary")["sessions"]
        self.assertTrue(rows)
        self.assertEqual({(row["login"], row["target"]) for row in rows}, {("carol", "db-primary")})
        running = client.json("/api/sessions?state=running")["sessions"]
        self.assertEqual({row["id"]: row["state"] for row in running}, {RUNNING: "running", OPENING: "opening"})

    def test_health_and_metrics(self):
        client = Client(self.lab)
        self.assertEqual(client.json("/healthz"), {"status": "ok", "database": "ok", "recorder": "ok", "store": "ok"})
        text = client.ask("GET", "/metrics")[2].decode()
        self.assertIn("\nvitrine_sessions_running 2\n", text)
        free = next(line for line in text.splitlines() if line.startswith("vitrine_store_free_bytes "))
        self.assertAlmostEqual(int(free.split()[1]), shutil.disk_usage(self.lab.store).free, delta=1 << 30)

    def test_metrics_say_how_long_the_store_lasts(self):
        """A fiftieth of what is free above the reserve was recorded in the last day."""
        identifier = "7d000000-0000-4000-8000-00000000f00d"
        free = shutil.disk_usage(self.lab.store).free - (1 << 30)
        self.addCleanup(self.lab.sql, f"DELETE FROM segment WHERE session_id = '{identifier}'; DELETE FROM recording WHERE session_id = '{identifier}'")
        before = self.metric("vitrine_store_days_left")
        self.lab.sql(f"INSERT INTO recording (session_id, node, quality, started_at) VALUES ('{identifier}', 'node1', 'standard', now() - interval '1 day')")
        self.lab.sql(f"INSERT INTO segment (session_id, number, file, init_file, timeline_file, bytes, start_us, duration_us, frames, width_px, height_px, codec, sha256)"
                     f" VALUES ('{identifier}', 1, 'seg-00001.mp4', 'init-001.mp4', '', {free // 50}, 0, 86400000000, 1, 64, 64, 'avc3', '{'e' * 64}')")
        self.assertAlmostEqual(self.metric("vitrine_store_days_left"), 50, delta=2)
        self.assertTrue(before is None or before > 100, before)
        self.assertEqual(self.metric("vitrine_recordings_missing"), 0)
        self.lab.sql(f"UPDATE recording SET state = 'missing', closed_at = now() WHERE session_id = '{identifier}'")
        self.assertEqual(self.metric("vitrine_recordings_missing"), 1)

    def metric(self, name: str) -> float | None:
        text = Client(self.lab).ask("GET", "/metrics")[2].decode()
        found = re.search(rf"(?m)^{name} (\S+)$", text)
        return float(found[1]) if found else None

    def test_database_away_and_back(self):
        client = Client(self.lab, "ada")
        self.lab.cluster_do("stop")
        try:
            self.assertStatus(client.ask("GET", "/api/sessions"), 503, "database-away")
            self.assertEqual(client.ask("GET", "/healthz")[0], 503)
            self.assertStatus(client.ask("POST", "/api/login", {"user": "ada", "password": PASSWORD}), 503, "database-away")
        finally:
            self.lab.cluster_do("begin")
        wait_for(lambda: client.ask("GET", "/api/sessions")[0] == 200, 10, "the service finds the database again")


class Recordings(WithLab):
    def setUp(self):
        self.client = Client(self.lab, "arthur")
        self.base = f"/api/recordings/{RECORDED}"

    def test_bytes_are_those_of_the_store(self):
        whole = (self.lab.store / RECORDED / "seg-00002.mp4").read_bytes()
        status, headers, body = self.client.ask("GET", f"{self.base}/seg-00002.mp4")
        self.assertEqual((status, body, headers["content-type"]), (200, whole, "video/mp4"))
        status, headers, body = self.client.ask("GET", f"{self.base}/seg-00002.mp4", headers={"Range": "bytes=100-199"})
        self.assertEqual((status, body, headers["content-range"]), (206, whole[100:200], f"bytes 100-199/{len(whole)}"))
        status, headers, _ = self.client.ask("GET", f"{self.base}/seg-00002.mp4", headers={"Range": f"bytes={len(whole)}-"})
        self.assertEqual((status, headers["content-range"]), (416, f"bytes */{len(whole)}"))

    def test_only_what_the_database_names(self):
        directory = self.lab.store / RECORDED
        (directory / "chain").write_text("secret")
        moved = directory / "seg-00003.mp4"
        kept = moved.read_bytes()
        self.addCleanup(lambda: (moved.unlink(), moved.write_bytes(kept)))
        moved.unlink()
        moved.symlink_to("/etc/hostname")
        for name in ("chain", "seg-00003.mp4", "seg-00009.mp4", "seg-00001.jsonl.gz"):
            self.assertEqual(self.client.ask("GET", f"{self.base}/{name}")[0], 404, name)

    def test_playlist_and_timeline(self):
        text = self.client.ask("GET", f"{self.base}/playlist.m3u8")[2].decode()
        self.assertEqual(text.count("#EXTINF"), len(PARTS))
        self.assertEqual(text.count("#EXT-X-DISCONTINUITY"), 1)
        self.assertTrue(text.endswith("#EXT-X-ENDLIST\n"))
        lines = self.client.ask("GET", f"{self.base}/timeline")[2].decode().splitlines()
        self.assertEqual([json.loads(line)["text"] for line in lines if '"title"' in line], [f"{colour} window" for colour, _, _ in PARTS])

    def test_playing_is_audited_once(self):
        count = f"SELECT count(*) FROM audit WHERE actor = 'arthur' AND action = 'recording-play' AND subject = '{RECORDED}'"
        before = int(self.lab.sql(count))
        for _ in range(3):
            self.client.ask("GET", f"{self.base}/playlist.m3u8")
        self.assertEqual(int(self.lab.sql(count)), before + 1)


class Keeping(WithLab):
    """Holds and deletions as the API takes them; deleting itself is the recorder's."""

    def setUp(self):
        self.ada, self.arthur = Client(self.lab, "ada"), Client(self.lab, "arthur")
        self.base = f"/api/recordings/{RECORDED}"
        self.addCleanup(self.lab.sql, "DELETE FROM deletion_order; DELETE FROM legal_hold")

    def test_a_hold_beats_a_request(self):
        reason = {"reason": "case 17"}
        self.assertStatus(self.arthur.ask("POST", f"{self.base}/deletion", reason), 403, "right")
        self.assertStatus(self.ada.ask("POST", f"{self.base}/hold", {"reason": " "}), 400, "reason")
        self.assertEqual(self.arthur.ask("POST", f"{self.base}/hold", reason)[0], 200)
        self.assertStatus(self.ada.ask("POST", f"{self.base}/deletion", reason), 409, "conflict")
        keeping = self.ada.json(f"{self.base}/keeping")
        self.assertEqual((keeping["class"], keeping["hold"]["by"], keeping["hold"]["reason"], keeping["order"]), ("standard", "arthur", "case 17", None))
        self.assertEqual(self.ada.ask("POST", f"{self.base}/release", {})[0], 200)
        self.assertIsNone(self.ada.json(f"{self.base}/keeping")["hold"])
        self.assertEqual(self.lab.sql(f"SELECT actor, action FROM audit WHERE subject = '{RECORDED}' AND action IN ('recording-hold', 'recording-release')"
                                      " ORDER BY number").splitlines(), ["arthur|recording-hold", "ada|recording-release"])

    def test_deleting_takes_two(self):
        self.assertEqual(self.ada.ask("POST", f"{self.base}/deletion", {"reason": "asked by the person"})[0], 200)
        self.assertStatus(self.ada.ask("POST", f"{self.base}/deletion/approve", {}), 409, "two-people")
        self.assertEqual(self.lab.sql("SELECT count(*) FROM deletion_order WHERE approved_by IS NOT NULL"), "0")
        self.assertEqual(self.ada.ask("POST", f"{self.base}/deletion/withdraw", {})[0], 200)
        self.lab.sql(f"INSERT INTO deletion_order (session_id, reason, requested_by) VALUES ('{RECORDED}', 'x', 'os:root')")
        self.assertEqual(self.ada.ask("POST", f"{self.base}/deletion/approve", {})[0], 200)
        self.assertEqual(self.ada.json(f"{self.base}/keeping")["order"]["approved_by"], "ada")
        self.assertStatus(self.ada.ask("POST", f"{self.base}/deletion/approve", {}), 409, "missing")
        self.assertStatus(self.ada.ask("POST", f"/api/recordings/{RUNNING}/deletion", {"reason": "x"}), 409, "missing")

    def records(self, since: int) -> list[str]:
        """"actor|action|why" of the audit trail behind a number."""
        return self.lab.sql(f"SELECT actor, action, coalesce(detail->>'refused', '') FROM audit WHERE number > {since} AND action ~ '^(recording|session|export)-'"
                            " ORDER BY number").splitlines()

    def newest(self) -> int:
        return int(self.lab.sql("SELECT coalesce(max(number), 0) FROM audit"))

    def test_what_was_refused_is_recorded_as_refused(self):
        since, gone = self.newest(), "99999999-9999-4999-8999-999999999999"
        self.assertStatus(self.ada.ask("POST", f"{self.base}/release", {}), 409, "missing")
        self.assertEqual(self.ada.ask("POST", f"{self.base}/deletion", {"reason": "x"})[0], 200)
        self.assertStatus(self.ada.ask("POST", f"{self.base}/deletion", {"reason": "x"}), 409, "conflict")
        self.assertStatus(self.ada.ask("POST", f"{self.base}/deletion/approve", {}), 409, "two-people")
        self.assertStatus(self.ada.ask("POST", f"/api/sessions/{gone}/terminate", {"reason": "x"}), 409, "ended")
        self.assertEqual(self.records(since), ["ada|recording-release-refused|missing", "ada|recording-delete-request|",
                                               "ada|recording-delete-request-refused|conflict", "ada|recording-delete-approve-refused|invalid",
                                               "ada|session-terminate-refused|missing"])

    def test_without_a_record_nothing_is_done(self):
        since = self.newest()
        self.lab.sql("CREATE FUNCTION full_trail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the trail is full'; END $$;"
                     "CREATE TRIGGER full_trail BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION full_trail()")
        try:
            self.assertEqual(self.arthur.ask("POST", f"{self.base}/hold", {"reason": "case 17"})[0], 500)
            self.assertEqual(self.ada.ask("POST", f"/api/sessions/{RUNNING}/terminate", {"reason": "x"})[0], 500)
        finally:
            self.lab.sql("DROP FUNCTION full_trail CASCADE")
        self.assertEqual(self.lab.sql("SELECT count(*) FROM legal_hold") + self.lab.sql(f"SELECT count(*) FROM session_command WHERE session_id = '{RUNNING}'"), "00")
        self.assertEqual(self.records(since), [])
        self.assertEqual(self.arthur.ask("POST", f"{self.base}/hold", {"reason": "case 17"})[0], 200)
        self.assertEqual(self.records(since), ["arthur|recording-hold|"])


class LiveStream(WithLab):
    """The streaming response as bytes."""

    def frames(self, client: Client, sessions: str):
        link = http.client.HTTPSConnection("127.0.0.1", self.lab.port, context=client.context, timeout=PATIENCE_S)
        self.addCleanup(link.close)
        link.request("GET", f"/api/live?sessions={sessions}", headers={"Cookie": client.cookie})
        answer = link.getresponse()
        self.assertEqual(answer.status, 200)
        while True:
            head = answer.read(16)
            if len(head) < 16:
                return
            length, kind, flags, slot, pts_us = struct.unpack("<IBBHQ", head)
            yield kind, flags, slot, pts_us, answer.read(length - 12)

    def test_pictures_then_the_end(self):
        client = Client(self.lab, "wendy")
        frames = self.frames(client, f"{RUNNING},{OPENING}")
        seen = []
        while len([frame for frame in seen if frame[0] == 2]) < 20:
            seen.append(next(frames))
        running = [frame for frame in seen if frame[2] == 0]
        self.assertEqual(running[0][0], 1)
        self.assertEqual(struct.unpack("<II", running[0][4][:8]), (WIDTH, HEIGHT))
        self.assertEqual(running[0][4][8:], b"avc1.42c01e")
        units = [frame for frame in running if frame[0] == 2]
        self.assertEqual([frame[1] for frame in units], [1] + [0] * (len(units) - 1))
        self.assertEqual([frame[4] for frame in units], self.lab.recorder.units[:len(units)])
        self.assertIn((4, 1), {(frame[0], frame[2]) for frame in seen}, "the session that is being opened is still unknown to the recorder")
        self.assertEqual(self.lab.sql(f"SELECT count(*) FROM audit WHERE actor = 'wendy' AND action = 'session-watch'"), "2")
        self.assertEqual(self.lab.recorder.watchers, [("wendy", "127.0.0.1")], "the recorder hears who watches")
        self.assertIn("\nvitrine_web_live_pages 1\n", client.ask("GET", "/metrics")[2].decode())
        client.ask("POST", "/api/logout", {})
        last = list(frames)[-1]
        self.assertEqual((last[0], last[4]), (7, b"logged-out"))
        wait_for(lambda: "\nvitrine_web_live_pages 0\n" in client.ask("GET", "/metrics")[2].decode(), 5, "the page is gone")

    def test_stop_with_watchers(self):
        """SIGTERM ends the streams, and the service with status 0."""
        frames = self.frames(Client(self.lab, "ada"), RUNNING)
        next(frames)
        self.assertEqual(self.lab.stop(), 0)
        last = list(frames)[-1]
        self.assertEqual((last[0], last[4]), (7, b"stopping"))
        self.lab.start()


PIXEL = """const [element, x, y] = arguments;
const canvas = document.createElement('canvas');
canvas.width = element.videoWidth || element.width;
canvas.height = element.videoHeight || element.height;
const context = canvas.getContext('2d');
context.drawImage(element, 0, 0);
return [...context.getImageData(Math.floor(x * canvas.width), Math.floor(y * canvas.height), 1, 1).data].slice(0, 3);"""

AGES = """const [count, done] = [arguments[0], arguments[arguments.length - 1]];
const canvas = document.querySelector('canvas');
const ages = [];
new MutationObserver(() => {
    ages.push(Date.now() - Number(canvas.dataset.ptsUs) / 1000);
    if (ages.length === count)
        done(ages);
}).observe(canvas, { attributes: true, attributeFilter: ['data-pts-us'] });"""


IDLE = "7d000000-0000-4000-8000-000000001d1e"
# Recorded bytes as they lie in the store into a player of Chromium's own. With `bare` the pictures without changes are left out: pairs of moof and mdat of a few bytes.
RAW_PLAYER = """const [url, codec, bare, done] = arguments;
    const get = async (name) => new Uint8Array(await (await fetch(`${url}/${name}`)).arrayBuffer());
    const box = (bytes, at) => new DataView(bytes.buffer, at).getUint32(0);
    const busy = (bytes) => {
        const kept = [];
        for (let at = 0; at < bytes.length;) {
            const moof = box(bytes, at), mdat = box(bytes, at + moof);
            if (mdat > 40)
                kept.push(bytes.subarray(at, at + moof + mdat));
            at += moof + mdat;
        }
        return new Blob(kept).arrayBuffer();
    };
    (async () => {
        const source = new MediaSource(), video = document.createElement('video');
        document.querySelectorAll('video.raw').forEach((old) => old.remove());
        video.className = 'raw';
        video.muted = true;
        video.src = URL.createObjectURL(source);
        document.body.append(video);
        await new Promise((opened) => source.addEventListener('sourceopen', opened, { once: true }));
        const sink = source.addSourceBuffer(`video/mp4; codecs="${codec}"`);
        const media = await get('seg-00001.mp4');
        for (const bytes of [await get('init-001.mp4'), bare ? await busy(media) : media]) {
            sink.appendBuffer(bytes);
            await new Promise((over) => sink.addEventListener('updateend', over, { once: true }));
        }
        source.endOfStream();
        done({ stretches: video.buffered.length, end: video.buffered.end(video.buffered.length - 1) });
    })().catch((error) => done({ error: String(error) }));"""
# Plays the last pause and what comes behind it, at the highest speed.
PLAY_ON = """const [from, limit, done] = arguments, video = document.querySelector('video.raw'), stalls = [];
    const finish = (ended) => done({ ended, stalls, at: video.currentTime });
    video.addEventListener('seeked', () => {
        video.addEventListener('waiting', () => video.ended || stalls.push(video.currentTime));
        video.addEventListener('ended', () => finish(true), { once: true });
        video.playbackRate = 16;
        video.play();
    }, { once: true });
    setTimeout(() => finish(false), limit * 1000);
    video.currentTime = from;"""
IDLE = "7d000000-0000-4000-8000-000000001d1e"
RED, LIME, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)


class Browser(WithLab):
    """The pages in Chromium, with rows of their own: sessions end here."""

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab()
        cls.addClassCleanup(cls.lab.close)
        cls.driver = browser()
        cls.addClassCleanup(cls.driver.quit)
        cls.driver.set_script_timeout(PATIENCE_S)

    def find(self, selector: str, seconds: float = 15):
        found = wait_for(lambda: self.driver.find_elements("css selector", selector), seconds, f"{selector} on {self.driver.current_url}")
        return found[0]

    def text(self, selector: str) -> str:
        """What stands there now, in one look; '' when nothing matches: pages redraw while a test reads."""
        return self.driver.execute_script("return document.querySelector(arguments[0])?.innerText ?? ''", selector)

    def shows(self, selector: str, x: float, y: float, colour: tuple, seconds: float = 10):
        def close():
            element = self.find(selector)
            self.last = self.driver.execute_script(PIXEL, element, x, y)
            return all(abs(have - want) <= 12 for have, want in zip(self.last, colour))
        try:
            wait_for(close, seconds, f"{selector} shows {colour} at {x},{y}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it shows {self.last}") from None

    def enter(self, user: str = "ada"):
        self.driver.delete_all_cookies()
        self.driver.get(self.lab.url("/"))
        self.find("#user").send_keys(user)
        self.find("#password").send_keys(PASSWORD)
        self.find("button[type=submit]").click()
        self.find(".page-head h1")

    def tearDown(self):
        bad = [line for line in self.driver.get_log("browser") if "Content Security Policy" in line["message"] or
               "Trusted" in line["message"] or line["source"] == "javascript"]
        self.assertEqual(bad, [])

    def test_a_login_and_list(self):
        self.driver.get(self.lab.url("/past"))
        self.find("#user").send_keys("ada")
        self.find("#password").send_keys("not this one")
        self.find("button[type=submit]").click()
        wait_for(lambda: "wrong" in self.text(".field-error"), 10, "the refusal is told")
        self.find("#password").send_keys(PASSWORD)
        self.find("button[type=submit]").click()
        wait_for(lambda: self.text("h1") == "Past sessions", 10, "the page asked for first")
        self.driver.find_element("link text", "Running").click()
        wait_for(lambda: len(self.driver.find_elements("css selector", "tbody tr")) == 2, 10, "two running sessions")
        text = self.text("tbody")
        for word in ("alice", "root at web1", "192.0.2.17", "RDP → RDP", "bob", "connecting"):
            self.assertIn(word, text)

    def test_b_live_picture(self):
        self.enter("wendy")
        self.driver.get(self.lab.url(f"/sessions/{RUNNING}"))
        self.find("canvas[data-state=live]")
        self.shows("canvas", 0.25, 0.5, COLOUR)
        first = self.driver.execute_script("return document.querySelector('canvas').dataset.ptsUs")
        wait_for(lambda: self.driver.execute_script("return document.querySelector('canvas').dataset.ptsUs") != first, 5, "the picture moves")
        ages = self.driver.execute_async_script(AGES, 5 * FPS)
        p50, p95 = statistics.median(ages), statistics.quantiles(ages, n=20)[18]
        print(f"live: recorder's socket to drawn picture p50 {p50:.0f} ms, p95 {p95:.0f} ms", flush=True)
        self.assertLess(p50, PROMPT_S * 1000)

    def test_c_playback_seeks(self):
        self.enter("arthur")
        self.driver.get(self.lab.url(f"/play/{RECORDED}"))
        self.find("video")
        wait_for(lambda: self.driver.execute_script("return document.querySelector('video').duration") == len(PARTS) * PART_S, 10, "the length")
        colours = {"red": (255, 0, 0), "lime": (0, 255, 0), "blue": (0, 0, 255), "yellow": (255, 255, 0)}
        self.shows("video", 0.5, 0.5, colours["red"])
        for number in (2, 1, 3, 0):
            self.driver.execute_script("""const bar = document.querySelector('input[type=range]');
                bar.value = arguments[0];
                bar.dispatchEvent(new Event('input', { bubbles: true }));""", number * PART_S + 2)
            self.shows("video", 0.5, 0.5, colours[PARTS[number][0]])
            wide = self.driver.execute_script("return document.querySelector('video').videoWidth")
            self.assertEqual(wide, PARTS[number][1])
        entries = self.driver.execute_script("return [...document.querySelectorAll('.event')].map((item) => item.innerText.split('\\n').filter(Boolean))")
        self.assertIn(["0:02", "Typed", "ls -l[Enter]"], entries)
        self.assertIn(["0:03", "Click, left button", "at 10, 20"], entries)
        self.driver.execute_script("[...document.querySelectorAll('.event')].find((item) => item.innerText.includes('blue window')).click()")
        self.shows("video", 0.5, 0.5, colours["blue"])
        self.assertAlmostEqual(self.driver.execute_script("return document.querySelector('video').currentTime"), 2 * PART_S + 1.5, delta=0.1)
        self.driver.execute_script("""const kind = document.querySelector('#event-kind');
            kind.value = 'Title';
            kind.dispatchEvent(new Event('change', { bubbles: true }));""")
        wait_for(lambda: self.text(".events h2").endswith(f"{len(PARTS)} events"), 10, "titles alone")
        self.assertNotIn("Typed", self.text(".events ol"))
        self.assertIn("The viewer closed the session.", self.text(".facts"))

    def test_c_idle_screen_plays_through(self):
        """A desktop that stands still for longer than Chromium waits for a picture: nothing is dropped behind the pauses, and playing never stalls."""
        codec = self.record_idle()
        self.enter("arthur")
        self.driver.get(self.lab.url(f"/play/{IDLE}"))
        self.find("video")
        wait_for(lambda: self.driver.execute_script("return document.querySelector('video').duration || 0") >= 154, 10, "the length")
        self.shows("video", 0.5, 0.5, RED)
        self.seeks("video", (76.5, BLUE), (150, BLUE), (151.5, YELLOW), (75, LIME))
        # The console mends durations on its way; other players take the bytes as they are.
        raw = self.driver.execute_async_script(RAW_PLAYER, f"/api/recordings/{IDLE}", codec, False)
        self.assertEqual(raw.get("stretches"), 1, raw)
        self.assertGreaterEqual(raw["end"], 151)
        played = self.driver.execute_async_script(PLAY_ON, 60, PATIENCE_S / 2)
        self.assertEqual((played["ended"], played["stalls"]), (True, []), played)
        # Without the pictures in between Chromium drops what follows, which is what they are for.
        bare = self.driver.execute_async_script(RAW_PLAYER, f"/api/recordings/{IDLE}", codec, True)
        self.assertLess(bare["end"], 70, bare)

    def seeks(self, selector: str, *places: tuple):
        for second, colour in places:
            self.driver.execute_script("document.querySelector(arguments[0]).currentTime = arguments[1]", selector, second)
            self.shows(selector, 0.5, 0.5, colour)

    def record_idle(self) -> str:
        """What the recorder makes of it, without waiting for the minutes that it takes. Returns its codec."""
        subprocess.run([self.lab.build / "tests/unit/web/idle_recording", self.lab.store, IDLE], check=True)
        entries = [json.loads(line.split(b" ", 1)[1]) for line in (self.lab.store / IDLE / "chain").read_bytes().splitlines()]
        segments = [entry for entry in entries if entry["kind"] == "segment"]
        self.assertEqual(len(segments), 1, "the pauses lie within one segment, behind its only IDR")
        self.lab.sql(f"INSERT INTO session (id, node, login, target, account, front, back, door, viewer_address, viewer_name, opened_at, state, ended_at, end_reason)"
                     f" VALUES ('{IDLE}', 'node1', 'carol', 'erp', 'root', 'rdp', 'rdp', 'password', '', '', now() - interval '3 min', 'ended', now(), 'viewer-left');"
                     f"INSERT INTO recording (session_id, node, quality, state, started_at, closed_at) VALUES ('{IDLE}', 'node1', 'standard', 'sealed', now() - interval '3 min', now())")
        for entry in segments:
            media = entry["files"][0]
            self.lab.sql(f"INSERT INTO segment (session_id, number, file, init_file, timeline_file, bytes, start_us, duration_us, frames, width_px, height_px, codec, sha256)"
                         f" VALUES ('{IDLE}', {entry['number']}, '{media['name']}', 'init-001.mp4', '', {media['bytes']}, {entry['first_frame_us']},"
                         f" {entry['end_us'] - entry['first_frame_us']}, {entry['frames']}, {entry['width']}, {entry['height']}, '{entry['codec']}', '{media['sha256']}')")
        return segments[0]["codec"]

    def test_d_hold(self):
        self.enter("arthur")
        self.driver.get(self.lab.url(f"/play/{RECORDED}"))
        self.find(".keeping button").click()
        self.find("dialog[open] textarea").send_keys("Case 17, district court")
        self.find("dialog[open] button.danger").click()
        wait_for(lambda: "Legal hold since" in self.text(".keeping") and "by arthur: Case 17, district court" in self.text(".keeping"), 5, "the hold shows")
        self.assertEqual(self.lab.sql("SELECT reason FROM legal_hold WHERE released_at IS NULL"), "Case 17, district court")

    def test_d_terminate(self):
        self.enter("wendy")
        self.driver.get(self.lab.url(f"/sessions/{RUNNING}"))
        self.find("canvas[data-state=live]")
        self.find(".page-head button.danger").click()
        self.find("dialog[open] textarea").send_keys("Copies customer data\nto a private drive")
        self.find("dialog[open] button.danger").click()
        wait_for(lambda: self.lab.sql("SELECT 1 FROM session_command"), 5, "the order in the database")
        row = self.lab.sql("SELECT session_id, kind, reason, by_login FROM session_command").split("|")
        self.assertEqual(row, [RUNNING, "terminate", "Copies customer data to a private drive", "wendy"])
        self.assertIn("Copies customer data", self.lab.sql("SELECT detail FROM audit WHERE action = 'session-terminate' AND actor = 'wendy'"))
        self.lab.sql(f"UPDATE session SET state = 'ended', ended_at = now(), end_reason = 'terminated' WHERE id = '{RUNNING}'")
        self.lab.recorder.end_all(b"terminated")
        wait_for(lambda: "A supervisor ended this session." in self.text(".ended-note"), 5, "the page says so")

    def test_e_database_away(self):
        self.enter("ada")
        self.driver.get(self.lab.url("/sessions"))
        self.find(".page-head .count")
        self.lab.cluster_do("stop")
        try:
            wait_for(lambda: "database does not answer" in self.text(".banner"), 10, "the page says that the database is away")
        finally:
            self.lab.cluster_do("begin")
        wait_for(lambda: not self.driver.find_elements("css selector", ".banner"), 20, "the banner goes")


class StartUp(WithLab):
    """Trouble at the start is one clear line and a status."""

    def run_with(self, *words: str, **changes) -> tuple[int, str]:
        config = json.loads(self.lab.config.read_text())
        for path, value in changes.items():
            place = config
            *parents, key = path.split("__")
            for parent in parents:
                place = place[parent]
            place[key] = value
        changed = self.lab.work / "changed.yaml"
        changed.write_text(json.dumps(config))
        return self.lab.run_once(*words, "--config", str(changed))

    def assertLine(self, result: tuple[int, str], *words: str):
        status, text = result
        self.assertNotEqual(status, 0)
        self.assertEqual(len(text.strip().splitlines()), 1, text)
        for word in words:
            self.assertIn(word, text)

    def test_trouble(self):
        self.assertLine(self.run_with(), f"port {self.lab.port}", "in use")
        self.assertLine(self.run_with(web__private_key_file="/nonexistent/key.pem"), "/nonexistent/key.pem")
        self.assertLine(self.run_with(database__conninfo="host=/nonexistent dbname=vitrine"), "/nonexistent")
        self.assertLine(self.run_with(web__https__port=free_port(), web__certificate_file=str(self.lab.config)), "certificate_file")
        self.assertLine(self.run_with(web__console_dir=""), "console_dir")
        self.assertLine(self.run_with(web__console_dir="/nonexistent"), "console_dir", "/nonexistent/index.html")
        self.assertLine(self.run_with("--check-config", recorder__store_dir=""), "recorder.store_dir")
        self.assertEqual(self.run_with("--check-config")[0], 0)
        os.chmod(self.lab.work / "key.pem", 0o644)
        self.addCleanup(os.chmod, self.lab.work / "key.pem", 0o600)
        self.assertLine(self.run_with(), "key.pem")


if __name__ == "__main__":
    unittest.main()
