"""Who may start runs from outside: the token of a trigger, or a signature with its secret.

A call that may not is answered the same whatever is wrong: no such trigger, another kind, a token that is none. Tokens
are looked up by their hash, signatures are compared in constant time and count once.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from penstock.config.secrets import SecretProvider
from penstock.model.trigger import TriggerKind
from penstock.schedule.tokens import hash_token
from penstock.server.numbers import whole_number
from penstock.state.rows import TriggerRow
from penstock.state.store import State

SIGNATURE = "x-penstock-signature"
"""Header: sha256=<HMAC of the timestamp, a dot, the trigger's number, a dot and the body, in hexadecimal digits>.

Without the number and its dot, too: then the signature fits any trigger with that secret, and counts for one of them.
"""
TIMESTAMP = "x-penstock-timestamp"
"""Header: seconds since the epoch when the call was signed."""
LONGEST_WINDOW = 86_400.0
_TOLERANCE = 300.0
_LONGEST_TOKEN = 200
_MOST_KEPT = 10_000


@dataclass(slots=True)
class Bucket:
    """So many at once, and so many a second, for each key. For one thread.

    Args:
        rate: how many a second.
        burst: how many at once.
        clock: monotonic seconds.
    """

    rate: float
    burst: float
    clock: Callable[[], float] = time.monotonic
    _left: dict[str, tuple[float, float]] = field(default_factory=dict)

    def take(self, key: str) -> bool:
        """Whether one more is within the limit; it counts when it is."""
        now = self.clock()
        left, at = self._left.get(key, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.rate)
        if len(self._left) >= _MOST_KEPT and key not in self._left:
            self._left.clear()
        self._left[key] = (left - 1.0 if left >= 1.0 else left, now)
        return left >= 1.0


@dataclass(frozen=True, slots=True)
class Proof:
    """What a call shows: a token, or a signature of its body with the moment at which it was made."""

    token: str = ""
    signature: str = ""
    timestamp: str = ""

    @classmethod
    def of(cls, headers: Mapping[str, str], token: str = "") -> Proof:
        """From the headers of a request, and the token in its address."""
        kind, _, given = headers.get("authorization", "").partition(" ")
        bearer = given.strip() if kind.lower() == "bearer" else ""
        return cls(token or bearer, headers.get(SIGNATURE, ""), headers.get(TIMESTAMP, ""))


class Callers:
    """Finds the trigger that a call may start.

    Args:
        state: the store.
        secrets: where signing secrets are looked up.
        clock: seconds since the epoch.
    """

    def __init__(self, state: State, secrets: SecretProvider, clock: Callable[[], float] = time.time) -> None:
        self._state = state
        self._secrets = secrets
        self._clock = clock

    def by_token(
        self, proof: Proof, number: int | None = None, kind: TriggerKind = TriggerKind.API
    ) -> list[TriggerRow]:
        """The triggers of that kind that a token starts, those that are switched on first.

        They may be several, also of different pipelines: who copies a triggers.yaml copies the tokens in it.

        Args:
            proof: the token.
            number: only this trigger.
            kind: what the triggers wait for.
        """
        if not proof.token or len(proof.token) > _LONGEST_TOKEN:
            return []
        with self._state.read() as connection:
            rows = self._state.triggers.by_token(connection, hash_token(proof.token))
        # With a signature asked for, a token alone is not enough.
        found = [row for row in rows if number in {None, row.id} and kind_of(row) == kind and not webhook_of(row)]
        return sorted(found, key=lambda row: (not is_ready(row), row.id))

    def signed(self, proof: Proof, number: int, body: bytes) -> TriggerRow | None:
        """The trigger of that number, when the call is signed with its secret, and not too long ago."""
        with self._state.read() as connection:
            row = self._state.triggers.get(connection, number)
        webhook = webhook_of(row) if row is not None and row.removed_at is None else {}
        secret = self._secrets.get(str(webhook.get("secret") or "")) if webhook.get("secret") else None
        # Compared even when there is nothing to compare with, so that the time tells nothing.
        given = proof.signature.strip().lower().encode("utf-8", "replace")
        signed = [signature_of(secret or "", proof.timestamp, body, of) for of in (number, None)]
        good = [hmac.compare_digest(each.encode(), given) for each in signed]
        if not any(good) or not secret or row is None or kind_of(row) != TriggerKind.API:
            return None
        return row if self._is_fresh(proof.timestamp, webhook) else None

    def _is_fresh(self, timestamp: str, webhook: Mapping[str, object]) -> bool:
        tolerance = webhook.get("tolerance_seconds")
        window = float(tolerance) if isinstance(tolerance, int | float) and tolerance > 0 else _TOLERANCE
        return abs(self._clock() - whole_number(timestamp)) <= min(window, LONGEST_WINDOW)


def signature_of(secret: str, timestamp: str, body: bytes, number: int | None = None) -> str:
    """The signature of a call, as its header holds it; with `number`, of a call of that trigger and of no other."""
    of = b"" if number is None else f"{number}.".encode()
    content = timestamp.encode("utf-8", "replace") + b"." + of + body
    return "sha256=" + hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()


def kind_of(row: TriggerRow) -> str:
    """What a trigger waits for."""
    return str(row.definition.get("kind", ""))


def is_ready(row: TriggerRow) -> bool:
    """Whether it is switched on and can start runs."""
    return row.active and not row.problem


def webhook_of(row: TriggerRow) -> Mapping[str, object]:
    """How calls of a trigger are signed; empty when they are not."""
    settings = row.definition.get("settings")
    webhook = settings.get("webhook") if isinstance(settings, Mapping) else None
    return webhook if isinstance(webhook, Mapping) else {}
