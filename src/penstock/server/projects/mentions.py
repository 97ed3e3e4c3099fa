"""Which block files the text of another file names: modules that it imports, and paths that it writes out.

A text is looked through by its lines, not parsed: it may be Python of another version, or broken at this moment. What
is found errs towards naming too much, for what nothing names is offered for deletion.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from penstock.model.block import FOLDERS

_FOLDERS = frozenset(FOLDERS.values())
_FROM = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]*(\([^)]*\)|[^\n#;]*)", re.MULTILINE)
_IMPORT = re.compile(r"(?:^|;)[ \t]*import[ \t]+([^\n#;]+)", re.MULTILINE)
_BY_NAME = re.compile(r"(?:import_module|__import__|run_module)\(\s*['\"]([\w.]+)['\"]")
_ANY_FOLDER = "|".join(sorted(_FOLDERS))
_PATH = re.compile(rf"(?:{_ANY_FOLDER})(?:/[\w.-]+)+")
_QUOTED_PATH = re.compile(rf"['\"]\.?/?((?:{_ANY_FOLDER})/[^'\"\n]+)['\"]")
_FILE_NAME = re.compile(r"[\w-]+\.(?:sql|[rR]|md|ya?ml)\b")
_WORD = re.compile(r"[\w./-]+")


def named_modules(text: str, path: str) -> set[str]:
    """The Python files that a text may import, by the paths that they would have.

    Args:
        text: a Python file.
        path: where it stands, relative to the project.
    """
    folder = path.rpartition("/")[0]
    text = text.replace("\\\r\n", " ").replace("\\\n", " ")
    found: set[str] = set()
    for module in _modules(text):
        found.update(_files(module, folder))
    found.discard(path)
    return found


def named_paths(text: str) -> set[str]:
    """The files in folders of blocks whose paths stand in a text, as `open("transformers/totals.sql")` has it."""
    return {path.rstrip(".") for path in _PATH.findall(text)} | set(_QUOTED_PATH.findall(text))


def named_files(text: str) -> set[str]:
    """Names of files that are no Python, as `folder / "totals.sql"` has them."""
    return set(_FILE_NAME.findall(text))


def words(text: str) -> set[str]:
    """Everything in a text that may be the name of a block or the path of its file."""
    return set(_WORD.findall(text)) | named_paths(text)


def _modules(text: str) -> Iterator[str]:
    """The dotted names of modules, and of what is taken from them, which may be modules as well."""
    for match in _FROM.finditer(text):
        module = match[1]
        yield module
        joint = "" if module.endswith(".") else "."
        yield from (f"{module}{joint}{name}" for name in _names(match[2].strip("()")))
    for match in _IMPORT.finditer(text):
        yield from _names(match[1])
    yield from _BY_NAME.findall(text)


def _names(listed: str) -> Iterable[str]:
    """The names of `a as b, c`, comments between lines left out."""
    plain = re.sub(r"#[^\n]*", "", listed)
    return [part.split()[0] for part in plain.split(",") if part.split()]


def _files(module: str, folder: str) -> Iterator[str]:
    """Where the file of a module may be, relative to the project: under its block folder, or beside who imports it."""
    plain = module.lstrip(".")
    parts = [part for part in plain.split(".") if part]
    up = len(module) - len(plain)
    if up:
        above = folder.split("/") if folder else []
        kept = above[: len(above) - (up - 1)] if up > 1 else above
        yield "/".join([*kept, *parts]) + ".py"
        return
    # Whatever the project's package is called, and however deep it stands: the folder of the blocks says where.
    for at, part in enumerate(parts):
        if part in _FOLDERS:
            yield "/".join(parts[at:]) + ".py"
    if len(parts) == 1:
        yield f"{folder}/{parts[0]}.py" if folder else f"{parts[0]}.py"
