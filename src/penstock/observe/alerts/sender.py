"""Sends what is in the box of alerts: a thread of its own, so that no slow server holds up a schedule.

At least once: what was sent is written down after it, and a message that a kill has sent twice carries the same key. A
channel that fails is tried again, later each time, for a day; the others are not held up by it, and how each stands is
kept beside the alert.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.config import environment
from penstock.model.errors import StateUnavailableError
from penstock.observe.alerts.delivery import deliver
from penstock.observe.alerts.facts import AlertKind, Delivery, Fact, fact_of, fact_or_none
from penstock.observe.alerts.posts import DEADLINE, DeliveryError
from penstock.observe.alerts.settings import AlertSettings, Channel
from penstock.observe.alerts.texts import worded
from penstock.observe.metrics import METRICS
from penstock.state.rows import AlertRow

if TYPE_CHECKING:
    from penstock.state.store import State

AT_ONCE = 8
"""Alerts that are sent at once, each by a thread."""
HELD = 600.0
"""Seconds for which an alert belongs to the sender that took it; one whose process died is sent again after them."""
WAITS = (10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
"""Seconds before each further try; the last of them for all that follow."""
GIVEN_UP = 86_400.0
"""Seconds after which a message that nobody takes is given up."""
_KEPT = 90 * 86_400.0
"""Seconds for which alerts that are over are kept."""
_AWAY = 5.0
_log = logging.getLogger("penstock.alerts")


class Sender:
    """The thread that sends alerts.

    Args:
        state: the store.
        settings: of a pipeline; such as an `AlertSource`.
        base: gives the address of the studio, for links.
        project: the project's name.
        clock: seconds since the epoch.
        deadline: seconds that one delivery may take.
        told: called in a thread of the sender, with the number of an alert whose deliveries have changed.
    """

    def __init__(
        self,
        state: State,
        settings: Callable[[str], AlertSettings],
        *,
        base: Callable[[], str] = str,
        project: str = "",
        clock: Callable[[], float] = time.time,
        deadline: float = DEADLINE,
        told: Callable[[int], None] | None = None,
    ) -> None:
        self._state = state
        self.settings = settings
        self._base = base
        self.project = project
        self._clock = clock
        self._deadline = deadline
        self.told = told
        self._wanted = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._go, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def address(self) -> str:
        """What links in messages begin with: PENSTOCK_PUBLIC_URL, else where the studio listens."""
        return (environment.text("PENSTOCK_PUBLIC_URL") or self._base()).rstrip("/")

    def wake(self) -> None:
        """Say that there may be something to send; from any thread."""
        self._wanted.set()

    def close(self) -> None:
        """End; what is on its way is waited for no longer than a delivery may take."""
        self._ending = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join(self._deadline + 1)

    def turn(self) -> float | None:
        """Send what is due now; when the next message is, None when none waits.

        Raises:
            StateUnavailableError: the store is away.
        """
        while not self._ending:
            now = self._clock()
            with self._state.write() as connection:
                rows = self._state.alerts.due(connection, now, now + HELD, AT_ONCE)
                if not rows:
                    self._state.alerts.prune(connection, now - _KEPT)
                    return self._state.alerts.next_due(connection)
            with ThreadPoolExecutor(len(rows), thread_name_prefix="alert") as pool:
                # The first error of the store ends the turn, after all of them were tried.
                for done in [pool.submit(self._send, row) for row in rows]:
                    done.result()
        return None

    def _go(self) -> None:
        while not self._ending:
            self._wanted.clear()
            try:
                due = self.turn()
            except StateUnavailableError:
                self._wanted.wait(_AWAY)
                continue
            except Exception:  # noqa: BLE001 - the thread outlives our mistakes; what it was about is due again
                _log.exception("sending alerts")
                self._wanted.wait(_AWAY)
                continue
            self._wanted.wait(None if due is None else max(0.0, due - self._clock()))

    def _send(self, row: AlertRow) -> None:
        try:
            fact = fact_of(row.payload)
        except ValueError as error:
            self._finish(row.id, error=f"reading the alert: {error}")
            return
        if fact.kind is AlertKind.RECOVERY and (wait := self._must_wait(fact)) is not None:
            with self._state.write() as connection:
                self._state.alerts.change(connection, row.id, due_at=wait)
            return
        settings = self.settings(row.pipeline)
        wanted = settings.hearing(fact.kind)
        muted_until = self._muted(fact)
        results = {} if muted_until else {channel.key: self._to(row, fact, channel, settings) for channel in wanted}
        self._note(row, replace(fact, muted_until=muted_until), results)

    def _muted(self, fact: Fact) -> float:
        """Until when nobody is to be told of it, or 0; who was not told of a failure is not told of its end."""
        if fact.kind is AlertKind.SUCCESS:
            return 0.0
        with self._state.read() as connection:
            if fact.kind is AlertKind.RECOVERY:
                opened = self._state.alerts.get(connection, fact.opened)
                before = fact_or_none(opened.payload) if opened is not None else None
                return before.muted_until if before is not None and not before.delivered else 0.0
            mute = self._state.mutes.holding(connection, fact.pipeline, fact.block, self._clock())
        return mute.until if mute is not None else 0.0

    def _must_wait(self, fact: Fact) -> float | None:
        """Until when a recovery waits, so that nobody hears of it before the failure."""
        with self._state.read() as connection:
            opened = self._state.alerts.get(connection, fact.opened)
        if opened is None or opened.sent_at is not None:
            return None
        return min(opened.due_at + 1, self._clock() + WAITS[1])

    def _to(self, row: AlertRow, fact: Fact, channel: Channel, settings: AlertSettings) -> Delivery:
        before = fact.delivered.get(channel.key, Delivery())
        if before.sent_at is not None or before.final:
            return before
        key = f"penstock-{row.id}-{fact.told}"
        message = worded(fact, settings, incident=row.incident, key=key, base=self.address(), project=self.project)
        try:
            deliver(message, channel, deadline=self._deadline)
        except DeliveryError as error:
            METRICS.count("penstock_alert_deliveries_total", result="failed")
            over = error.final or self._clock() - (fact.ordered or row.created_at) > GIVEN_UP
            return Delivery(None, before.attempts + 1, error.message, over)
        METRICS.count("penstock_alert_deliveries_total", result="sent")
        return Delivery(self._clock(), before.attempts + 1)

    def _note(self, row: AlertRow, fact: Fact, results: dict[str, Delivery]) -> None:
        """Write down how it went; a message that was ordered anew meanwhile stays ordered."""
        with self._state.write() as connection:
            now_there = self._state.alerts.held(connection, row.id)
            if now_there is None:
                return
            current = fact_of(now_there.payload)
            if current.told == fact.told:
                current = replace(current, delivered=results, muted_until=fact.muted_until)
                self._state.alerts.change(
                    connection, row.id, payload=current.payload(), **_standing(row, results, self._clock())
                )
        if self.told is not None:
            self.told(row.id)

    def _finish(self, number: int, *, error: str) -> None:
        with self._state.write() as connection:
            self._state.alerts.change(connection, number, sent_at=self._clock(), error=error)


def _standing(row: AlertRow, results: dict[str, Delivery], now: float) -> dict[str, object]:
    """The columns of an alert after a turn: it is over when every channel has it, or has given up."""
    errors = "; ".join(f"{key}: {each.error}" for key, each in results.items() if each.error)
    attempts = row.attempts + 1
    if all(each.sent_at is not None or each.final for each in results.values()):
        return {"sent_at": now, "attempts": attempts, "error": errors}
    return {"due_at": now + WAITS[min(row.attempts, len(WAITS) - 1)], "attempts": attempts, "error": errors}
