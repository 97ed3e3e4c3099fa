"""What the code of blocks says about itself, by parsing it: imports, decorated functions, syntax errors.

Nothing is imported or run. Results are remembered by the source text, so that a run that asks again pays nothing.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import all_suffixes
from importlib.util import find_spec
from pathlib import Path

from penstock.model.block import FOLDERS
from penstock.model.errors import FileInvalidError
from penstock.project.layout import ProjectPlace
from penstock.project.merge_conflicts import CONFLICT, conflict_line
from penstock.project.text_file import is_file, is_folder, read_bytes

ALIAS = "default_repo"
"""The name under which any project may be imported from, besides its own."""
_BLOCK_FOLDERS = frozenset(FOLDERS.values())
OURS = frozenset({"penstock", "mage_ai"})
"""Modules that every worker has."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The shape of a function's parameters; keyword-only ones with a default take no input and count for nothing."""

    positional: tuple[str, ...] = ()
    optional: int = 0
    varargs: bool = False
    kwargs: bool = False


@dataclass(frozen=True, slots=True)
class DecoratedFunction:
    """A function or class at the top level of a block's file with one of its decorators. `line` counts from 1."""

    decorator: str
    name: str
    line: int
    arguments: Arguments
    is_class: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module: its dotted name, the names taken from it, the line, whether the code can do without it."""

    module: str
    names: tuple[str, ...]
    line: int
    optional: bool
    top_level: bool
    level: int = 0

    @property
    def root(self) -> str:
        """The first part of the dotted name."""
        return self.module.partition(".")[0]


@dataclass(frozen=True, slots=True)
class CodeFacts:
    """What a source text says. With a syntax `error` all else is empty; `line` and `column` count from 1."""

    imports: tuple[Import, ...] = ()
    functions: tuple[DecoratedFunction, ...] = ()
    error: str = ""
    line: int = 0
    column: int = 0


def read_source(path: Path) -> str:
    """The text of a Python file in the encoding it declares.

    Raises:
        FileInvalidError: it cannot be read or decoded.
    """
    data = read_bytes(path)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return io.TextIOWrapper(io.BytesIO(data), encoding).read()
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise FileInvalidError(f"reading {path}: {error}", hint="Save the file as UTF-8.") from error


@lru_cache(maxsize=4096)
def scan(source: str) -> CodeFacts:
    """Parse a source text and say what it imports and which functions it decorates."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except SyntaxError as error:
        if line := conflict_line(source):
            return CodeFacts(error=CONFLICT, line=line, column=1)
        return CodeFacts(error=error.msg or "invalid syntax", line=error.lineno or 1, column=error.offset or 1)
    except (ValueError, RecursionError, MemoryError) as error:
        return CodeFacts(error=str(error) or "it is too complex to parse", line=1, column=1)
    try:
        return CodeFacts(tuple(_imports(tree)), tuple(_functions(tree)))
    except RecursionError:
        return CodeFacts(error="it is too complex to parse", line=1, column=1)


def project_imports(place: ProjectPlace, file: Path) -> frozenset[Path]:
    """The project's files that a file imports, and those that they import, by whatever name: absolute paths.

    The `__init__.py` of the packages on the way count too. Files that cannot be read or parsed import nothing.
    """
    found: set[Path] = set()
    pending = [file]
    while pending:
        current = pending.pop()
        for imported in _scan_file(current).imports:
            for module in resolve_import(place, current, imported):
                if module not in found and module != file:
                    found.add(module)
                    pending.append(module)
    return frozenset(found)


def imports_of(file: Path) -> tuple[Import, ...]:
    """What a file imports; nothing when it cannot be read or parsed."""
    return _scan_file(file).imports


def third_party(place: ProjectPlace, files: Iterable[Path]) -> tuple[str, ...]:
    """The top-level modules, sorted, that files import at their top and that are neither standard nor the project's.

    What the project's own modules import counts. Modules that may be missing (inside `try`) count too: importing them
    ahead of time does no harm.
    """
    found: set[str] = set()
    for file in closure(place, files):
        for imported in _scan_file(file).imports:
            name = imported.root
            if imported.level or not name or not imported.top_level or name in found:
                continue
            if name in sys.stdlib_module_names or name in OURS or _is_ours(place, file, imported):
                continue
            found.add(name)
    return tuple(sorted(found))


def closure(place: ProjectPlace, files: Iterable[Path]) -> set[Path]:
    """Those files and all project files that they import."""
    found: set[Path] = set()
    for file in files:
        if file not in found:
            found.add(file)
            found |= project_imports(place, file)
    return found


def is_project_module(place: ProjectPlace, name: str) -> bool:
    """Whether a top-level name is the project, its alias, or a module or folder in it."""
    if name in {place.name, ALIAS}:
        return True
    return is_file(place.root / f"{name}.py") or is_folder(place.root / name)


def _is_ours(place: ProjectPlace, file: Path, imported: Import) -> bool:
    """Whether an import is of the project. A folder of blocks gives way to a package of its name: `transformers`."""
    if not is_project_module(place, imported.root):
        return bool(former_name_files(place, imported))
    if imported.root not in _BLOCK_FOLDERS or imported.root in {place.name, ALIAS}:
        return True
    return any(path.name != "__init__.py" for path in resolve_import(place, file, imported))


def resolve_import(place: ProjectPlace, file: Path, imported: Import) -> list[Path]:
    """The project files that one import statement loads; [] when it is no module of the project."""
    base, parts = _start(place, file, imported)
    if imported.level and not base.is_relative_to(place.root):
        return []
    return _module_files(base, parts, imported.names) or former_name_files(place, imported)


def is_there(place: ProjectPlace, file: Path, imported: Import) -> bool:
    """Whether the module that an import statement of the project names is a file or folder, to its last part."""
    base, parts = _start(place, file, imported)
    for part in parts[:-1]:
        base /= part
        if not is_folder(base):
            break
    else:
        last = base.joinpath(*parts[-1:])
        if is_folder(last) or any(is_file(last.with_name(last.name + suffix)) for suffix in all_suffixes()):
            return True
    return bool(former_name_files(place, imported))


def _start(place: ProjectPlace, file: Path, imported: Import) -> tuple[Path, list[str]]:
    """The folder at which an import begins, and the parts of its name from there on."""
    parts = [part for part in imported.module.split(".") if part]
    if imported.level:
        return file.parents[min(imported.level, len(file.parents)) - 1], parts
    base = place.root
    if parts and parts[0] in {place.name, ALIAS} and not (len(parts) > 1 and is_folder(base / parts[0] / parts[1])):
        parts = parts[1:]
    return base, parts


def former_name_files(place: ProjectPlace, imported: Import) -> list[Path]:
    """The project files that an import means when its first name is one that the project's folder had before.

    `shop.utils.dates` and `default_repo.shop.utils.dates` find `utils/dates.py` also in a folder that is not called
    shop, as long as nothing else is; the worker's import path does the same.
    """
    parts = imported.module.split(".")
    rest = parts[2:] if parts[0] == ALIAS else parts[1:]
    name = parts[1] if parts[0] == ALIAS and len(parts) > 1 else parts[0]
    if imported.level or not rest or name in sys.stdlib_module_names or name in OURS or is_folder(place.root / name):
        return []
    files = _module_files(place.root, rest, imported.names)
    real = any(path.name != "__init__.py" for path in files)
    return files if real and not (parts[0] == name and is_installed(name)) else []


@lru_cache(maxsize=1024)
def is_installed(name: str) -> bool:
    """Whether a top-level module can be imported here; nothing is imported to find out."""
    try:
        return name in sys.modules or find_spec(name) is not None
    except (ImportError, ValueError, AttributeError):
        return False


def _module_files(base: Path, parts: list[str], names: tuple[str, ...]) -> list[Path]:
    files: list[Path] = []
    for part in parts:
        base = base / part
        init = base / "__init__.py"
        if is_file(init):
            files.append(init)
        elif not is_folder(base):
            module = base.with_name(f"{part}.py")
            return [*files, module] if part == parts[-1] and is_file(module) else files
    for name in names:
        candidates = (base / f"{name}.py", base / name / "__init__.py")
        files += [candidate for candidate in candidates if is_file(candidate)]
    return files


def _scan_file(file: Path) -> CodeFacts:
    if file.suffix != ".py":
        return CodeFacts()
    try:
        return scan(read_source(file))
    except FileInvalidError:
        return CodeFacts()


def _imports(tree: ast.Module) -> Iterator[Import]:
    pending: list[tuple[ast.AST, bool, bool]] = [(node, False, True) for node in reversed(tree.body)]
    while pending:
        node, optional, top = pending.pop()
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, (), node.lineno, optional, top)
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            yield Import(node.module or "", names, node.lineno, optional, top, node.level)
        elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
            inside = optional or isinstance(node, ast.Try | ast.TryStar | ast.ExceptHandler) or _is_guard(node)
            below = top and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            pending.extend((child, inside, below) for child in _statements(node))


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        value = getattr(node, field, ())
        if isinstance(value, list):
            yield from value


def _is_guard(node: ast.AST) -> bool:
    """Whether a statement is `if 'x' not in globals():` or `if TYPE_CHECKING:`, whose imports are not needed."""
    return isinstance(node, ast.If)


def _functions(tree: ast.Module) -> Iterator[DecoratedFunction]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                name = _decorator_name(decorator)
                if name:
                    is_class = isinstance(node, ast.ClassDef)
                    arguments = Arguments() if isinstance(node, ast.ClassDef) else _arguments(node.args)
                    yield DecoratedFunction(name, node.name, node.lineno, arguments, is_class)


def _decorator_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _arguments(arguments: ast.arguments) -> Arguments:
    positional = tuple(argument.arg for argument in (*arguments.posonlyargs, *arguments.args))
    return Arguments(
        positional, len(arguments.defaults), varargs=arguments.vararg is not None, kwargs=arguments.kwarg is not None
    )
