"""What every folder under `integrations/` must look like, ours as a stranger's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from house.tree import Tree

PROJECT_FILE = 20
README_TELLS = ("source", "limit")
ALLOWED = {"pyproject.toml", "README.md", "tests", "LICENSE"}


def shapes(tree: Tree) -> list[str]:
    """Plugins with a file missing, misnamed or too many."""
    return [f"{tree.name(folder)}: {fault}" for folder in folders(tree) for fault in _faults(folder)]


def golden_files(tree: Tree) -> list[str]:
    """Meter profiles without a golden file of registers and values beside the tests."""
    return [
        f"{tree.name(profile)}: no golden file mentions {profile.stem}"
        for folder in folders(tree)
        for profile in sorted(folder.glob("hub_*/profiles/*.yaml"))
        if not _golden(folder, profile)
    ]


def folders(tree: Tree) -> list[Path]:
    """The plugins of this tree."""
    return sorted(path for path in (tree.root / "integrations").glob("[!._]*") if path.is_dir() and any(path.iterdir()))


def _faults(folder: Path) -> Iterator[str]:
    name, package = folder.name, f"hub_{folder.name}"
    expected = ["pyproject.toml", "README.md", f"{package}/__init__.py", f"{package}/py.typed", "tests"]
    yield from (f"{part} is missing" for part in expected if not (folder / part).exists())
    present = {path.name for path in folder.iterdir() if not path.name.startswith((".", "__pycache__"))}
    yield from (f"{extra} does not belong here" for extra in sorted(present - ALLOWED - {package}))
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
        yield "a plugin's name is lower snake case"
    if not list(folder.glob("tests/test_*.py")):
        yield "no test"
    if (folder / "pyproject.toml").is_file():
        yield from _project_faults(folder / "pyproject.toml", name)
    if (folder / "README.md").is_file():
        text = (folder / "README.md").read_text("utf-8").lower()
        yield from (f"README.md says nothing of {word}s" for word in README_TELLS if word not in text)


def _project_faults(file: Path, name: str) -> Iterator[str]:
    text = file.read_text("utf-8")
    content: dict[str, Any] = tomllib.loads(text)
    project = content.get("project", {})
    lines = len(text.splitlines())
    if lines > PROJECT_FILE:
        yield f"pyproject.toml has {lines} lines, at most {PROJECT_FILE}"
    if project.get("name") != (distribution := "hub-" + name.replace("_", "-")):
        yield f"distribution is {project.get('name')!r}, expected {distribution!r}"
    points = project.get("entry-points", {}).get("kwhub", {})
    if list(points) != [name] or points[name].split(".")[0] != f"hub_{name}":
        yield f"entry points are {points}, expected {name} = hub_{name}"
    if content.get("build-system", {}).get("build-backend") != "hatchling.build":
        yield "not built by hatchling"
    if tools := content.get("tool", {}).keys() - {"pytest"}:
        yield f"settings of tools belong into the top pyproject.toml: {', '.join(sorted(tools))}"
    yield from (f"project.{key} is missing" for key in ("version", "description", "license") if key not in project)


def _golden(folder: Path, profile: Path) -> bool:
    """A golden file is named for its profile, or names it, or names one that extends it."""
    names = {profile.stem} | {
        other.stem
        for other in profile.parent.glob("*.yaml")
        if re.search(rf"^extends:\s*\S*\b{re.escape(profile.stem)}\s*(#.*)?$", other.read_text("utf-8"), re.MULTILINE)
    }
    return any(
        golden.stem in names or re.search(rf"profile:.*\b{re.escape(profile.stem)}\b", golden.read_text("utf-8"))
        for golden in folder.glob("tests/golden/**/*.yaml")
    )
