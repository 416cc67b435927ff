"""Files written whole or not at all: a temporary file beside the target, synced, then put in its place."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path

from gradcalc.errors import GradcalcError, Problem

PREFIX = ".gradcalc-"


def check_target(path: Path, replace: bool = True) -> None:
    """Refuse before work begins what could not be written later. Raises GradcalcError naming the path."""
    folder = path.parent
    try:
        if path.is_dir():
            raise _refused(path, "is a folder")
        if path.exists() and not path.is_file():
            raise _refused(path, "is not a regular file")
        if path.exists() and not replace:
            raise _refused(path, "exists already", "choose another name, or delete it")
        if not folder.is_dir():
            raise _refused(path, "cannot be written: its folder does not exist")
        if not os.access(folder, os.W_OK):
            raise _refused(path, "cannot be written: its folder is read-only")
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be written: {getattr(error, 'strerror', None) or error}") from None


def write_whole(path: Path, data: str | bytes) -> None:
    """Replace or make a file. An existing one stays as it was when anything fails. Raises GradcalcError."""
    raw = data.encode() if isinstance(data, str) else data
    path = path.resolve() if path.is_symlink() else path
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=PREFIX, suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
        with contextlib.suppress(OSError):
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be written: {getattr(error, 'strerror', None) or error}") from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def sweep(folder: Path) -> None:
    """Remove what an interrupted run left in a folder. Only files that carry our mark and are old."""
    with contextlib.suppress(OSError):
        for litter in folder.glob(f"{PREFIX}*.tmp"):
            with contextlib.suppress(OSError):
                if time.time() - litter.stat().st_mtime > 60:
                    litter.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _refused(path: Path, reason: str, hint: str | None = None) -> GradcalcError:
    return GradcalcError(Problem("file", f"{path}: {reason}", None, hint))

