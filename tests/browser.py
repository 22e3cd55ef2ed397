"""A real browser without a window: Debian's Chromium, driven by Selenium, never online."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_BROWSER: Final = Path("/usr/bin/chromium")
_DRIVER: Final = Path("/usr/bin/chromedriver")


class NoBrowserError(RuntimeError):
    """Chromium or its driver is not installed; the message says what to install."""


@contextlib.contextmanager
def chromium() -> Iterator[Chrome]:
    """Start a browser that logs every request it makes and every message of a page's console.

    Raises:
        NoBrowserError: There is no Chromium, or no driver for it, on this machine.
    """
    missing = [str(one) for one in (_BROWSER, _DRIVER) if not os.access(one, os.X_OK)]
    if missing:
        msg = (
            f"The report's page is tested in a real browser, and {' and '.join(missing)} is not "
            "there; on Debian: apt-get install chromium chromium-driver"
        )
        raise NoBrowserError(msg)
    options = ChromeOptions()
    options.binary_location = str(_BROWSER)
    options.add_argument("--headless=new")
    options.add_argument("--disable-dev-shm-usage")
    options.add_argument("--disable-background-networking")
    if os.geteuid() == 0:
        options.add_argument("--no-sandbox")  # Chromium's own refuses to run as root
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    browser = Chrome(options, Service(str(_DRIVER)))  # a given driver: none is looked for online
    try:
        yield browser
    finally:
        browser.quit()


def show(browser: Chrome, page: Path, *, width: int = 1280, dark: bool = False) -> None:
    """Open a page in a window of that width, in light or dark."""
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    colours = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [colours]})
    for kind in ("browser", "performance"):
        _log(browser, kind)  # what earlier pages left there
    browser.get(page.as_uri())


def requests(browser: Chrome) -> list[str]:
    """List the addresses that were asked for since `show`, those inside the page left out."""
    messages = [json.loads(one["message"])["message"] for one in _log(browser, "performance")]
    sent = [one for one in messages if one["method"] == "Network.requestWillBeSent"]
    urls: list[str] = [one["params"]["request"]["url"] for one in sent]
    return [url for url in urls if not url.startswith("data:")]


def console(browser: Chrome) -> list[Any]:
    """List what the page's console says since `show`: errors, refusals by its policy, warnings."""
    return _log(browser, "browser")


def _log(browser: Chrome, kind: str) -> list[Any]:
    found: list[Any] = browser.get_log(kind)  # type: ignore[no-untyped-call]
    return found
