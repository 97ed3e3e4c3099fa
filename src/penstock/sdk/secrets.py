"""Secrets by name."""

from __future__ import annotations

from typing import Any

from penstock.config.secrets import default_provider, variable_of
from penstock.model.errors import SecretMissingError, UnsupportedError
from penstock.model.messages import AskKind
from penstock.sdk.context import current


def get_secret_value(name: str, *_place: Any, **_options: Any) -> str:
    """The value of a secret: from the control side in a run, from the environment otherwise.

    Args:
        name: the secret's name.
        _place: accepted and ignored, as there is one project.
        _options: the same.

    Raises:
        SecretMissingError: no provider has the secret.
    """
    asker = current().ask
    value = asker(AskKind.SECRET, {"name": name}) if asker is not None else default_provider().get(name)
    if value is None:
        raise SecretMissingError(
            f"reading the secret {name}: no provider has it",
            hint=f"Set the environment variable {variable_of(name)}.",
        )
    return str(value)


def create_secret(name: str, *_value: Any, **_options: Any) -> None:
    """Refused: block code cannot store secrets.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        f"storing the secret {name}: block code cannot store secrets",
        hint=f"Set the environment variable {variable_of(name)} where Penstock starts.",
    )


def delete_secret(name: str, *_place: Any, **_options: Any) -> None:
    """Refused: block code cannot delete secrets.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError(
        f"deleting the secret {name}: block code cannot delete secrets",
        hint=f"Unset the environment variable {variable_of(name)} where Penstock starts.",
    )
