"""Texts of the pages and their translations: what is missing, and new entries for the translator.

    python .ci/messages.py            # list missing, unused and unequal texts; fails when there are any
    python .ci/messages.py --update   # add empty entries for missing texts to hub.po, drop unused ones

A text belongs to the catalogue in which it stands; new ones go to hub.po.
"""

from __future__ import annotations

import argparse
import io
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages import Catalog
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "frontend" / "locales" / "zh_CN" / "LC_MESSAGES"
SOURCES = (
    (ROOT / "hub" / "web", [("**.py", "python")]),
    (ROOT / "frontend" / "templates", [("**.html", "jinja2")]),
)
OPTIONS = {"**.html": {"trimmed": "true", "extensions": "jinja2.ext.do"}}
HEADER = """\
# Chinese texts of kWHub's pages; terms follow the national standards.
msgid ""
msgstr ""
"Language: zh_CN\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: nplurals=1; plural=0;\\n"

"""
PLACES = re.compile(r"%\(\w+\)[sd]|%[sd]")

Text = str | tuple[str, ...]

CONTEXT = "\x04"
"""Parts the context of a text from the text, as in compiled catalogues."""


def texts() -> dict[Text, str]:
    """Every text that pages and handlers ask to translate, and the file that asks; plural forms as a tuple."""
    found: dict[Text, str] = {}
    for folder, methods in SOURCES:
        for file, _line, text, _comments, context in extract_from_dir(folder, methods, OPTIONS):
            found.setdefault(_named(tuple(text) if isinstance(text, (list, tuple)) else text, context), file)
    return found


def catalogues() -> dict[Path, Catalog]:
    """The catalogues of Chinese texts by file."""
    return {file: _read(file) for file in sorted(CATALOGUES.glob("*.po"))}


def faults() -> list[str]:
    """What is wrong with the translations, one line each; none is what a release needs."""
    wanted = texts()
    known = {_key(message): message for message in _messages(catalogues().values())}
    wrong = [
        f"not translated: {_first(text)!r} ({file})" for text, file in wanted.items() if not _done(known.get(text))
    ]
    wrong += [f"not used any more: {_first(text)!r}" for text in known if text not in wanted]
    return wrong + [
        f"other placeholders than the original: {_first(text)!r}"
        for text, message in known.items()
        if _done(message) and not _same_places(message)
    ]


def update() -> None:
    """Bring hub.po up to the sources: new texts with empty translations, unused ones dropped everywhere."""
    wanted = texts()
    known = catalogues()
    for file, catalogue in known.items():
        for message in list(_messages([catalogue])):
            if _key(message) not in wanted:
                catalogue.delete(message.id, message.context)
        if file.name == "hub.po":
            there = {_key(message) for message in _messages(known.values())}
            for text in wanted:
                if text not in there:
                    context, _, plain = text.rpartition(CONTEXT) if isinstance(text, str) else ("", "", text)
                    catalogue.add(plain, context=context or None)
        _write(file, catalogue)


def _read(file: Path) -> Catalog:
    with file.open("rb") as text:
        return read_po(text, "zh_CN")


def _write(file: Path, catalogue: Catalog) -> None:
    texts = io.BytesIO()
    write_po(texts, catalogue, width=120, sort_output=True, omit_header=True, ignore_obsolete=True)
    file.write_bytes(HEADER.encode() + texts.getvalue())


def _messages(all_of_them: Iterable[Catalog]) -> Iterator[Message]:
    return (message for catalogue in all_of_them for message in catalogue if message.id)


def _key(message: Message) -> Text:
    return _named(tuple(message.id) if isinstance(message.id, (list, tuple)) else message.id, message.context)


def _named(text: Text, context: str | None) -> Text:
    """A text that says different things in different places carries its context before it."""
    return f"{context}{CONTEXT}{text}" if context and isinstance(text, str) else text


def _said(message: Message) -> list[str]:
    """The translation in all its plural forms."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


def _done(message: Message | None) -> bool:
    if message is None or message.fuzzy:
        return False
    said = _said(message)
    return bool(said) and all(said)


def _same_places(message: Message) -> bool:
    key = _key(message)
    asked = sorted(PLACES.findall(key if isinstance(key, str) else key[-1]))
    return all(sorted(PLACES.findall(text)) == asked for text in _said(message))


def _first(text: Text) -> str:
    return text if isinstance(text, str) else text[0]


def main() -> None:
    """Check or update."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="write the catalogues instead of checking them")
    if parser.parse_args().update:
        update()
    sys.exit("\n".join(faults()) or None)


if __name__ == "__main__":
    main()
