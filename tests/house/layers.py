"""The layers of pyproject.toml, checked by import-linter in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys

from house.tree import Tree


def arrows(tree: Tree) -> list[str]:
    """Imports against the layers, forbidden libraries in the core, rooms that stand on no floor."""
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tree.root,
        env={**os.environ, "PYTHONPATH": str(tree.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    return [] if ran.returncode == 0 else [ran.stdout + ran.stderr]
