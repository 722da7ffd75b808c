"""The two databases every test of the store runs on: SQLite in a file, and a PostgreSQL server of our own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from hub.store import Store


def postgres_bin(name: str) -> str:
    """The newest installed PostgreSQL's program; Debian keeps them out of PATH."""
    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True):
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    assert found, f"{name} is missing: install PostgreSQL (Debian: apt install postgresql), as make test does"
    return found


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Path]:
    """The socket folder of a PostgreSQL server that lives as long as the tests; its user is `hub`."""
    user = "nobody" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="kwhub-pg-", dir="/tmp"))
    if user:
        shutil.chown(folder, user)
    data = str(folder / "data")
    initdb = [postgres_bin("initdb"), "-D", data, "-U", "hub", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    subprocess.run(initdb, user=user, cwd=folder, check=True, capture_output=True)
    arguments = ["-D", data, "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [postgres_bin("postgres"), *arguments], user=user, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        await_socket(folder, server)
        yield folder
    finally:
        server.send_signal(signal.SIGQUIT)
        server.wait(30)
        shutil.rmtree(folder)


def await_socket(folder: Path, server: subprocess.Popen[bytes]) -> None:
    ready = [postgres_bin("pg_isready"), "-h", str(folder), "-U", "hub", "-d", "postgres"]
    deadline = time.monotonic() + 60
    while subprocess.run(ready, capture_output=True, check=False).returncode:
        log = (folder / "log").read_text()
        assert server.poll() is None, f"PostgreSQL ended: {log}"
        assert time.monotonic() < deadline, f"PostgreSQL does not answer: {log}"
        time.sleep(0.05)


def createdb(server: Path) -> str:
    """The name of a new, empty PostgreSQL database."""
    name = f"test_{os.urandom(6).hex()}"
    subprocess.run([postgres_bin("createdb"), "-h", str(server), "-U", "hub", name], check=True, capture_output=True)
    return name


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/hub.db"
    server = request.getfixturevalue("postgres_server")
    return f"postgresql://hub@/{createdb(server)}?host={server}"


@pytest.fixture
def postgres_url(postgres_server: Path) -> str:
    """The URL of an empty PostgreSQL database."""
    return f"postgresql://hub@/{createdb(postgres_server)}?host={postgres_server}"


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    """A store on an empty database."""
    store = await Store.open(url)
    yield store
    await store.close()


@pytest.fixture
async def reopened(url: str) -> AsyncIterator[Callable[[], Awaitable[Store]]]:
    """Call it for one more store on the same database, as after a restart; closed at the end of the test."""
    opened: list[Store] = []

    async def open_again() -> Store:
        opened.append(await Store.open(url))
        return opened[-1]

    yield open_again
    for store in opened:
        await store.close()
