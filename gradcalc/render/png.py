"""SVG to PNG by a program that is installed."""

from __future__ import annotations

import shutil
import subprocess

SECONDS = 60
PROGRAMS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("rsvg-convert", ("--zoom=2", "--format=png")),
    ("resvg", ("--zoom", "2", "-", "-c")),
    ("inkscape", ("--pipe", "--export-type=png", "--export-dpi=192", "--export-filename=-")),
)
WAYS_OUT: tuple[str, ...] = (
    "install rsvg-convert (librsvg), resvg or inkscape, and run the same command again",
    "open the .svg in a browser and save the picture",
    "use the .svg as it is: browsers, GitHub and word processors show it",
)


class NoProgram(Exception):
    """None of the programs is installed, or the one that is failed; the reason."""


def make(svg: str) -> tuple[bytes, str]:
    """The picture, and the program that made it. Raises NoProgram."""
    reason = "no program that makes PNG from SVG is installed"
    for name, arguments in PROGRAMS:
        program = shutil.which(name)
        if program is None:
            continue
        try:
            done = subprocess.run(
                [program, *arguments],
                input=svg.encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            reason = f"{name}: {error}"
            continue
        if done.returncode == 0 and done.stdout.startswith(b"\x89PNG"):
            return done.stdout, name
        reason = f"{name} failed: {done.stderr.decode('utf-8', 'replace').strip()[:200]}"
    raise NoProgram(reason)
