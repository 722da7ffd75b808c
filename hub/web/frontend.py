"""The folder of templates, styles, scripts and texts: found, hashed, and made into Jinja2 environments."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined

import hub
from hub.core.errors import HubError
from hub.core.model import label
from hub.web import format as fmt
from hub.web.language import Language, load_languages
from hub.web.words import Words

FROZEN = "vendor/"
"""Files below carry their version in their path and never change."""


@dataclass(frozen=True, slots=True)
class Asset:
    """One static file as it was at start; `version` is the beginning of its SHA-256."""

    file: Path
    version: str


@dataclass(frozen=True, slots=True)
class Frontend:
    """What pages are made of: languages by tag, one template environment for each, static files by path."""

    folder: Path
    languages: Mapping[str, Language]
    templates: Mapping[str, Environment]
    assets: Mapping[str, Asset]

    def address(self, path: str) -> str:
        """Where a browser gets the static file `path`; changes when its content does. Raises KeyError."""
        asset = self.assets[path]
        return f"/static/{path}" if path.startswith(FROZEN) else f"/static/{path}?v={asset.version}"

    def compile(self) -> None:
        """Make every template ready, so that the first visitor of a page does not wait for it. Takes up to seconds."""
        for environment in self.templates.values():
            for name in environment.list_templates(extensions=["html"]):
                environment.get_template(name)


FRONTEND = web.AppKey("frontend", Frontend)


def frontend_folder() -> Path:
    """`hub/frontend` of an installed wheel, or `frontend` of a checkout. Raises HubError when neither is there."""
    package = Path(hub.__file__).parent
    for folder in (package / "frontend", package.parent / "frontend"):
        if (folder / "templates").is_dir():
            return folder
    raise HubError(f"no templates in {package / 'frontend'} or {package.parent / 'frontend'}: install kwhub again")


def load_frontend(folder: Path, cache: Path | None = None) -> Frontend:
    """Read and hash everything under `folder` once; a changed file shows after a restart.

    Templates are compiled once for all languages, and kept in `cache` for the next start.
    """
    static = folder / "static"
    assets = {
        file.relative_to(static).as_posix(): Asset(file, hashlib.sha256(file.read_bytes()).hexdigest()[:12])
        for file in sorted(static.rglob("*"))
        if file.is_file()
    }
    languages = load_languages(folder / "locales")
    loader = FileSystemLoader(folder / "templates")
    compiled = None
    if cache is not None:
        cache.mkdir(parents=True, exist_ok=True)
        compiled = FileSystemBytecodeCache(str(cache))
    frontend = Frontend(folder, languages, {}, assets)
    templates = {tag: _environment(loader, compiled, language, frontend) for tag, language in languages.items()}
    return Frontend(folder, languages, templates, assets)


def _environment(
    loader: FileSystemLoader, compiled: BytecodeCache | None, language: Language, frontend: Frontend
) -> Environment:
    environment = Environment(
        loader=loader,
        bytecode_cache=compiled,
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.install_gettext_translations(language.messages, newstyle=True)  # type: ignore[attr-defined]
    environment.globals.update(
        asset=frontend.address,
        named=lambda text: label(text, language.key),
        number=fmt.number,
        decimals=fmt.decimals,
        duration=lambda seconds: fmt.duration(seconds, language),
        size=fmt.size,
        words=Words(language),
    )
    for name, template in (("ui", "parts.html"), ("cells", "cells.html")):
        environment.globals[name] = environment.get_template(template).module
    return environment
