"""`kwhub new`: a working plugin with a passing test, to start from."""

from __future__ import annotations

import keyword
from importlib.resources import files
from pathlib import Path
from string import Template

from hub.core.errors import HubError
from hub.core.model import KEY

FILES = {
    "pyproject.toml": "pyproject.toml.txt",
    "README.md": "README.md.txt",
    "hub_{name}/__init__.py": "package.py.txt",
    "hub_{name}/py.typed": "py.typed.txt",
    "tests/test_{name}.py": "test.py.txt",
}
"""What is written, and from which template beside this module."""


def write_plugin(folder: Path, name: str) -> Path:
    """Write the plugin `name` into `folder/name`; that path comes out.

    Raises HubError for a name that is not lower snake case, and when something of that name exists already.
    """
    if not KEY.fullmatch(name) or keyword.iskeyword(name):
        raise HubError(f"{name!r} cannot name a plugin: expected lower snake case, such as acme_pm5")
    target = folder / name
    if target.exists():
        raise HubError(f"{target} exists already; choose another name or another folder")
    words = {
        "name": name,
        "distribution": f"hub-{name.replace('_', '-')}",
        "title": name.replace("_", " ").capitalize(),
    }
    templates = files(__name__) / "plugin"
    for path, template in FILES.items():
        file = target / path.format(name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(Template((templates / template).read_text("utf-8")).substitute(words), "utf-8")
    return target
