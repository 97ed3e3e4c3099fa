"""Where secrets come from. The state store and cloud vaults implement the same protocol elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from penstock.config import environment

PREFIX = "PENSTOCK_SECRET_"
"""Environment variables of this prefix hold secrets: PENSTOCK_SECRET_API_KEY is the secret api_key."""


class SecretProvider(Protocol):
    """Knows secrets by name."""

    def get(self, name: str) -> str | None:
        """The secret's value, or None when this provider does not have it."""


@dataclass(frozen=True, slots=True)
class EnvironmentSecrets:
    """Secrets in the environment: `PENSTOCK_SECRET_<NAME>` first, then the variable of the secret's own name."""

    lookup: Callable[[str], str | None] = environment.lookup

    def get(self, name: str) -> str | None:
        """The value of the first of the two variables that is set."""
        if not name or "=" in name or "\0" in name:
            return None
        for key in (variable_of(name), PREFIX + re.sub(r"\W", "_", name), name):
            value = self.lookup(key)
            if value is not None:
                return value
        return None


def variable_of(name: str) -> str:
    """The environment variable that a secret of that name is put into: one that a shell takes."""
    return PREFIX + re.sub(r"\W", "_", name).upper()


def environment_names() -> list[str]:
    """The names of the secrets that the environment holds under `PREFIX`, in lower case and in order; no values."""
    return sorted({key.removeprefix(PREFIX).lower() for key in environment.snapshot() if key.startswith(PREFIX)} - {""})


@dataclass(frozen=True, slots=True)
class SecretChain:
    """Several providers, asked in order."""

    providers: tuple[SecretProvider, ...]

    def get(self, name: str) -> str | None:
        """The value of the first provider that has the secret."""
        for provider in self.providers:
            value = provider.get(name)
            if value is not None:
                return value
        return None


def default_provider(*first: SecretProvider) -> SecretProvider:
    """Those providers, then the environment."""
    return SecretChain((*first, EnvironmentSecrets()))
