"""Sends what is in the box of alerts: a thread of its own, so that no slow server holds up a schedule.

At least once: what was sent is written down after it, and a message that a kill has sent twice carries the same key. A
channel that fails is tried again, later each time, for a day; neither it nor one that is slow holds up the others, and
how each stands is kept beside the alert. Nobody hears that something works again before having heard that it failed.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.config import environment
from penstock.config.alert_channels import Channel
from penstock.model.errors import STATE_TROUBLE
from penstock.observe.alerts.delivery import deliver
from penstock.observe.alerts.facts import AlertKind, Delivery, Fact, fact_of, fact_or_none
from penstock.observe.alerts.lanes import Lanes
from penstock.observe.alerts.posts import DEADLINE, DeliveryError
from penstock.observe.alerts.settings import AlertSettings
from penstock.observe.alerts.texts import Message, unworded, worded
from penstock.observe.metrics import METRICS
from penstock.state.rows import AlertRow

if TYPE_CHECKING:
    from penstock.state.store import State

AT_ONCE = 16
"""Alerts that are sent at once, each by a thread, and one for each of its channels."""
HELD = 600.0
"""Seconds for which an alert belongs to the sender that took it; one whose process died is sent again after them."""
WAITS = (10.0, 30.0, 60.0, 300.0, 900.0, 1800.0, 3600.0)
"""Seconds before each further try; the last of them for all that follow."""
GIVEN_UP = 86_400.0
"""Seconds after which a message that nobody takes is given up."""
_TRIES = len(WAITS) + int(GIVEN_UP / WAITS[-1])
"""Tries after which an alert is given up that cannot even be tried: about a day of them."""
_KEPT = 90 * 86_400.0
"""Seconds for which alerts that are over are kept."""
_AWAY = 5.0
_LOOK = 10.0
"""Seconds after which it is looked at what is due, while something is under way and nobody says anything."""
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
        self._lanes = Lanes()
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
        """Send what is due now, and what becomes due meanwhile; when the next message is, None when none waits.

        Raises:
            StateUnavailableError: the store is away; what was under way has been tried.
        """
        under_way: set[Future[None]] = set()
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="alert") as pool:
            while not self._ending:
                rows = self._taken(AT_ONCE - len(under_way))
                for row in rows:
                    under_way.add(sent := pool.submit(self._send, row))
                    sent.add_done_callback(lambda _: self._wanted.set())
                if not under_way:
                    return self._rest()
                # One that is slow is not waited for: what comes meanwhile is sent beside it.
                self._wanted.wait(_LOOK)
                self._wanted.clear()
                for sent in [each for each in under_way if each.done()]:
                    under_way.remove(sent)
                    sent.result()
        return None

    def _taken(self, room: int) -> list[AlertRow]:
        """So many of what is due; nobody else sends them for a while."""
        if not room:
            return []
        now = self._clock()
        with self._state.write() as connection:
            return self._state.alerts.due(connection, now, now + HELD, room)

    def _rest(self) -> float | None:
        """Nothing is due: what is over for long is removed; when the next message is."""
        with self._state.write() as connection:
            self._state.alerts.prune(connection, self._clock() - _KEPT)
            return self._state.alerts.next_due(connection)

    def _go(self) -> None:
        while not self._ending:
            self._wanted.clear()
            try:
                due = self.turn()
            except STATE_TROUBLE:
                self._wanted.wait(_AWAY)
                continue
            except Exception:  # noqa: BLE001 - the thread outlives our mistakes; what it was about is due again
                _log.exception("sending alerts")
                self._wanted.wait(_AWAY)
                continue
            self._wanted.wait(None if due is None else max(0.0, due - self._clock()))

    def _send(self, row: AlertRow) -> None:
        try:
            self._try(row)
        except STATE_TROUBLE:
            raise
        except Exception as error:  # noqa: BLE001 - a mistake of ours costs this alert some time, and the others nothing
            _log.exception("sending alert %s", row.id)
            self._put_off(row, f"sending it: {type(error).__name__}")

    def _put_off(self, row: AlertRow, error: str) -> None:
        """Try an alert again later that came to nothing; not for ever."""
        now = self._clock()
        changes: dict[str, object] = {"due_at": now + WAITS[min(row.attempts, len(WAITS) - 1)]}
        if row.attempts >= _TRIES:
            changes = {"sent_at": now}
        with self._state.write() as connection:
            there = self._state.alerts.held(connection, row.id)
            if there is not None and there.sent_at is None:
                self._state.alerts.change(connection, row.id, attempts=row.attempts + 1, error=error, **changes)

    def _try(self, row: AlertRow) -> None:
        try:
            fact = fact_of(row.payload)
        except ValueError as error:
            self._finish(row.id, error=f"reading the alert: {error}")
            return
        settings = self.settings(row.pipeline)
        muted_until = self._muted(fact)
        wanted = () if muted_until else settings.hearing(fact.kind)
        results: dict[str, Delivery] = {}
        if wanted:
            waits = self._waits(fact, wanted)
            with ThreadPoolExecutor(len(wanted), thread_name_prefix="channel") as pool:
                sent = [pool.submit(self._to, row, fact, each, settings, waits.get(each.key)) for each in wanted]
                results = {
                    each.key: self._result(row, fact, each, done) for each, done in zip(wanted, sent, strict=True)
                }
        elif muted_until:  # who has heard of it before that hears of its end
            results = {key: each for key, each in fact.delivered.items() if each.sent_at is not None}
        self._note(row, replace(fact, muted_until=muted_until), results)

    def _result(self, row: AlertRow, fact: Fact, channel: Channel, done: Future[Delivery]) -> Delivery:
        """How it stands with a channel; a mistake of ours there costs that one some time, and no other hears twice."""
        error = done.exception()
        if error is None:
            return done.result()
        _log.error("sending alert %s to %s", row.id, channel.key, exc_info=error)
        before = fact.delivered.get(channel.key, Delivery())
        return self._failed(row, fact, before, f"sending it: {type(error).__name__}", final=False)

    def _failed(self, row: AlertRow, fact: Fact, before: Delivery, error: str, *, final: bool) -> Delivery:
        """A try that came to nothing; the next is later, until it is given up."""
        METRICS.count("penstock_alert_deliveries_total", result="failed")
        now = self._clock()
        over = final or now - (fact.ordered or row.created_at) > GIVEN_UP
        return Delivery(None, before.attempts + 1, error, over, now + WAITS[min(before.attempts, len(WAITS) - 1)])

    def _muted(self, fact: Fact) -> float:
        """Until when nobody is to be told of it, or 0; who was not told of a failure is not told of its end."""
        if fact.kind is AlertKind.SUCCESS:
            return 0.0
        with self._state.read() as connection:
            if fact.kind is AlertKind.RECOVERY:
                opened = self._state.alerts.get(connection, fact.opened)
                if opened is None or opened.sent_at is None:
                    return 0.0
                before = fact_or_none(opened.payload)
                return before.muted_until if before is not None and not before.delivered else 0.0
            mute = self._state.mutes.holding(connection, fact.pipeline, fact.block, self._clock())
        return mute.until if mute is not None else 0.0

    def _waits(self, fact: Fact, channels: Iterable[Channel]) -> dict[str, float]:
        """Until when the channels wait that have not heard of a failure whose end this is, by key."""
        if fact.kind is not AlertKind.RECOVERY:
            return {}
        with self._state.read() as connection:
            opened = self._state.alerts.get(connection, fact.opened)
        if opened is None or opened.sent_at is not None:
            return {}
        now = self._clock()
        before = fact_or_none(opened.payload)
        stands = before.delivered if before is not None else {}
        found = {}
        for key in (channel.key for channel in channels):
            heard = stands.get(key, Delivery())
            if not heard.over:
                found[key] = heard.due_at + 1 if heard.due_at > now else now + WAITS[1]
        return found

    def _to(
        self, row: AlertRow, fact: Fact, channel: Channel, settings: AlertSettings, wait: float | None = None
    ) -> Delivery:
        """Send it to one channel, if that has to have it now; how that stands then."""
        before = fact.delivered.get(channel.key, Delivery())
        now = self._clock()
        if before.over or before.due_at > now:
            return before
        if wait is not None:
            return replace(before, due_at=wait)
        key = f"penstock-{row.id}-{fact.told}"
        message = self._worded(fact, settings, fact.incident or row.incident, key)
        with self._lanes.to(channel.place) as free:
            if not free:
                return replace(before, due_at=now + WAITS[1])
            try:
                deliver(message, channel, deadline=self._deadline)
            except DeliveryError as error:
                return self._failed(row, fact, before, error.message, final=error.final)
        METRICS.count("penstock_alert_deliveries_total", result="sent")
        return Delivery(self._clock(), before.attempts + 1)

    def _worded(self, fact: Fact, settings: AlertSettings, incident: str, key: str) -> Message:
        base = self.address()
        try:
            return worded(fact, settings, incident=incident, key=key, base=base, project=self.project)
        except Exception:  # noqa: BLE001 - whatever a fact may hold: somebody has to hear of it
            _log.exception("wording the alert of incident %s", incident)
            return unworded(fact, incident=incident, key=key, base=base)

    def _note(self, row: AlertRow, fact: Fact, results: dict[str, Delivery]) -> None:
        """Write down how it went; a message that was ordered anew meanwhile stays ordered."""
        with self._state.write() as connection:
            now_there = self._state.alerts.held(connection, row.id)
            if now_there is None:
                return
            current = fact_of(now_there.payload)
            changes: dict[str, object] = {}
            if current.told == fact.told:
                current = replace(current, delivered=results, muted_until=fact.muted_until)
                changes = _standing(row, fact.delivered, results, self._clock())
                self._state.alerts.change(connection, row.id, payload=current.payload(), **changes)
        if self.told is not None and changes.get("attempts", row.attempts) != row.attempts:
            self.told(row.id)

    def _finish(self, number: int, *, error: str) -> None:
        with self._state.write() as connection:
            self._state.alerts.change(connection, number, sent_at=self._clock(), error=error)


def _standing(
    row: AlertRow, before: Mapping[str, Delivery], results: Mapping[str, Delivery], now: float
) -> dict[str, object]:
    """The columns of an alert after a turn: it is over when every channel has it, or has given up."""
    errors = "; ".join(f"{key}: {each.error}" for key, each in results.items() if each.error)
    left = [each.due_at for each in results.values() if not each.over]
    tried = not left or any(each.attempts != before.get(key, Delivery()).attempts for key, each in results.items())
    changes: dict[str, object] = {"attempts": row.attempts + tried, "error": errors}
    return changes | ({"due_at": min(left)} if left else {"sent_at": now})
