"""A headless Chromium for the tests of the report; they are skipped where there is none, and say so."""

import json
import shutil
from contextlib import contextmanager

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")
REASON = "no Chromium: apt-get install chromium chromium-driver, and pip install 'lstm-anomaly[test]'"


def needs_browser():
    """Skip a module whose tests look at pages."""
    for package in ("selenium", "plotly", "jinja2", "tsdownsample"):
        pytest.importorskip(package, reason=REASON)
    return pytest.mark.skipif(not (BROWSER and DRIVER), reason=REASON)


@contextmanager
def chromium():
    """A browser without a window; it tells of every request and of everything on its console."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in (
        "headless=new",
        "no-sandbox",
        "disable-dev-shm-usage",
        "disable-gpu",
        "window-size=1200,1000",
    ):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    try:
        driver.set_script_timeout(60)
        yield driver
    finally:
        driver.quit()


def requests_of(driver):
    """Addresses that were asked for since the last call."""
    messages = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    sent = [m["params"]["request"]["url"] for m in messages if m["method"] == "Network.requestWillBeSent"]
    return [url for url in sent if not url.startswith("data:")]


def complaints_of(driver):
    """What stands on the console since the last call."""
    return [entry["message"] for entry in driver.get_log("browser")]
