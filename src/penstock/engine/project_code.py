"""Imports of project files inside a worker: always compiled from what the file holds now.

Python trusts a stored .pyc of the same second and size, and keeps what it has loaded; both would hide an edit.
"""

from __future__ import annotations

import ast
import hashlib
import linecache
import os
import sys
from collections.abc import Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
)
from importlib.util import spec_from_file_location
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, ModuleType

from penstock.config import environment
from penstock.engine.dependencies import site_folders
from penstock.languages.python.by_value import send_by_value

ALIAS = "default_repo"
"""The name by which block files may import the project, whatever its folder is called."""

FOLDERS_ABOVE = 4
"""How many folders around the project block files may import by name."""


class ProjectCode:
    """The import path of one project in this process.

    Args:
        project: the project's folder, absolute.
    """

    def __init__(self, project: str) -> None:
        self.root = project.rstrip(os.sep) or os.sep
        self.digests: dict[str, str] = {}
        """SHA-256 of each project file as it was when it was imported."""
        self._alias = _Alias(self.root)
        self._hook = self._finder
        self._added: list[str] = []
        self._others: frozenset[str] = frozenset()
        self._last = ""
        self._last_path = ""

    def install(self) -> None:
        """Let block files import the project by its folder's name, as `default_repo`, and its folders by theirs.

        The project comes last on the path: it may hold folders with the names of installed packages (`transformers`).
        """
        sys.dont_write_bytecode = True
        environment.tell_blocks(self.root)
        self._look_no_further()
        sys.path_hooks.insert(0, self._hook)
        sys.meta_path.append(self._alias)
        for folder in (str(Path(self.root).parent), self.root):
            if folder not in sys.path:
                sys.path.append(folder)
                self._added.append(folder)

    def uninstall(self) -> None:
        """Take back what `install` did and code has left of it; no bytecode is written from then on either."""
        self.forget()
        sys.path_hooks[:] = [hook for hook in sys.path_hooks if hook != self._hook]
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self._alias]
        for folder in self._added:
            if folder in sys.path:
                sys.path.remove(folder)

    def forget(self) -> None:
        """Drop every module of the project, so that the next import reads the file again."""
        if not self._forget_block_alone():
            self._forget_all()
        # What is new in there comes last.
        if next(reversed(sys.path_importer_cache), "") != self._last_path:
            for path in [path for path in sys.path_importer_cache if path.startswith(self.root) and self._owns(path)]:
                del sys.path_importer_cache[path]
            self._last_path = next(reversed(sys.path_importer_cache), "")
        self.digests.clear()

    def _forget_block_alone(self) -> bool:
        """Drop the block's own module where nothing else was loaded since the last time; whether that is so.

        A process may serve thousands of children, and a look at all modules takes longer than many of them.
        """
        newest = list(islice(reversed(sys.modules.items()), 2))
        if len(newest) < 2 or len(sys.modules) != len(self._others) + 1:  # noqa: PLR2004 - it, and what was the last
            return False
        (name, module), (before, _) = newest
        if before != self._last or not self._owns_module(module):
            return False
        sys.modules.pop(name, None)
        return True

    def _look_no_further(self) -> None:
        self._others = frozenset(sys.modules)
        self._last = next(reversed(sys.modules), "")

    def _forget_all(self) -> None:
        # All are found before any is dropped: the search path of a namespace package asks for its parent.
        # What was there before, and what was looked at once, is not looked at again: a process may serve thousands.
        others = self._others
        new = [(name, sys.modules.get(name)) for name in sys.modules.keys() - others]
        mine = [name for name, module in new if self._owns_module(module)]
        for name in mine:
            sys.modules.pop(name, None)  # a thread that the block has left behind may do the same
        if len(new) > len(mine) or len(sys.modules) != len(others):
            self._others = frozenset(sys.modules)
        self._last = next(reversed(sys.modules), "")

    def _owns_module(self, module: ModuleType | None) -> bool:
        # Not by getattr: a module that loads its parts lazily would be made to.
        names = getattr(module, "__dict__", None) or {}
        file = names.get("__file__")
        if isinstance(file, str):
            return self._owns(file)
        try:
            return any(self._owns(str(place)) for place in names.get("__path__") or ())
        except (KeyError, TypeError):  # a namespace package without its parent; something that is no path
            return False

    def _owns(self, path: str) -> bool:
        below = path == self.root or path.startswith(self.root + os.sep)
        return below and not path.startswith(site_folders())

    def _finder(self, path: str) -> FileFinder:
        if not self._owns(path) or not Path(path).is_dir():
            raise ImportError(f"{path} is not a folder of the project", path=path)

        def loader(fullname: str, file: str) -> FreshLoader:
            return FreshLoader(fullname, file, self.digests, self._alias.answered)

        return FileFinder(path, (ExtensionFileLoader, EXTENSION_SUFFIXES), (loader, SOURCE_SUFFIXES))  # type: ignore[arg-type]


class FreshLoader(SourceFileLoader):
    """Loads a module from its source, never from a .pyc, and notes the digest of what it read.

    Args:
        fullname: the module.
        path: its file.
        digests: where the digest goes.
        aliases: packages that other processes do not find.
    """

    def __init__(self, fullname: str, path: str, digests: dict[str, str], aliases: Collection[str]) -> None:
        super().__init__(fullname, path)
        self._digests = digests
        self._aliases = aliases

    def exec_module(self, module: ModuleType) -> None:
        """Execute it."""
        if module.__name__.partition(".")[0] in self._aliases:
            send_by_value(module)
        super().exec_module(module)

    def get_code(self, fullname: str) -> CodeType | None:
        """The compiled source."""
        path = self.get_filename(fullname)
        data = self.get_data(path)
        self._digests[path] = hashlib.sha256(data).hexdigest()
        return self.source_to_code(data, path)


class _Alias(MetaPathFinder):
    """Finds the project's folder as a package under names that are not its own, and the folders around it.

    `default_repo` always; a folder above the project by its own name, as where several projects share a package that
    they lie in; and a name that nothing else answers to, where the import goes on to what the project holds:
    `from flights.utils.dates import day` finds `utils/dates.py` also after the folder `flights` was renamed or cloned
    under another name. Any other missing module stays missing.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self.answered: set[str] = set()
        """The packages that were found here, and that no other process finds."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        del path, target
        spec = self._find(fullname)
        if spec is not None:
            self.answered.add(fullname)
        return spec

    def _find(self, fullname: str) -> ModuleSpec | None:
        if fullname == ALIAS:
            return _package(fullname, Path(self._root))
        for folder in list(Path(self._root).parents)[:FOLDERS_ABOVE]:
            if folder.name == fullname:
                return _package(fullname, folder)
        return _package(fullname, Path(self._root)) if self._is_former_name(fullname) else None

    def _is_former_name(self, fullname: str) -> bool:
        parent, _, _ = fullname.rpartition(".")
        if parent not in {"", ALIAS}:
            return False
        importer = _importing_file()
        if importer is None:
            return False
        return any(self._holds(module) for module in _imported_below(importer, fullname))

    def _holds(self, module: str) -> bool:
        place = Path(self._root, *module.split("."))
        return place.with_name(f"{place.name}.py").is_file() or place.is_dir()


def _package(name: str, folder: Path) -> ModuleSpec | None:
    init = folder / "__init__.py"
    if init.is_file():
        return spec_from_file_location(name, init, submodule_search_locations=[str(folder)])
    spec = ModuleSpec(name, None, is_package=True)
    spec.submodule_search_locations = [str(folder)]
    return spec


def _importing_file() -> str | None:
    """The file whose import statement is being carried out."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the import system does not say who asks
    while frame is not None:
        file = frame.f_code.co_filename
        if file != __file__ and not file.startswith("<frozen importlib"):
            return file
        frame = frame.f_back
    return None


def _imported_below(file: str, package: str) -> list[str]:
    """The modules below that package that the file imports: `utils.dates` for `from package.utils.dates import day`."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return []
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            below = node.module != package
            names += [node.module] if below else [f"{package}.{alias.name}" for alias in node.names]
    start = f"{package}."
    return [name.removeprefix(start) for name in names if name.startswith(start)]
