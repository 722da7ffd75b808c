"""Every folder in `cases` is a configuration; `expected.txt` holds what must be said of it and what still runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hub.config import Configuration

Read = Callable[[Path], Configuration]

CASES = Path(__file__).parent / "cases"


def report(case: Path, read: Read) -> str:
    """The errors with files relative to the case, then the entries that run."""
    configuration = read(case / "hub.yaml")
    errors = [str(error).replace(f"{case}/", "") for error in configuration.errors]
    running = [f"{entry.project}/{entry.id}" for entry in configuration.entries]
    projects = ", ".join(configuration.projects) or "none"
    return "\n".join([*errors, f"projects: {projects}", f"entries: {', '.join(running) or 'none'}", ""])


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir()))
def test_each_mistake_is_told_with_file_line_and_remedy_and_the_rest_runs(case: str, read: Read) -> None:
    assert report(CASES / case, read) == (CASES / case / "expected.txt").read_text(encoding="utf-8")


def test_no_case_shows_a_secret(read: Read) -> None:
    for case in CASES.iterdir():
        text = report(case, read) + repr(read(case / "hub.yaml"))
        assert not [secret for secret in ("pa55word", "4711", "'q7'") if secret in text]
