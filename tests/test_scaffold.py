"""`kwhub new` writes a plugin that installs, is found, and whose own tests pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from house import plugins
from house.environment import call, fresh_python
from house.tree import ROOT, Tree
from hub.core.errors import HubError
from hub.scaffold import write_plugin


@pytest.mark.timeout(180)
def test_a_new_plugin_installs_is_found_and_passes_its_own_tests(tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path, "acme_line")
    python = fresh_python(tmp_path / "venv", editables=True)
    install = ("install", "--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--editable")
    call(python, "-m", "pip", *install, plugin, cwd=tmp_path)

    report = call(python, "-m", "pytest", "-p", "no:cacheprovider", plugin, cwd=plugin)
    assert re.search(r"\b10 passed\b", report), report
    assert "acme_line" in call(python, "-m", "hub", "plugins", cwd=tmp_path)


def test_a_new_plugin_has_the_shape_of_ours(tmp_path: Path) -> None:
    write_plugin(tmp_path / "integrations", "acme_line")
    assert plugins.shapes(Tree(tmp_path)) == []


@pytest.mark.timeout(180)
def test_a_new_plugin_is_as_strict_as_ours(tmp_path: Path) -> None:
    plugin = write_plugin(tmp_path / "integrations", "acme_line")
    settings = str(ROOT / "pyproject.toml")
    python = fresh_python(tmp_path / "venv", editables=True)
    call(python, "-m", "ruff", "check", "--config", settings, plugin / "hub_acme_line", cwd=tmp_path)
    call(python, "-m", "ruff", "format", "--check", "--config", settings, plugin, cwd=tmp_path)
    cache = ("--cache-dir", tmp_path / "cache")
    call(python, "-m", "mypy", "--config-file", settings, *cache, plugin / "hub_acme_line", cwd=tmp_path)


@pytest.mark.parametrize("name", ["AcmeLine", "acme-line", "9_lives", "", "class", "acme__line", "../acme"])
def test_a_name_that_cannot_name_a_plugin_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(HubError, match="lower snake case"):
        write_plugin(tmp_path, name)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "acme_line").mkdir()
    with pytest.raises(HubError, match="exists already"):
        write_plugin(tmp_path, "acme_line")
    assert list((tmp_path / "acme_line").iterdir()) == []
