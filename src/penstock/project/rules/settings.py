"""Rules about the settings of a project."""

from __future__ import annotations

from collections.abc import Iterator

from penstock.config.diagnostics import Diagnostic, Severity
from penstock.config.settings import ProjectSettings
from penstock.project.layout import METADATA
from penstock.project.load import setting_place
from penstock.project.places import is_remote
from penstock.project.rules.base import CheckingRule
from penstock.project.rules.subject import ProjectView

_PLACEHOLDER = "s3://bucket/path_prefix"
"""What stands as remote_variables_dir in the file of each new project of Mage, where nobody has asked for anything."""


class SettingWithoutEffect(CheckingRule[ProjectView]):
    """A setting asks for a service that this version does not use: outputs in a bucket, settings from another store.

    Outputs are stored on this machine; secrets are read from environment variables.
    """

    code, severity = "PS007", Severity.WARNING

    def check(self, subject: ProjectView) -> Iterator[Diagnostic]:
        """One finding for each."""
        for steps, message, hint in _without_effect(subject.settings):
            yield self.found(
                f"project {subject.name}: {'.'.join(steps)}: {message}",
                hint=hint,
                location=setting_place(subject.root / METADATA, steps),
            )


def _without_effect(settings: ProjectSettings) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """The path of each such setting, the cause, and the next action."""
    if is_remote(settings.variables_dir):
        message = (
            f"it is {settings.variables_dir}, and this version stores outputs on this machine only; it is not used"
        )
        yield ("variables_dir",), message, "Write a folder of this machine, or set PENSTOCK_DATA_DIR."
    remote = settings.remote_variables_dir
    if remote not in {"", "None", _PLACEHOLDER}:
        message = f"it is {remote}, and this version stores outputs on this machine only"
        yield ("remote_variables_dir",), message, "Remove it, or leave it for other tools."
    backend = str(settings.settings_backend.get("backend_type") or "").strip()
    if backend:
        message = f"it is {backend}, and this version reads no settings or secrets from there"
        yield ("settings_backend", "backend_type"), message, "Set them as environment variables."
