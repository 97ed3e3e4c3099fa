"""What a request may do: permissions, and who has which.

Every route declares one permission. Users and roles will fill in `Identity.permissions`; nothing else has to change.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Permission(StrEnum):
    """What a route asks of its caller."""

    PUBLIC = "public"
    CALL = "call"
    VIEW = "view"
    RUN = "run"
    EDIT = "edit"
    TERMINAL = "terminal"
    ADMIN = "admin"


MEANING = {
    Permission.PUBLIC: "nothing that needs a login",
    Permission.CALL: "start what a token or a signature of a trigger names; no login",
    Permission.VIEW: "see the project, its runs and its data",
    Permission.RUN: "run blocks and interrupt them",
    Permission.EDIT: "change the project's files",
    Permission.TERMINAL: "open a shell with the server's rights",
    Permission.ADMIN: "change settings of the project and the installation",
}

OWNER = frozenset(Permission)

READ_ONLY = (
    frozenset[Permission](),
    frozenset({Permission.RUN, Permission.EDIT, Permission.TERMINAL, Permission.ADMIN}),
    frozenset({Permission.EDIT, Permission.TERMINAL, Permission.ADMIN}),
)
"""What is switched off on a server that is not read only (0), entirely (1), or in all but running blocks (2)."""
"""What the person has who started the server: everything."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `session` names the login, so that ending it ends what it has opened; `browser` came by cookie."""

    name: str
    permissions: frozenset[Permission]
    session: str = ""
    browser: bool = True

    def may(self, permission: Permission) -> bool:
        """Whether this one has it."""
        return permission in self.permissions
