"""The wheels of the hub and its plugins, installed without the checkout, run from another folder."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import zipfile
from pathlib import Path

import aiohttp
import pytest

from house import plugins
from house.environment import call, fresh_python
from house.tree import ROOT, Tree
from hub.testing.conformance import free_port

PIP = ("-m", "pip", "--quiet", "--disable-pip-version-check")
PLUGINS = plugins.folders(Tree())

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("wheels")
    build = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", folder)
    call(sys.executable, *PIP, *build, ROOT, *PLUGINS, cwd=folder)
    return sorted(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheels: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an environment that holds the wheels, and a copy of the demo plant's configuration."""
    folder = tmp_path_factory.mktemp("elsewhere")
    python = fresh_python(folder / "venv", editables=False)
    call(python, *PIP, "install", "--no-deps", "--no-index", "--ignore-installed", *wheels, cwd=folder)
    shutil.copytree(ROOT / "config", folder / "config")
    return folder


def kwhub(elsewhere: Path, *words: str) -> str:
    return call(elsewhere / "venv/bin/kwhub", *words, cwd=elsewhere)


def test_there_is_a_wheel_of_the_hub_and_of_every_plugin(wheels: list[Path]) -> None:
    names = {wheel.name.split("-")[0] for wheel in wheels}
    assert names == {"kwhub", *(f"hub_{folder.name}" for folder in PLUGINS)}


def test_wheels_hold_all_that_the_checkout_has_and_no_tests(wheels: list[Path]) -> None:
    held = [name for wheel in wheels for name in zipfile.ZipFile(wheel).namelist()]
    kept = [Tree().name(path) for path in Tree().kept]
    wanted = {name for name in kept if name.startswith("hub/")}
    wanted |= {f"hub/{name}" for name in kept if name.startswith("frontend/")}
    wanted |= {name.split("/", 2)[2] for name in kept if re.match(r"integrations/\w+/hub_", name)}
    assert wanted - set(held) == set()
    assert [name for name in held if "/test_" in name or name.startswith("tests/")] == []
    assert sum(name.endswith("dist-info/licenses/LICENSE") for name in held) == 1


def test_every_plugin_is_found_and_whole(elsewhere: Path) -> None:
    place = call(elsewhere / "venv/bin/python", "-c", "import hub; print(hub.__file__)", cwd=elsewhere)
    assert place.startswith(str(elsewhere)), "the checkout shines through"
    listed = kwhub(elsewhere, "plugins")
    for folder in PLUGINS:
        assert folder.name in listed
    assert "Error" not in listed


def test_the_demo_plant_is_in_order(elsewhere: Path) -> None:
    assert "in order" in kwhub(elsewhere, "check", "--config", "config")


async def test_the_hub_runs_and_serves_its_pages(elsewhere: Path) -> None:
    port = free_port()
    config = elsewhere / "config/hub.yaml"
    kept = re.sub(r"^(port|data):.*\n", "", config.read_text("utf-8"), flags=re.MULTILINE)
    config.write_text(f"port: {port}\ndata: {elsewhere / 'data'}\n{kept}", "utf-8")
    with (elsewhere / "log").open("wb") as log:
        hub = await asyncio.create_subprocess_exec(
            elsewhere / "venv/bin/kwhub", "run", "--config", "config", cwd=elsewhere, stdout=log, stderr=log
        )
    try:
        page = await answer(hub, f"http://127.0.0.1:{port}/", elsewhere / "log")
        style = re.search(r'href="(/static/[^"]+\.css[^"]*)"', page)
        assert style is not None
        assert "{" in await answer(hub, f"http://127.0.0.1:{port}{style[1]}", elsewhere / "log")
    finally:
        if hub.returncode is None:
            hub.terminate()
        await asyncio.wait_for(hub.wait(), 20)
    assert hub.returncode == 0, (elsewhere / "log").read_text("utf-8")


async def answer(hub: asyncio.subprocess.Process, url: str, log: Path) -> str:
    """The text at `url` as soon as the hub gives it."""
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            assert hub.returncode is None, log.read_text("utf-8")
            try:
                async with session.get(url) as response:
                    assert response.status == 200, log.read_text("utf-8")
                    return await response.text()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
    raise AssertionError(f"no answer from {url}\n{log.read_text('utf-8')}")
