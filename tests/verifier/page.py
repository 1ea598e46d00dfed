"""verify.html in a real browser, from a file.

VITRINE_VERIFY_PAGE names the file; `meson test` sets it to what the build made."""

import os
import re
import shutil
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

PAGE = Path(os.environ["VITRINE_VERIFY_PAGE"])
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--window-size=1100,1300")
SECONDS = 240  # of a gigabyte on a loaded machine


class Page:
    """A browser that is told to refuse every network address."""

    def __init__(self):
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, "--host-resolver-rules=MAP * ~NOTFOUND"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.profile = tempfile.mkdtemp(prefix="vitrine-page.")
        options.add_argument(f"--user-data-dir={self.profile}")
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.open()

    def close(self) -> None:
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    def open(self) -> None:
        self.driver.get(PAGE.as_uri())
        self.wait("ready")

    def wait(self, state: str) -> None:
        WebDriverWait(self.driver, SECONDS, 0.02).until(lambda d: d.execute_script("return document.body.dataset.state") == state)

    def give(self, chooser: str, *files: Path) -> str:
        """Chooses the files; returns what the page says of them."""
        said = f"return document.getElementById('{chooser}-told').textContent"
        self.driver.execute_script(f"document.getElementById('{chooser}-told').textContent = ''; document.getElementById('{chooser}').closest('details')?.setAttribute('open', '')")
        self.driver.find_element(By.ID, chooser).send_keys("\n".join(map(str, files)))
        return WebDriverWait(self.driver, SECONDS, 0.02).until(lambda d: d.execute_script(said))

    def trust(self, *certificates: Path) -> str:
        return self.give("ca", *certificates)

    def judge(self, path: Path) -> tuple[int, str]:
        """The exit code it means, and the words it shows."""
        chooser = self.driver.find_element(By.ID, "folder" if path.is_dir() else "file")
        self.driver.execute_script("document.body.dataset.state = 'asked'; arguments[0].value = ''", chooser)
        chooser.send_keys(str(path))
        self.wait("done")
        return int(self.driver.execute_script("return document.body.dataset.exit")), self.driver.find_element(By.ID, "verdict").text

    def errors(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]

    def memory_peak(self) -> int:
        """Bytes that the page's process held at most (proc(5), VmHWM)."""
        peaks = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                arguments, status = (folder / "cmdline").read_bytes(), (folder / "status").read_text()
            except OSError:
                continue  # it ended while we looked
            if b"--type=renderer" in arguments and self.profile.encode() in arguments:
                peaks.append(int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024)
        return max(peaks)
