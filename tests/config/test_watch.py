"""Files are watched by what is in them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.config import changed_files

PERIOD = 0.05


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(name)
    return tmp_path


class Watching:
    """Collects what `changed_files` tells about the YAML files of a folder, and a file there that may be missing."""

    def __init__(self, folder: Path) -> None:
        self.told: list[set[str]] = []
        self.looked = 0
        self.pattern = "*.yaml"
        self._folder = folder

    def files(self) -> list[Path]:
        self.looked += 1
        return [*self._folder.glob(self.pattern), self._folder / "secrets.txt"]

    async def run(self) -> None:
        async for changed in changed_files(self.files, PERIOD):
            self.told.append({file.name for file in changed})

    async def looks(self, times: int) -> None:
        """Wait until the files were looked at so many times more."""
        goal = self.looked + times
        while self.looked < goal:
            await asyncio.sleep(PERIOD / 5)

    async def hears_of(self, *names: str) -> None:
        """Wait for one set of changes more, which must be of `names`, and make sure that no other follows."""
        before = len(self.told)
        while len(self.told) == before:
            await asyncio.sleep(PERIOD / 5)
        await self.looks(3)
        assert self.told[before:] == [set(names)]

    async def hears_nothing(self) -> None:
        before = len(self.told)
        await self.looks(12)
        assert self.told[before:] == []


@pytest.fixture
async def watching(folder: Path) -> AsyncIterator[Watching]:
    watching = Watching(folder)
    task = asyncio.create_task(watching.run())
    await watching.looks(2)
    yield watching
    task.cancel()


async def test_an_edited_file_is_told_once(folder: Path, watching: Watching) -> None:
    (folder / "a.yaml").write_text("edited")
    await watching.hears_of("a.yaml")


async def test_two_files_saved_together_are_told_together(folder: Path, watching: Watching) -> None:
    (folder / "a.yaml").write_text("edited")
    (folder / "b.yaml").write_text("edited")
    await watching.hears_of("a.yaml", "b.yaml")


async def test_an_edit_of_the_same_size_and_time_is_told(folder: Path, watching: Watching) -> None:
    before = (folder / "a.yaml").stat()
    (folder / "a.yaml").write_text("A.YAML")
    os.utime(folder / "a.yaml", ns=(before.st_atime_ns, before.st_mtime_ns))
    await watching.hears_of("a.yaml")


async def test_a_file_touched_or_saved_unchanged_is_no_change(folder: Path, watching: Watching) -> None:
    (folder / "a.yaml").touch()
    (folder / "b.yaml").write_text("b.yaml")
    os.utime(folder / "b.yaml", (1, 1))
    await watching.hears_nothing()


async def test_an_editor_that_writes_beside_and_renames_over_is_noticed(folder: Path, watching: Watching) -> None:
    (folder / "a.yaml~").write_text("edited")
    (folder / "a.yaml~").replace(folder / "a.yaml")
    await watching.hears_of("a.yaml")


async def test_a_file_that_vanishes_for_a_moment_is_told_only_with_its_new_content(
    folder: Path, watching: Watching
) -> None:
    (folder / "a.yaml").rename(folder / "a.bak")
    await watching.looks(2)
    (folder / "a.yaml").write_text("edited")
    await watching.hears_of("a.yaml")


async def test_a_file_that_vanishes_for_a_moment_and_returns_as_it_was_is_no_change(
    folder: Path, watching: Watching
) -> None:
    (folder / "a.yaml").rename(folder / "a.bak")
    await watching.looks(2)
    (folder / "a.bak").rename(folder / "a.yaml")
    await watching.hears_nothing()


async def test_a_file_written_slowly_is_told_when_it_is_whole(folder: Path, watching: Watching) -> None:
    with (folder / "a.yaml").open("w") as file:
        for n in range(3):
            file.write(f"part {n}\n")
            file.flush()
            await watching.looks(1)
    await watching.hears_of("a.yaml")


async def test_new_and_removed_files_are_told(folder: Path, watching: Watching) -> None:
    (folder / "new.yaml").write_text("new")
    await watching.hears_of("new.yaml")
    (folder / "b.yaml").unlink()
    await watching.hears_of("b.yaml")


async def test_a_file_that_was_missing_is_told_when_it_appears(folder: Path, watching: Watching) -> None:
    (folder / "secrets.txt").write_text("here")
    await watching.hears_of("secrets.txt")


async def test_a_file_no_longer_asked_for_is_forgotten_without_a_word(folder: Path, watching: Watching) -> None:
    watching.pattern = "a.yaml"
    await watching.looks(2)
    (folder / "b.yaml").write_text("edited")
    await watching.hears_nothing()
