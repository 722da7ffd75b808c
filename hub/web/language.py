"""Languages of the interface: choice per request, catalogues read from `.po` files at start."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web
from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

COOKIE = "lang"
TAGS = ("en", "zh-CN")
"""What `<html lang>`, the cookie and `?lang=` may say; the first is the default."""


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the interface; `key` is how labels in YAML call it."""

    tag: str
    key: str
    locale: Locale
    messages: NullTranslations

    @property
    def gettext(self) -> Callable[[str], str]:
        """Translate one text."""
        return self.messages.gettext


def load_languages(folder: Path) -> dict[str, Language]:
    """Languages by tag, with the texts of every `LC_MESSAGES/*.po` under `folder`."""
    return {tag: _language(tag, folder) for tag in TAGS}


def chosen_language(request: web.Request) -> str:
    """The tag a request asks for: `?lang=`, else the cookie, else Accept-Language, else English."""
    for wish in (request.query.get("lang", ""), request.cookies.get(COOKIE, "")):
        if wish in TAGS:
            return wish
    return negotiate_locale(_accepted(request.headers.get("Accept-Language", "")), TAGS, sep="-") or TAGS[0]


def _language(tag: str, folder: Path) -> Language:
    locale = Locale.parse(tag, sep="-")
    messages = NullTranslations()
    for file in sorted((folder / tag.replace("-", "_") / "LC_MESSAGES").glob("*.po")):
        binary = io.BytesIO()
        with file.open("rb") as text:
            write_mo(binary, read_po(text, str(locale)))
        binary.seek(0)
        catalogue = Translations(binary)
        catalogue.add_fallback(messages)
        messages = catalogue
    return Language(tag, locale.language, locale, messages)


def _accepted(header: str) -> list[str]:
    """Language tags of an Accept-Language header, most wanted first; `zh` in any form asks for zh-CN."""
    wishes: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, weight = part.strip().partition(";q=")
        try:
            wishes.append((-float(weight or 1), "zh-CN" if tag.lower().startswith("zh") else tag[:2].lower()))
        except ValueError:
            continue
    return [tag for _, tag in sorted(wishes, key=lambda wish: wish[0])]
