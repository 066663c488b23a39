"""Headless Chromium for the tests of the dashboard."""

import base64
import json
import os
import pathlib
import shutil
import unittest
import urllib.parse

from cluster import wait_for

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = By = Keys = None

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
SCREENSHOTS = os.environ.get("PACELINE_SCREENSHOTS")

needs_browser = unittest.skipUnless(
    webdriver and CHROMIUM and DRIVER, "chromium, chromedriver or python3-selenium is missing")


class Browser:
    """One window. Use as a context manager."""

    def __init__(self, width=1280, height=900):
        options = Options()
        options.binary_location = CHROMIUM
        for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--hide-scrollbars", f"--window-size={width},{height}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(DRIVER))
        self.resize(width, height)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.driver.quit()

    def resize(self, width, height=900):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def prefer(self, scheme):
        """The system's colour scheme: light or dark."""
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": scheme}]})

    def open(self, url):
        # A page of which only the fragment differs would not be loaded again.
        self.driver.get("about:blank")
        self.driver.get(url)

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def text(self, css):
        """What is in the first such element, seen or not; "" if there is none."""
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", css)

    def press(self, *keys):
        """Keys for whatever has the focus."""
        self.driver.switch_to.active_element.send_keys(*keys)

    def focused(self, attribute="textContent"):
        return self.run(f"return document.activeElement.{attribute}")

    def await_text(self, css, text, seconds=60):
        def there():
            return text in self.text(css)
        try:
            wait_for(there, seconds, f"{text!r} in {css}")
        except AssertionError as error:
            raise AssertionError(f"{error}; there is {self.text(css)!r}") from None

    def module(self, name, body, *arguments):
        """Runs `body` with the exports of a script of the page as `m`; returns its result."""
        done = self.driver.execute_async_script(f"""
            const [a, done] = [[...arguments].slice(0, -1), arguments[arguments.length - 1]];
            import('/static/{name}').then((m) => {{ {body} }})
                .then((value) => done({{value}}), (error) => done({{error: String(error)}}));
            """, *arguments)
        if "error" in done:
            raise AssertionError(done["error"])
        return done.get("value")

    def console(self):
        """Errors and warnings since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING")]

    def origins(self):
        """Of all requests since the last call, but for what has no server (data:, about:)."""
        messages = [json.loads(entry["message"])["message"]
                    for entry in self.driver.get_log("performance")]
        urls = [message["params"]["request"]["url"] for message in messages
                if message["method"] == "Network.requestWillBeSent"]
        return {urllib.parse.urlsplit(url).netloc for url in urls} - {""}

    def screenshot(self, name):
        """A picture of the whole page for people who look, if they say where to put it."""
        if not SCREENSHOTS:
            return
        folder = pathlib.Path(SCREENSHOTS)
        folder.mkdir(parents=True, exist_ok=True)
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {
            "captureBeyondViewport": True, "clip": {**size, "scale": 1}})
        (folder / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
