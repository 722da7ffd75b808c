"""What no file of the repository may contain."""

from __future__ import annotations

import re
from pathlib import Path

from house.tree import Tree

STRANGERS = "/vendor/"
WRONG_ON_PURPOSE = "/cases/"
MACHINE = re.compile(r"/(?:work|root|opt)/[\w.]|/home/\w|/Users/\w|[A-Z]:\\\\?Users")
REGISTRY = re.compile(
    r"(?:"
    + "|".join(["py" + "pi.org", "python" + "hosted", "npm" + "js.", "un" + "pkg", "jsdel" + "ivr", "deb.deb" + "ian"])
    + ")"
)
CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)", re.MULTILINE)


def machine_paths(tree: Tree) -> list[str]:
    """Paths of somebody's machine."""
    return _lines_with(tree, MACHINE, "a path of one machine")


def registries(tree: Tree) -> list[str]:
    """Hosts of package registries: which one to use is the affair of whoever installs."""
    return _lines_with(tree, REGISTRY, "a registry host")


def endings(tree: Tree) -> list[str]:
    """Text files without a newline at their end, with carriage returns, or with merge conflicts left in."""
    faults = []
    for path, text in _texts(tree):
        if WRONG_ON_PURPOSE in tree.name(path):
            continue
        if text and not text.endswith("\n"):
            faults.append(f"{tree.name(path)}: no newline at the end")
        if "\ufffd" in text:
            faults.append(f"{tree.name(path)}: not UTF-8")
        if "\r" in text:
            faults.append(f"{tree.name(path)}: carriage returns")
        if CONFLICT.search(text):
            faults.append(f"{tree.name(path)}: a merge conflict")
    return faults


def python_in_frontend(tree: Tree) -> list[str]:
    """Python files beside templates."""
    return [
        f"{name}: no Python in frontend/"
        for path in tree.kept
        if (name := tree.name(path)).startswith("frontend/") and name.endswith(".py")
    ]


def _lines_with(tree: Tree, pattern: re.Pattern[str], what: str) -> list[str]:
    return [
        f"{tree.name(path)}:{number}: {what}: {match[0]}"
        for path, text in _texts(tree)
        for number, line in enumerate(text.splitlines(), 1)
        if (match := pattern.search(line))
    ]


def _texts(tree: Tree) -> list[tuple[Path, str]]:
    """Text files that are ours; what is not UTF-8 shows as U+FFFD."""
    contents = ((path, path.read_bytes()) for path in tree.kept if STRANGERS not in tree.name(path))
    return [(path, content.decode("utf-8", "replace")) for path, content in contents if b"\0" not in content]
