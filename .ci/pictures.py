"""Pictures of every page for the documents: wide and phone, light and dark, into docs/pictures/.

python .ci/pictures.py                       # starts the demo plant in a folder of its own and waits for readings
python .ci/pictures.py http://127.0.0.1:8080 # takes them from a hub that runs
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.async_api import Browser, Page, async_playwright

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = "/usr/bin/chromium"
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
SCREENS = {1440: 960, 390: 844}
LOOKS = (
    *(("en", theme, width) for theme in ("light", "dark") for width in SCREENS),
    ("zh-CN", "light", 1440),
)
"""Language, theme and width of each set of pictures."""

TALLEST = 1800
"""Pixels of a page that are shown: a list of fifty rows on a phone is longer than anybody looks at."""


@contextmanager
def demo(seconds: float) -> Iterator[str]:
    """The address of the demo plant's hub after it has run for `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "config", Path(folder) / "config")
        port = move_ports(Path(folder) / "config")
        process = subprocess.Popen(
            [sys.executable, "-m", "hub", "run", "--config", "config"], cwd=folder, stderr=subprocess.DEVNULL
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, process)
            print(f"the demo plant runs; pictures in {seconds:.0f} s")
            time.sleep(seconds)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def move_ports(config: Path) -> int:
    """Let every TCP port of a configuration be a free one, away from a hub that runs here; the pages' port."""
    files = {file: file.read_text() for file in config.rglob("*.yaml")}
    pages = re.search(r"(?m)^port: (\d+)", files[config / "hub.yaml"])
    used = {number for text in files.values() for number in re.findall(r"\bport: (\d+)", text)}
    moved = {number: str(free_port()) for number in used}
    for file, text in files.items():
        file.write_text(re.sub(r"\b(\d{4,5})\b", lambda found: moved.get(found[1], found[1]), text))
    return int(moved[pages[1]]) if pages else 8080


def free_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        port: int = trial.getsockname()[1]
        return port


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 120.0) -> None:
    """Return when a hub answers. Ends the program when it stops or stays silent."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urlopen(f"{address}/healthz", timeout=2):
                return
        except (URLError, TimeoutError):
            time.sleep(0.2)
    sys.exit("the hub did not start; try `kwhub run --config config`")


async def addresses(page: Page, base: str) -> dict[str, str]:
    """Paths of all pages by the name of their picture, found by following links from the first page."""
    await page.goto(base)
    links = await page.eval_on_selector_all(".rail a", "links => links.map(link => link.getAttribute('href'))")
    found = {str(link).rpartition("/")[2]: str(link) for link in links}
    for name, listed in (("meter", "live"), ("device", "devices")):
        await page.goto(base + found[listed])
        inner = page.locator(f'main a[href^="{found[listed]}/"]')
        best = inner.and_(page.locator('[href*="incomer"]'))
        chosen = (best if await best.count() else inner).first
        found[name] = str(await chosen.get_attribute("href")).partition("?")[0]
    await page.goto(base + found["meter"])
    curve = page.locator(f'main a[href*="{found["history"]}?"]').first
    found["history"] = str(await curve.get_attribute("href"))
    return found


async def settled(page: Page) -> None:
    """Give charts and the first live values time to appear."""
    await page.wait_for_selector(".live[data-state=ok]", state="attached")
    await page.wait_for_timeout(2_500)


async def take(browser: Browser, base: str, out: Path) -> None:
    """One picture of each page in each look."""
    first = await browser.new_page()
    pages = await addresses(first, base)
    for language, theme, width in LOOKS:
        context = await browser.new_context(viewport={"width": width, "height": SCREENS[width]})
        page = await context.new_page()
        for name, path in pages.items():
            await page.goto(f"{base}{path}{'&' if '?' in path else '?'}theme={theme}&lang={language}")
            await settled(page)
            full = await page.evaluate("document.documentElement.scrollHeight")
            await page.set_viewport_size({"width": width, "height": min(max(full, SCREENS[width]), TALLEST)})
            await page.wait_for_timeout(400)
            picture = f"{name}{'' if language == 'en' else '-zh'}-{width}-{theme}.png"
            await page.screenshot(path=out / picture)
            await page.set_viewport_size({"width": width, "height": SCREENS[width]})
            print(picture)
        await context.close()


async def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", help="of a hub that runs; the demo plant is started when left out")
    parser.add_argument("--seconds", type=float, default=120.0, help="how long the demo plant runs before")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "pictures", help="folder for the pictures")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        if options.address:
            await take(browser, options.address.rstrip("/"), options.out)
        else:
            with demo(options.seconds) as address:
                await take(browser, address, options.out)
        await browser.close()


if __name__ == "__main__":
    asyncio.run(main())
