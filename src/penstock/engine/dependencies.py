"""Which installed packages code asks for by name, and in which versions; nothing is imported to find out."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][^\n#;]*))", re.MULTILINE
)
_TOP_LEVEL_IMPORT = re.compile(
    rb"^(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][^\n#;]*))", re.MULTILINE
)
_VERSION = re.compile(rb"^Version:[ \t]*(\S+)", re.MULTILINE)
_HEAD = 8192
_SITE_NAMES = (os.sep + "site-packages", os.sep + "dist-packages")

OUR_NAMES = frozenset({"penstock", "mage_ai", "default_repo"})


def imported_modules(source: bytes, *, top_level: bool = False) -> set[str]:
    """The modules that Python source imports, as dotted names, those of the standard library and ours left out.

    Found by their look, so text inside a string may count too.

    Args:
        source: the file's content.
        top_level: only imports that are not indented, which run whenever the file runs.
    """
    names: set[str] = set()
    for origin, listed in (_TOP_LEVEL_IMPORT if top_level else _IMPORT).findall(source):
        parts = [origin] if origin else listed.split(b",")
        for part in parts:
            words = part.split()
            if words and re.fullmatch(rb"[A-Za-z_][\w.]*", words[0]):
                names.add(words[0].decode("ascii", "replace"))
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names | OUR_NAMES}


def site_folders() -> tuple[str, ...]:
    """The folders of installed packages on the import path, each with a separator at its end."""
    folders = (folder.rstrip(os.sep) for folder in sys.path)
    return tuple(folder + os.sep for folder in folders if folder.endswith(_SITE_NAMES))


def is_installed(module: str) -> bool:
    """Whether the loaded module of that name came from a folder of installed packages."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    if spec is None:
        return False
    place = spec.origin or next(iter(spec.submodule_search_locations or ()), "")
    return str(place).startswith(site_folders())


def environment(roots: Iterable[str]) -> dict[str, str]:
    """The interpreter's version and those of the distributions that these top-level modules come from.

    Args:
        roots: names of modules; those that no installed distribution provides are left out.

    Returns:
        Distribution name, as its own metadata write it in lower case with dashes, -> version.
    """
    found = {"python": platform.python_version()}
    for root in sorted(set(roots)):
        if (folder := _distribution_of(root)) and (version := _version(folder)):
            name = folder.name.partition("-")[0]
            found[name.replace("_", "-").lower()] = version
    return found


@cache
def _distribution_of(root: str) -> Path | None:
    """The `.dist-info` folder of the distribution that provides the module; None when there is none."""
    for site in site_folders():
        folders = _distributions(site)
        if (found := folders.get(root.lower())) is not None:
            return found
        needles = tuple(f"\n{root}{end}".encode() for end in ("/", ".py,", ".cpython", ".abi3"))
        for folder in folders.values():
            record = b"\n" + _read(folder / "RECORD")
            if any(needle in record for needle in needles):
                return folder
    return None


@cache
def _distributions(site: str) -> dict[str, Path]:
    try:
        folders = sorted(Path(site).glob("*.dist-info"))
    except OSError:
        return {}
    return {folder.name.partition("-")[0].lower(): folder for folder in folders}


def _version(folder: Path) -> str:
    match = _VERSION.search(_read(folder / "METADATA", _HEAD))
    return match[1].decode("ascii", "replace") if match else ""


def _read(path: Path, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""
