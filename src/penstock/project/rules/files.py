"""Rules about io_config.yaml, and about the names of files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.config.secrets import default_provider
from penstock.config.templates import has_marks, project_functions, render
from penstock.model.block import FOLDERS
from penstock.model.errors import FileInvalidError, Location, PenstockError
from penstock.project.layout import IO_CONFIG, PIPELINES
from penstock.project.reader import oddities
from penstock.project.reading_rules import FileUnreadable
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import PipelineSubject, ProjectView
from penstock.project.text_file import is_text_name, read_text, shown_name
from penstock.project.yaml_text import YamlDocument, parse_yaml


class UnreadableName(CheckingRule[ProjectView]):
    """The name of a file or folder of pipelines or blocks is not UTF-8. It is left out. Rename it."""

    code, severity = "PS052", Severity.WARNING

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding for each; what is below such a folder is not looked at."""
        for top in dict.fromkeys((PIPELINES, *FOLDERS.values())):
            for parent, folders, names in os.walk(subject.root / top):
                for name in sorted({*folders, *names}):
                    if is_text_name(name):
                        continue
                    shown = shown_name(Path(parent, name).relative_to(subject.root).as_posix())
                    yield self.found(
                        f"{shown}: its name is not UTF-8, so that it is left out",
                        hint="Rename it: in a terminal, mv with a pattern such as caf* finds it.",
                        location=Location(shown),
                    )
                folders[:] = filter(is_text_name, folders)


class InvalidProfile(CheckingRule[ProjectView]):
    """io_config.yaml cannot be read, or what it holds is not a map of profiles. Blocks that use it fail."""

    code, severity = "PS041", Severity.ERROR

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """The findings in the file."""
        try:
            document = _io_config(subject.root)
        except FileInvalidError as error:
            yield FileUnreadable.found(error.message, hint=error.hint, location=_io_place(error))
            return
        except PenstockError as error:
            yield self.found(error.message, hint=error.hint, location=error.location or Location(IO_CONFIG))
            return
        if document is None or document.data is None:
            return
        yield from oddities(document)
        if not isinstance(document.data, Mapping):
            message = f"{IO_CONFIG}: it holds no map of profiles"
            yield self.found(message, hint="Write default: and keys below it.", location=document.locate(()))
            return
        for name, profile in document.data.items():
            if name != "version" and profile is not None and not isinstance(profile, Mapping):
                message = f"{IO_CONFIG}: the profile {name} is not a map"
                place = document.locate((str(name),))
                yield self.found(message, hint="Write keys below it.", location=place, severity=Severity.WARNING)


class MissingProfile(CheckingRule[PipelineSubject]):
    """A SQL block names a profile that io_config.yaml does not have. DuckDB needs none: it runs embedded."""

    code, severity = "PS042", Severity.ERROR

    def check(self, subject: PipelineSubject) -> Iterator[Diagnostic]:
        """One finding a block."""
        try:
            document = _io_config(subject.project.root)
        except PenstockError:
            return
        data = document.data if document else None
        profiles = data if isinstance(data, Mapping) else {}
        for block in subject.every_block():
            profile = block.configuration.get("data_provider_profile")
            if not isinstance(profile, str) or not profile or has_marks(profile) or profile in profiles:
                continue
            if block.configuration.get("data_provider") not in {None, "", "duckdb"}:  # DuckDB runs without a profile
                yield subject.tell(
                    type(self),
                    block,
                    f"its profile {profile} is not in {IO_CONFIG}",
                    f"Add {profile} to {IO_CONFIG}, or name another profile.",
                    subject.reading.locate(block.uuid, "configuration", "data_provider_profile"),
                )


def _io_config(root: Path) -> YamlDocument | None:
    """The profiles, templates rendered; None when there is no such file. Raises PenstockError."""
    path = root / IO_CONFIG
    if not path.is_file():
        return None
    text = read_text(path).text
    if has_marks(text):
        text = render(text, {}, functions=project_functions(default_provider()), strict=False, file=IO_CONFIG)
    return parse_yaml(text, IO_CONFIG)


def _io_place(error: FileInvalidError) -> Location:
    line = error.location.line if error.location else 0
    return Location(IO_CONFIG, line, error.location.column if error.location else 0)
