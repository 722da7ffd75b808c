"""Notices when configuration files change, appear or go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

_YOUNG_NS = 5_000_000_000
"""A file written so lately may be written again within one step of the file system's clock: its content is compared."""

_PATIENCE = 6
"""How many half periods a missing or moving file is given before it is taken as it is."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A file as it was last looked at; `digest` is empty for one that is not there."""

    stamp: tuple[int, int, int]
    digest: bytes
    young: bool


_GONE = _Seen((0, 0, 0), b"", young=True)

_State = dict[Path, _Seen]


async def changed_files(files: Callable[[], Iterable[Path]], seconds: float = 1.0) -> AsyncIterator[set[Path]]:
    """Sets of files whose content changed, looked for every `seconds`, starting from how they are at the first call.

    `files` is asked each time, in a thread, so that new files are noticed; touching or rewriting a file with the same
    content is no change. A file that vanishes while an editor replaces it, or is still being written, is waited for.
    """
    known = await asyncio.to_thread(_look, files, {})
    while True:
        await asyncio.sleep(seconds)
        now = await asyncio.to_thread(_look, files, known)
        if _differing(known, now):
            now = await _settled(files, known, now, seconds / 2)
        changed = _differing(known, now)
        known = now
        if changed:
            yield changed


async def _settled(files: Callable[[], Iterable[Path]], known: _State, now: _State, seconds: float) -> _State:
    """The files once two looks agree and none that was there is missing, or patience ends."""
    for _ in range(_PATIENCE):
        await asyncio.sleep(seconds)
        before, now = now, await asyncio.to_thread(_look, files, known)
        vanished = any(seen == _GONE and known.get(file, _GONE) != _GONE for file, seen in now.items())
        if not vanished and not _differing(before, now):
            break
    return now


def _differing(before: _State, now: _State) -> set[Path]:
    """Files whose content differs."""
    return {file for file, seen in now.items() if seen.digest != before.get(file, _GONE).digest}


def _look(files: Callable[[], Iterable[Path]], known: _State) -> _State:
    """The files asked for now, and those asked for before that are gone; one that is merely not asked for is left."""
    state = {file: _seen(file, known.get(file)) for file in files()}
    gone = (file for file, seen in known.items() if file not in state and seen != _GONE and not file.exists())
    return state | dict.fromkeys(gone, _GONE)


def _seen(file: Path, before: _Seen | None) -> _Seen:
    try:
        stat = file.stat()
        stamp = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        if before is not None and before.stamp == stamp and not before.young:
            return before
        digest = blake2b(file.read_bytes()).digest()
    except FileNotFoundError:
        return _GONE
    except OSError as error:
        return _Seen((0, 0, 0), str(error).encode(), young=True)
    return _Seen(stamp, digest, young=_is_young(stat.st_mtime_ns))


def _is_young(mtime_ns: int) -> bool:
    return time.time_ns() - mtime_ns < _YOUNG_NS
