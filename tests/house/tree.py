"""A checkout as the house tests see it: parsed sources, and the files that are kept under version control."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Source:
    """One parsed Python file; `name` is its path in the tree, `module` what an import statement calls it."""

    name: str
    module: str
    text: str
    syntax: ast.Module

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def nodes(self, *kinds: type[ast.AST]) -> Iterator[ast.AST]:
        return (node for node in ast.walk(self.syntax) if isinstance(node, kinds))


class Tree:
    """A folder laid out like this repository."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root

    @cached_property
    def product(self) -> list[Source]:
        """Sources of the hub and of its plugins, without tests."""
        return [*self.hub, *self.plugins]

    @cached_property
    def hub(self) -> list[Source]:
        return list(self._sources([self.root / "hub"], self.root))

    @cached_property
    def plugins(self) -> list[Source]:
        return [
            source
            for package in sorted(self.root.glob("integrations/*/hub_*"))
            for source in self._sources([package], package.parent)
        ]

    @cached_property
    def tests(self) -> list[Source]:
        folders = [self.root / "tests", *sorted(self.root.glob("integrations/*/tests"))]
        return list(self._sources(folders, self.root))

    @cached_property
    def kept(self) -> list[Path]:
        """Files under version control or about to be; every file where there is no repository."""
        if not (self.root / ".git").exists():
            return sorted(path for path in self.root.rglob("*") if path.is_file())
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=self.root, capture_output=True, text=True, check=True).stdout
        return [path for name in sorted(listed.split("\0")) if name and (path := self.root / name).is_file()]

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def _sources(self, folders: Iterable[Path], base: Path) -> Iterator[Source]:
        for folder in folders:
            for path in sorted(folder.rglob("*.py")):
                text = path.read_text("utf-8")
                module = ".".join(path.relative_to(base).with_suffix("").parts).removesuffix(".__init__")
                yield Source(self.name(path), module, text, ast.parse(text, str(path)))
