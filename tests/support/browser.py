"""A real Chromium against the console of an installation."""

import base64
import io

import numpy
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from .installation import SLOWNESS

FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--ignore-certificate-errors", "--disable-dev-shm-usage", "--window-size=1500,1100", "--force-device-scale-factor=1")


class Console:
    def __init__(self, port: int, *flags: str):
        options = webdriver.ChromeOptions()
        for flag in (*FLAGS, *flags):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.base = f"https://127.0.0.1:{port}"

    def close(self) -> None:
        self.driver.quit()

    def open(self, path: str) -> None:
        self.driver.get(self.base + path)

    def find(self, selector: str, seconds: float = 10):
        return WebDriverWait(self.driver, seconds * SLOWNESS).until(lambda d: d.find_element(By.CSS_SELECTOR, selector))

    def wait(self, script: str, seconds: float = 10, *arguments):
        """Until a JavaScript expression is true in the page."""
        return WebDriverWait(self.driver, seconds * SLOWNESS, 0.02).until(lambda d: d.execute_script(f"return {script}", *arguments))

    def log_in(self, user: str, password: str) -> None:
        self.open("/")
        self.find("#user").send_keys(user)
        self.driver.find_element(By.CSS_SELECTOR, "#password").send_keys(password)
        self.driver.find_element(By.CSS_SELECTOR, "form button[type=submit]").click()
        self.find(".who-name")

    def click_text(self, text: str) -> None:
        self.driver.execute_script("""const wanted = [...document.querySelectorAll('button, a')].filter(e => e.textContent.includes(arguments[0]) && e.checkVisibility());
            wanted[wanted.length - 1].click();""", text)

    def picture(self, selector: str) -> numpy.ndarray:
        """Pixels of a canvas or video element, as height x width x 3."""
        data = self.driver.execute_async_script("""const [selector, done] = arguments; const source = document.querySelector(selector);
            const canvas = new OffscreenCanvas(source.videoWidth || source.width, source.videoHeight || source.height);
            canvas.getContext('2d').drawImage(source, 0, 0);
            canvas.convertToBlob({type: 'image/png'}).then(async (blob) => {
                const bytes = new Uint8Array(await blob.arrayBuffer());
                let text = ''; for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
                done(btoa(text));
            }, (error) => done('error ' + error));""", selector)
        if data.startswith("error"):
            raise AssertionError(data)
        return numpy.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))

    def screenshot(self, path) -> None:
        self.driver.save_screenshot(str(path))

    def errors(self) -> list[str]:
        """What the browser itself complained about: policy violations, failed scripts."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
