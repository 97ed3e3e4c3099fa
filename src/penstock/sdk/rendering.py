"""The template functions that block code's files may use, with the secrets that the running block may ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penstock.config.secrets import SecretProvider, default_provider
from penstock.config.templates import project_functions, render
from penstock.model.errors import ProjectNotFoundError
from penstock.model.messages import AskKind
from penstock.sdk.context import Asker, current


@dataclass(frozen=True, slots=True)
class AskedSecrets:
    """Secrets that the control side holds; a missing one is its error, which names what to do."""

    ask: Asker

    def get(self, name: str) -> str | None:
        """The secret's value."""
        return str(self.ask(AskKind.SECRET, {"name": name}))


def secrets() -> SecretProvider:
    """The control side inside a worker; the environment anywhere else."""
    try:
        ask = current().ask
    except ProjectNotFoundError:
        ask = None
    return AskedSecrets(ask) if ask else default_provider()


def functions() -> dict[str, Callable[..., Any]]:
    """The functions of project files, profiles and SQL."""
    return project_functions(secrets())


def renderer(file: str) -> Callable[[str], str]:
    """Renders the templates of a file such as io_config.yaml."""
    return lambda text: render(text, {}, functions=functions(), strict=False, file=file)
