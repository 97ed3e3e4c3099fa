"""Rules about what the code of blocks imports."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import lru_cache
from importlib.metadata import distributions
from pathlib import Path

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.model import mage_names
from penstock.model.block import FOLDERS, Block
from penstock.model.errors import FileInvalidError, Location
from penstock.project.code import (
    ALIAS,
    OURS,
    Import,
    former_name_files,
    imports_of,
    is_installed,
    is_project_module,
    is_there,
    project_imports,
)
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView
from penstock.project.text_file import read_text

FOLDERS_ABOVE = 4
"""Folders around the project whose names a worker finds as packages."""
SHOWN = 10
"""Packages that one finding names."""
REPLACED = frozenset({"mage-ai", "penstock"})
"""Packages whose names projects write down and that nothing has to be installed for."""
_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


class MissingProjectModule(CheckingRule[PipelineSubject]):
    """A block imports a module of the project that does not exist: a file that was moved, or of another project."""

    code, severity = "PS034", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding an import."""
        for block, facts in subject.python_blocks():
            for imported in facts.imports:
                if not imported.optional and block.file and _missing(subject.project, block, imported):
                    name = "." * imported.level + imported.module
                    message = f"it imports {name}, which is not in the project"
                    hint = "Correct the name, or add the file."
                    yield subject.tell(type(self), block, message, hint, subject.place(block, imported.line))


class MissingPackage(CheckingRule[PipelineSubject]):
    """A block imports a package that is not installed where this check runs. The block fails at its import."""

    code, severity = "PS035", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a package and block."""
        hint = "Install the package that provides it, and name it in requirements.txt."
        for block, facts in subject.python_blocks():
            told: set[str] = set()
            for imported in facts.imports:
                if imported.root not in told and _lacks(subject.project, imported):
                    told.add(imported.root)
                    message = f"it imports {imported.root}, which is not installed here"
                    yield subject.tell(type(self), block, message, hint, subject.place(block, imported.line))
            for file, imported in _below(subject.project, block):
                if imported.root not in told and imported.top_level and _lacks(subject.project, imported):
                    told.add(imported.root)
                    place = Location(file.relative_to(subject.project.root).as_posix(), imported.line)
                    message = f"what it imports needs {imported.root}, which is not installed here"
                    yield subject.tell(type(self), block, message, hint, place)


class NoSuchModuleOfMage(CheckingRule[PipelineSubject]):
    """A block imports a module of Mage that this version does not provide. The block fails at its import."""

    code, severity = "PS054", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding an import."""
        for block, imported, place in _of_mage(subject):
            if imported.module not in mage_names.MODULES and not imported.optional:
                message = f"it imports {imported.module}, and this version does not provide that module of Mage"
                hint = "Do without it; docs/compatibility.md lists what is there."
                yield subject.tell(type(self), block, message, hint, place)


class ClientToCome(CheckingRule[PipelineSubject]):
    """A block imports a client of Mage, such as `BigQuery`, for a system that this version has none for.

    The import works, the first use fails.
    """

    code, severity = "PS055", Severity.WARNING

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a client and block."""
        told: set[tuple[str, str]] = set()
        for block, imported, place in _of_mage(subject):
            for name in mage_names.CLIENTS_TO_COME.intersection(imported.names):
                if (block.uuid, name) not in told:
                    told.add((block.uuid, name))
                    message = f"it imports {name}, and this version has no client for that"
                    hint = "Use its own package in the block; docs/compatibility.md lists the clients that work."
                    yield subject.tell(type(self), block, message, hint, place)


class FormerName(CheckingRule[PipelineSubject]):
    """A block imports from the project by a name that its folder does not have now. The import is found all the same.

    Where other tools run the project it is not: rename the folder, or import from `default_repo`.
    """

    code, severity = "PS037", Severity.INFO

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding an import."""
        for block, facts in subject.python_blocks():
            for imported in facts.imports:
                name = imported.module.split(".")[1 if imported.root == ALIAS and "." in imported.module else 0]
                if name != subject.project.name and former_name_files(subject.project, imported):
                    message = f"it imports {imported.module}, and the project's folder is not called {name}"
                    hint = f"It is found; to be plain, rename the folder to {name} or import from {ALIAS}."
                    yield subject.tell(type(self), block, message, hint, subject.place(block, imported.line))


class MissingRequirement(CheckingRule[ProjectView]):
    """A package of the project's requirements.txt is not installed where this check runs."""

    code, severity = "PS036", Severity.INFO

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding for all of them."""
        path = subject.root / "requirements.txt"
        if not path.is_file():
            return
        try:
            lines = read_text(path).text.splitlines()
        except FileInvalidError as error:
            yield self.found(error.message, hint=error.hint, location=error.location, severity=Severity.WARNING)
            return
        there = {*_distributions(), *REPLACED}
        missing = [name for name in map(_requirement, lines) if name and _normal(name) not in there]
        if missing:
            more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
            names = ", ".join(missing[:SHOWN]) + more
            yield self.found(
                f"requirements.txt: not installed here: {names}",
                hint="pip install -r requirements.txt.",
                location=Location("requirements.txt"),
            )


def _of_mage(subject: PipelineSubject) -> Iterator[tuple[Block, Import, Location]]:
    """The imports below Mage's name, of blocks and of what they import from the project."""
    for block, facts in subject.python_blocks():
        for imported in facts.imports:
            if imported.root == mage_names.ROOT and not imported.level:
                yield block, imported, subject.place(block, imported.line)
        for file, imported in _below(subject.project, block):
            if imported.root == mage_names.ROOT and not imported.level and imported.top_level:
                yield block, imported, Location(file.relative_to(subject.project.root).as_posix(), imported.line)


def _lacks(project: ProjectView, imported: Import) -> bool:
    """Whether an import must be there, is none of the project's, and is not installed."""
    name = imported.root
    if imported.level or imported.optional or is_project_module(project, name):
        return False
    around = {folder.name for folder in list(project.root.parents)[:FOLDERS_ABOVE]}
    return not (_installed(name) or name in around or former_name_files(project, imported))


def _below(project: ProjectView, block: Block) -> Iterator[tuple[Path, Import]]:
    """The imports of the project's modules that a block imports, with the file of each."""
    for file in sorted(project_imports(project, Path(block.file or ""))):
        if file.is_relative_to(project.root):
            yield from ((file, imported) for imported in imports_of(file))


def _missing(project: ProjectView, block: Block, imported: Import) -> bool:
    name = imported.root
    inside = imported.level > 0 or name in {project.name, ALIAS}
    if not inside and "." in imported.module:  # a folder of blocks gives way to a package of its name: dbt
        inside = is_project_module(project, name) and name not in FOLDERS.values() and not _installed(name)
    if not inside or not (imported.module or imported.names):
        return False
    if imported.module == name and not imported.level:
        return False
    return not is_there(project, Path(block.file or ""), imported)


def _installed(name: str) -> bool:
    return name in sys.stdlib_module_names or name in OURS or is_installed(name)


def _requirement(line: str) -> str:
    text = line.split("#", 1)[0].strip()
    if not text or text.startswith("-") or "://" in text.split(" ", 1)[0] or ";" in text:
        return ""
    match = _NAME.match(text)
    return match[1] if match else ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache(maxsize=1)
def _distributions() -> frozenset[str]:
    names = (distribution.metadata["Name"] for distribution in distributions())
    return frozenset(_normal(name) for name in names if name)
