"""The gallery of docs/pages.md: each exercise that a row names is exported as a page when the site is built, and the row
links to it. Nothing generated is in the repository, where the row leads to the exercise.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parents[2]
GALLERY = "pages.md"
ROW = re.compile(r"^\| \[([\w-]+)\]\((\.\./exercises/[\w-]+\.yaml)\) \|", re.M)


def names() -> list[str]:
    """The exercises of the gallery; the first few where somebody is in a hurry (GRADCALC_PAGES=2)."""
    found = [name for name, _ in ROW.findall((ROOT / "docs" / GALLERY).read_text("utf-8"))]
    return found[: int(os.environ.get("GRADCALC_PAGES", len(found)))]


@cache
def made(name: str) -> str:
    """The page of an exercise."""
    command = [
        "-P",
        "-m",
        "gradcalc",
        "export",
        str(ROOT / "exercises" / f"{name}.yaml"),
        "--to",
        "page",
    ]
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, check=False, encoding="utf-8"
    )
    if done.returncode:
        raise RuntimeError(f"{name}: {done.stderr}")
    return done.stdout


def on_files(files: Files, config: Any) -> Files:
    """Add the pages."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, text in zip(names(), pool.map(made, names()), strict=True):
            files.append(File.generated(config, f"pages/{name}.html", content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Link the rows of the gallery to the pages."""
    if page.file.src_uri != GALLERY:
        return markdown
    there = names()

    def linked(row: re.Match[str]) -> str:
        name, source = row.groups()
        if name not in there:
            return row[0]
        return f"| [{name}](pages/{name}.html) ([its file]({source})) |"

    return ROW.sub(linked, markdown)
