"""The site is made of the same files as the repository. README.md is its first page, exercises/README.md and
CHANGELOG.md are pages too, and every other file that a page links to is copied beside them, so that relative links work
in both places.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
# Path in the repository -> path in the site, where it is not that of docs/ without `docs/`.
PAGES = {
    "README.md": "index.md",
    "exercises/README.md": "exercises/README.md",
    "CHANGELOG.md": "changelog.md",
}
# A target of a link or an image, in Markdown or HTML, outside blocks of code.
TARGET = re.compile(r'(?<=\]\()[^)\s]+(?=\))|(?<=src=")[^"]+(?=")|(?<=href=")[^"]+(?=")')
CELL = re.compile(r"`([^`\n]*\\\|[^`\n]*)`")
CODE = re.compile(r"^```.*?^```|`[^`\n]*`", re.M | re.S)


def on_files(files: Files, config: Any) -> Files:
    """Add the pages outside docs/, and the files that pages link to."""
    for source, place in PAGES.items():
        files.append(File.generated(config, place, abs_src_path=str(ROOT / source)))
    for file in list(files.documentation_pages()):
        source = repository_path(file.src_uri)
        for target in targets((ROOT / source).read_text("utf-8")):
            path = resolved(source, target)
            place = site_path(path) if path else None
            if path and place and place not in files.src_uris and (ROOT / path).is_file():
                files.append(File.generated(config, place, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Links as they are in the site."""
    own = page.file.src_uri
    source = repository_path(own)
    pieces, at = [], 0
    for found in CODE.finditer(markdown):
        pieces += [relinked(markdown[at : found.start()], source, own, files), found[0]]
        at = found.end()
    text = "".join([*pieces, relinked(markdown[at:], source, own, files)])
    return CELL.sub(bars_kept, text)


def bars_kept(found: re.Match[str]) -> str:
    """Code in a cell of a table whose bars are escaped, as GitHub wants them, without the backslashes."""
    return f"<code>{escape(found[1]).replace(chr(92) + '|', '&#124;')}</code>"


def relinked(text: str, source: str, own: str, files: Files) -> str:
    """A piece of a page with its links turned from paths in the repository into paths in the site."""

    def turned(found: re.Match[str]) -> str:
        path = resolved(source, found[0])
        if path is None:
            return found[0]
        anchor = found[0].partition("#")[2]
        place = site_path(path)
        if (ROOT / path).is_dir():  # its list of what is in it
            place = site_path(f"{path}/README.md")
        place = posixpath.relpath(place, posixpath.dirname(own) or ".")
        return place + (f"#{anchor}" if anchor else "")

    return TARGET.sub(turned, text)


def targets(text: str) -> Iterator[str]:
    yield from TARGET.findall(CODE.sub("", text))


def resolved(source: str, target: str) -> str | None:
    """The path in the repository that a target on a page means; None where it is none."""
    path = target.partition("#")[0]
    if not path or re.match(r"[a-z]+:", target):
        return None
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), path))


def repository_path(place: str) -> str:
    return next((source for source, own in PAGES.items() if own == place), f"docs/{place}")


def site_path(path: str) -> str:
    return PAGES.get(path, path.removeprefix("docs/"))
