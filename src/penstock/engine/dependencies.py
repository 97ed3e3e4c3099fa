"""Which installed packages code asks for by name, and in which versions; nothing is imported to find out."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, lru_cache
from itertools import islice
from pathlib import Path

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][^\n#;]*))", re.MULTILINE
)
_TOP_LEVEL_IMPORT = re.compile(
    rb"^(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import\b|import[ \t]+([A-Za-z_][^\n#;]*))", re.MULTILINE
)
_VERSION = re.compile(rb"^Version:[ \t]*(\S+)", re.MULTILINE)
_DOTTED_NAME = re.compile(rb"[A-Za-z_][\w.]*")
_HEAD = 8192
_SITE_NAMES = (os.sep + "site-packages", os.sep + "dist-packages")

_OWN = frozenset({"builtins", "penstock", "collections", "datetime", "decimal"})
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
            if words and _DOTTED_NAME.fullmatch(words[0]):
                names.add(words[0].decode("ascii", "replace"))
    return {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names | OUR_NAMES}


def site_folders() -> tuple[str, ...]:
    """The folders of installed packages on the import path, each with a separator at its end."""
    return _site_folders(tuple(sys.path))


@lru_cache(maxsize=8)
def _site_folders(path: tuple[str, ...]) -> tuple[str, ...]:
    folders = (folder.rstrip(os.sep) for folder in path)
    return tuple(folder + os.sep for folder in folders if folder.endswith(_SITE_NAMES))


def is_installed(module: str) -> bool:
    """Whether the loaded module of that name came from a folder of installed packages."""
    spec = getattr(sys.modules.get(module), "__spec__", None)
    if spec is None:
        return False
    place = spec.origin or next(iter(spec.submodule_search_locations or ()), "")
    return str(place).startswith(site_folders())


def libraries_of(values: Iterable[object], before: int) -> tuple[str, ...]:
    """The installed libraries that these values are of, sorted: those that this process had to import itself.

    Args:
        values: any objects.
        before: how many entries of `sys.modules`, from the first on, were there when the process began.
    """
    roots = {type(value).__module__.partition(".")[0] for value in values} - _OWN
    if not roots:
        return ()
    new = roots.intersection(islice(reversed(sys.modules), max(0, len(sys.modules) - before)))
    return tuple(sorted(name for name in new if is_installed(name)))


def environment(roots: Iterable[str]) -> dict[str, str]:
    """The interpreter's version and those of the distributions that these top-level modules come from.

    Args:
        roots: names of modules; those that no installed distribution provides are left out.

    Returns:
        Distribution name, as its own metadata write it in lower case with dashes, -> version.
    """
    found = {"python": platform.python_version()}
    wanted = sorted(set(roots))
    places = _site_stamps() if wanted else ()
    for root in wanted:
        if (distribution := _distribution_of(root, places)) is not None:
            found[distribution[0]] = distribution[1]
    return found


def look_ahead(*roots: str) -> None:
    """Find these now: processes that are forked from this one need not look, as long as nothing is installed."""
    places = _site_stamps()
    for root in roots or ("",):
        _distribution_of(root, places)


def _site_stamps() -> tuple[tuple[str, int], ...]:
    """The folders of installed packages, with the moment at which something was last installed or removed."""
    found = []
    for site in site_folders():
        with suppress(OSError):
            found.append((site, os.stat(site).st_mtime_ns))  # noqa: PTH116 - on the way of every block
    return tuple(found)


@cache
def _distribution_of(root: str, places: tuple[tuple[str, int], ...]) -> tuple[str, str] | None:
    """The distribution that provides the module, and its version; None when there is none."""
    folder = _folder_of(root, places)
    if folder is None or not (version := _version(folder)):
        return None
    return folder.name.partition("-")[0].replace("_", "-").lower(), version


def _folder_of(root: str, places: tuple[tuple[str, int], ...]) -> Path | None:
    for site, stamp in places:
        modules, folders = _site(site, stamp)
        if (found := folders.get(root.lower())) is not None:
            return found
        if root not in modules:
            continue  # a module of the project's own, most likely: no distribution needs to be asked for it
        needles = tuple(f"\n{root}{end}".encode() for end in ("/", ".py,", ".cpython", ".abi3"))
        for folder in folders.values():
            record = b"\n" + _read(folder / "RECORD")
            if any(needle in record for needle in needles):
                return folder
    return None


@cache
def _site(site: str, stamp: int) -> tuple[frozenset[str], dict[str, Path]]:
    """The modules that lie in a folder of installed packages, and the distributions, by their name in lower case."""
    del stamp  # a part of the key: what is installed later is seen
    try:
        names = sorted(os.listdir(site))  # noqa: PTH208 - a name is all that is wanted
    except OSError:
        return frozenset(), {}
    folders = {name.partition("-")[0].lower(): Path(site, name) for name in names if name.endswith(".dist-info")}
    return frozenset(name.partition(".")[0] for name in names), folders


def _version(folder: Path) -> str:
    match = _VERSION.search(_read(folder / "METADATA", _HEAD))
    return match[1].decode("ascii", "replace") if match else ""


def _read(path: Path, size: int = -1) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(size)
    except OSError:
        return b""
