"""The folder of a running simulation: stable names for its lines, what it remembers, and who runs it."""

from __future__ import annotations

import fcntl
import json
import os
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


class FolderTaken(Exception):
    """Another simulation runs in the folder."""


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Keep `folder` for this process, made if need be. Raises FolderTaken."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise FolderTaken(f"{folder}: a simulation runs here already (process {lock.read().strip()})") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def link(folder: Path, name: str, target: Path) -> Path:
    """A symbolic link `folder/name` to `target`, in place of any earlier one."""
    path, fresh = folder / name, folder / f".{name}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target)
    fresh.replace(path)
    return path


def write_listing(folder: Path, listing: Mapping[str, Any]) -> None:
    """Say in `folder/listens.json` what listens where."""
    _replace(folder / "listens.json", json.dumps(listing, indent=2).encode())


def save_memory(folder: Path, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Keep what the meters counted, so that the next start goes on from there."""
    fresh = folder / ".memory.npz"
    with fresh.open("wb") as file:
        np.savez(file, **dict(arrays))  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / "memory.npz")


def load_memory(folder: Path) -> dict[str, NDArray[np.generic]] | None:
    """What `save_memory` kept; None when there is nothing, or nothing readable."""
    try:
        with np.load(folder / "memory.npz") as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def _replace(path: Path, content: bytes) -> None:
    fresh = path.with_name(f".{path.name}")
    fresh.write_bytes(content)
    fresh.replace(path)
