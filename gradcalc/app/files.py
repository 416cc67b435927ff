"""Files written whole or not at all: a temporary file beside the target, synced, then put in its
place.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gradcalc.language.errors import GradcalcError, Problem

PREFIX = ".gradcalc-"
OLD = 24 * 3600  # seconds after which litter is nobody's


def check_target(path: Path, replace: bool = True) -> None:
    """Refuse before work begins what could not be written later. Raises GradcalcError naming the
    path.
    """
    folder = path.parent
    try:
        if "\0" in str(path):
            raise _refused(path, "cannot be written: embedded null byte")
        if path.is_symlink():
            raise _refused(path, "is a symbolic link", "name the file it points to")
        if path.is_dir():
            raise _refused(path, "is a folder")
        if path.exists() and not path.is_file():
            raise _refused(path, "is not a regular file")
        if path.exists() and not replace:
            raise _refused(
                path, "already exists", "use --force to overwrite it, or choose another name"
            )
        if not folder.is_dir():
            raise _refused(path, "cannot be written: its folder does not exist")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _refused(path, "cannot be written: its folder is read-only")
        if len(os.fsencode(path.name)) > 255:
            raise _refused(path, "cannot be written: its name is too long")
    except (OSError, ValueError) as error:
        raise _refused(
            path, f"cannot be written: {getattr(error, 'strerror', None) or error}"
        ) from None


def check_folder(folder: Path) -> None:
    """Refuse a folder in which nothing could be written. One that does not exist is made, if its
    parent exists.
    """
    try:
        if not folder.is_dir():
            if folder.exists() or folder.is_symlink():
                raise _refused(folder, "is not a folder")
            folder.mkdir()
        if not os.access(folder, os.W_OK | os.X_OK):
            raise _refused(folder, "is read-only")
    except (OSError, ValueError) as error:
        raise _refused(
            folder, f"cannot be made: {getattr(error, 'strerror', None) or error}"
        ) from None


def names_for(files: Sequence[str], suffix: str) -> list[str]:
    """A file name for each exercise, after its own: ex1.yaml gives ex1.svg. Raises GradcalcError
    where two would be the same.
    """
    found: dict[str, str] = {}
    for file in files:
        stem = "exercise" if file == "-" else Path(file).name.rsplit(".", 1)[0] or "exercise"
        name = f"{stem}.{suffix}"
        if name in found:
            raise GradcalcError(
                Problem(
                    "file",
                    f"{found[name]} and {file} would both be written to {name}",
                    None,
                    "rename one of them",
                )
            )
        found[name] = file
    return list(found)


def write_whole(path: Path, data: str | bytes, tidy: bool = True) -> None:
    """Replace or make a file. An existing one stays as it was when anything fails. Raises
    GradcalcError. `tidy`: remove what killed runs left beside it, which takes a look at the folder.
    """
    raw = data.encode("utf-8", "replace") if isinstance(data, str) else data
    path = path.resolve() if path.is_symlink() else path
    if tidy:
        sweep(path.parent)
    temporary = _temporary(path)
    try:
        handle = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666
        )
        with os.fdopen(handle, "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            os.chmod(temporary, path.stat().st_mode & 0o777)
        os.replace(temporary, path)
        with contextlib.suppress(OSError):  # not every system can sync a folder
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except (OSError, ValueError) as error:
        raise _refused(
            path, f"cannot be written: {getattr(error, 'strerror', None) or error}"
        ) from None
    finally:
        with contextlib.suppress(OSError, ValueError):
            os.unlink(temporary)


def write_folder(folder: Path, files: Mapping[str, str | bytes], force: bool = False) -> None:
    """Make a folder with these files, whole or not at all. One that has something in it is only
    replaced with `force`. Raises GradcalcError.
    """
    check_new_folder(folder, force)
    sweep(folder.parent)
    temporary, old = _temporary(folder), _temporary(folder)
    try:
        temporary.mkdir()
        for name, data in files.items():
            with open(temporary / name, "wb") as file:
                file.write(data.encode("utf-8", "replace") if isinstance(data, str) else data)
                file.flush()
                os.fsync(file.fileno())
        if folder.exists():
            os.rename(folder, old)
            try:
                os.rename(temporary, folder)
            except OSError:
                os.rename(old, folder)
                raise
        else:
            os.rename(temporary, folder)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _refused(folder, f"cannot be written: {reason}") from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def check_new_folder(folder: Path, force: bool = False) -> None:
    """Refuse before work begins a folder that could not be made later."""
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            raise _refused(folder, "is not a folder")
        if folder.is_dir() and any(folder.iterdir()) and not force:
            raise _refused(
                folder, "already has files in it", "use --force to replace it, or choose another"
            )
        parent = folder.resolve().parent
        if not parent.is_dir():
            raise _refused(folder, "cannot be written: the folder above it does not exist")
        if not os.access(parent, os.W_OK | os.X_OK):
            raise _refused(folder, "cannot be written: the folder above it is read-only")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _refused(folder, f"cannot be written: {reason}") from None


def sweep(folder: Path) -> None:
    """Remove what a run that was killed left in a folder: files of our mark whose process has
    ended, or that are old.
    """
    with contextlib.suppress(OSError, ValueError):
        for litter in folder.glob(f"{PREFIX}*.tmp"):
            with contextlib.suppress(OSError):
                if not _running(litter.name) or time.time() - litter.stat().st_mtime > OLD:
                    if litter.is_dir() and not litter.is_symlink():
                        shutil.rmtree(litter, ignore_errors=True)
                    else:
                        litter.unlink()


def _temporary(path: Path) -> Path:
    return path.with_name(f"{PREFIX}{os.getpid()}-{secrets.token_hex(4)}.tmp")


def _running(name: str) -> bool:
    """Whether the process that a temporary file is called after still runs; True where that
    cannot be told.
    """
    number = name.removeprefix(PREFIX).partition("-")[0]
    if os.name != "posix" or not number.isdecimal():
        return True
    try:
        os.kill(int(number), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    return True


def _refused(path: Path, reason: str, hint: str | None = None) -> GradcalcError:
    shown = str(path) if len(str(path)) <= 200 else f"{str(path)[:197]}…"
    return GradcalcError(Problem("file", f"{shown}: {reason}", None, hint))
