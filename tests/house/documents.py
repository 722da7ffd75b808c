"""Documents that must keep up with the code: hooks, decisions, changelog, examples, links."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from house.tree import Tree

DECISION = ("Context", "Decision", "Consequences", "What else was tried")
FENCE = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:\s]+)(#[^)]*)?\)")


@dataclass(frozen=True)
class Example:
    """A fenced block of a document."""

    place: str
    language: str
    text: str


def documents(tree: Tree) -> list[Path]:
    """Every page people read."""
    return [path for path in tree.kept if path.suffix == ".md"]


def examples(tree: Tree, *languages: str) -> list[Example]:
    """Fenced blocks of the languages named, in every document."""
    found = []
    for path in documents(tree):
        text = path.read_text("utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            if match[1] in languages:
                found.append(Example(f"{tree.name(path)}:{line}", match[1], match[2]))
    return found


def hooks(tree: Tree) -> list[str]:
    """Hooks without a heading of their exact arguments in the reference, without a test, or without a user here."""
    page = tree.root / "docs/reference/hooks.md"
    text = page.read_text("utf-8") if page.exists() else ""
    tests = "\n".join(source.text for source in tree.tests)
    plugins = "\n".join(source.text for source in tree.plugins)
    faults = []
    for name, arguments in _hooks(tree):
        heading = f"## {name}({', '.join(arguments)})"
        if not re.search(rf"^{re.escape(heading)}$", text, re.MULTILINE):
            faults.append(f"docs/reference/hooks.md: no heading '{heading}'")
        if name not in tests:
            faults.append(f"{name}: no test mentions it")
        if f"def {name}(" not in plugins:
            faults.append(f"{name}: no plugin here uses it")
    return faults


def decisions(tree: Tree) -> list[str]:
    """Decision records whose number, status, date or headings are not as agreed."""
    faults = []
    records = sorted((tree.root / "docs/decisions").glob("[0-9]*.md"))
    for number, path in enumerate(records, 1):
        text, name = path.read_text("utf-8"), tree.name(path)
        if not path.name.startswith(f"{number:04d}-"):
            faults.append(f"{name}: expected number {number:04d}")
        if not re.search(r"^Status: (accepted|replaced by \d{4})$", text, re.MULTILINE):
            faults.append(f"{name}: no line 'Status: accepted'")
        if not re.search(r"^Date: \d{4}-\d{2}-\d{2}$", text, re.MULTILINE):
            faults.append(f"{name}: no line 'Date: YYYY-MM-DD'")
        if tuple(re.findall(r"^## (.+)$", text, re.MULTILINE)) != DECISION:
            faults.append(f"{name}: headings are {', '.join(DECISION)}")
    return faults if records else ["docs/decisions: no record"]


def changelog(tree: Tree) -> list[str]:
    """A released version that the changelog does not tell of."""
    version = re.search(r'__version__ = "(.+)"', (tree.root / "hub/__init__.py").read_text("utf-8"))
    page = tree.root / "CHANGELOG.md"
    text = page.read_text("utf-8") if page.exists() else ""
    wanted = version[1] if version else "unknown"
    return [] if re.search(rf"^## {re.escape(wanted)}\b", text, re.MULTILINE) else [f"CHANGELOG.md: no '## {wanted}'"]


def dead_links(tree: Tree) -> list[str]:
    """Links to files of this repository that are not there."""
    return [
        f"{tree.name(path)}: {match[1]} does not exist"
        for path in documents(tree)
        for match in LINK.finditer(path.read_text("utf-8"))
        if not (path.parent / match[1]).exists()
    ]


def python_examples(tree: Tree) -> list[str]:
    """Python in documents that does not compile."""
    faults = []
    for example in examples(tree, "python"):
        try:
            compile(example.text, example.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        except SyntaxError as error:
            faults.append(f"{example.place}: {error}")
    return faults


def make_targets(tree: Tree) -> list[str]:
    """`make x` in documents where the Makefile knows no x."""
    makefile = (tree.root / "Makefile").read_text("utf-8")
    known = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    return [
        f"{tree.name(path)}: make {target}: no such target"
        for path in documents(tree)
        for target in re.findall(r"(?:`|^)make ([a-z]+)", path.read_text("utf-8"), re.MULTILINE)
        if target not in known
    ]


def entry_scripts(tree: Tree) -> list[str]:
    """Console scripts and pytest plugins that pyproject.toml names and the tree lacks."""
    project = tomllib.loads((tree.root / "pyproject.toml").read_text("utf-8"))["project"]
    named = [*project.get("scripts", {}).values()]
    named += [target for group in project.get("entry-points", {}).values() for target in group.values()]
    modules = {source.module for source in tree.hub}
    return [f"pyproject.toml: {target} does not exist" for target in named if target.split(":")[0] not in modules]


def _hooks(tree: Tree) -> Iterator[tuple[str, list[str]]]:
    for source in tree.hub:
        if source.module == "hub.hookspecs":
            for node in source.nodes(ast.FunctionDef):
                if isinstance(node, ast.FunctionDef) and node.name.startswith("hub_"):
                    yield node.name, [argument.arg for argument in node.args.args]
