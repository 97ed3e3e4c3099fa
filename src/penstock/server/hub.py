"""Numbered events by topic, for any number of listeners, in bounded memory.

An event is encoded once, when it is published. A topic keeps its newest events in a ring; a listener keeps only how
far it has read. One that is too slow, or comes back too late, finds its place gone and is told to fetch a snapshot.

Everything here happens on the event loop; `publish_from_thread` is the door for the rest.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import msgspec

RING_BYTES = 4 * 1024 * 1024
"""What one topic keeps for those who come back."""

RING_EVENTS = 10_000

TOTAL_BYTES = 32 * 1024 * 1024
"""What all topics keep together; beyond it those that nobody has used for longest are forgotten."""

TOPICS = 1000

FRAME_BYTES = 32 * 1024
"""About the size of the largest frames; what a block prints is sent at most every `BATCH_SECONDS`."""

BATCH_SECONDS = 0.05

encode = msgspec.json.Encoder().encode

Hearer = Callable[[tuple[str, ...], Any], None]


@dataclass(slots=True)
class _Topic:
    """The newest events of a topic; `floor` is the number of the newest event that is no longer in it."""

    name: str
    floor: int
    ring: deque[tuple[int, bytes]] = field(default_factory=deque)
    size: int = 0
    listeners: set[Listener] = field(default_factory=set)

    def after(self, seq: int) -> list[tuple[int, bytes]]:
        """The events with a higher number, oldest first."""
        found: list[tuple[int, bytes]] = []
        for entry in reversed(self.ring):
            if entry[0] <= seq:
                break
            found.append(entry)
        found.reverse()
        return found


@dataclass(frozen=True, slots=True)
class Frame:
    """What a listener is to be sent for one topic: the events up to `seq`, or a reset."""

    topic: str
    seq: int
    events: tuple[bytes, ...] = ()
    reset: bool = False
    numbers: tuple[int, ...] = ()

    def encode(self) -> bytes:
        """The frame as a JSON object."""
        head = b'{"topic":' + encode(self.topic) + b',"seq":%d' % self.seq
        if self.reset:
            return head + b',"reset":true}'
        return head + b',"events":[' + b",".join(self.events) + b"]}"


class Hub:
    """All topics of one server. Numbers run over all topics, so that one number in a snapshot serves every topic."""

    def __init__(self) -> None:
        self.epoch = secrets.token_hex(8)
        self.seq = 0
        self._topics: dict[str, _Topic] = {}
        self._forgotten = 0
        self._bytes = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hearers: list[Hearer] = []

    def hear(self, hearer: Hearer) -> None:
        """Have a part of the server called with the topics and the event of everything that is published."""
        self._hearers.append(hearer)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Name the event loop on which everything happens."""
        self._loop = loop

    def publish(self, topics: str | Iterable[str], event: Any, *, calm: bool = False) -> int:
        """Publish an event (a dict or Struct with `type`) under one number to these topics; the number.

        A `calm` one may wait for others, to be sent with them.
        """
        self.seq += 1
        seq = self.seq
        data = encode(event)
        names = (topics,) if isinstance(topics, str) else tuple(topics)
        for name in names:
            self._append(self._topic(name), data, calm=calm)
        if self._bytes > TOTAL_BYTES or len(self._topics) > TOPICS:
            self._forget_idle()
        for hearer in self._hearers:
            hearer(names, event)
        return seq

    def publish_from_thread(self, topics: str | Iterable[str], event: Any) -> None:
        """`publish`, from another thread: at the event loop's next turn. Lost when the server is ending."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.publish, topics, event)

    def listened_to(self, topic: str) -> bool:
        """Whether anybody hears that topic at the moment."""
        found = self._topics.get(topic)
        return found is not None and bool(found.listeners)

    def listen(self) -> Listener:
        """A new listener, of no topic yet; close it when it is done."""
        return Listener(self)

    def _topic(self, name: str) -> _Topic:
        topic = self._topics.pop(name, None) or _Topic(name, self._forgotten)
        self._topics[name] = topic  # the order is that of use
        return topic

    def _append(self, topic: _Topic, data: bytes, *, calm: bool) -> None:
        topic.ring.append((self.seq, data))
        topic.size += len(data)
        self._bytes += len(data)
        while topic.size > RING_BYTES or len(topic.ring) > RING_EVENTS:
            topic.floor, old = topic.ring.popleft()
            topic.size -= len(old)
            self._bytes -= len(old)
        for listener in topic.listeners:
            listener.wake(topic.name, calm=calm)

    def _forget_idle(self) -> None:
        for name in [name for name, topic in self._topics.items() if not topic.listeners]:
            if self._bytes <= TOTAL_BYTES // 2 and len(self._topics) <= TOPICS // 2:
                return
            topic = self._topics.pop(name)
            self._bytes -= topic.size
            self._forgotten = max(self._forgotten, topic.floor, topic.ring[-1][0] if topic.ring else 0)


class Listener:
    """One client's places in the topics that it hears."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._places: dict[str, int] = {}
        self._waiting: dict[str, None] = {}
        self._answers: dict[str, None] = {}
        self._woken = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def topics(self) -> list[str]:
        """What it hears."""
        return list(self._places)

    def subscribe(self, topic: str, *, since: int | None = None, epoch: str | None = None) -> None:
        """Hear a topic from that number on; without `since`, from now on. A frame follows in any case.

        `epoch` is that of the server which gave the number: numbers of another one mean nothing, and lead to a reset.
        """
        entry = self._hub._topic(topic)  # noqa: SLF001 - the two make one thing
        entry.listeners.add(self)
        known = epoch is None or epoch == self._hub.epoch
        self._places[topic] = self._hub.seq if since is None else since if known and since <= self._hub.seq else -1
        self._answers[topic] = None
        self.wake(topic)

    def unsubscribe(self, topic: str) -> None:
        """Hear it no longer."""
        self._places.pop(topic, None)
        self._waiting.pop(topic, None)
        self._answers.pop(topic, None)
        entry = self._hub._topics.get(topic)  # noqa: SLF001
        if entry is not None:
            entry.listeners.discard(self)

    def close(self) -> None:
        """Hear nothing any more."""
        for topic in self.topics:
            self.unsubscribe(topic)

    def wake(self, topic: str, *, calm: bool = False) -> None:
        """There is something new in that topic."""
        self._waiting[topic] = None
        self._woken.set()
        if not calm:
            self._hurry.set()

    async def wait(self, pause: float = 0.0) -> None:
        """Until there is something to take; as long as all of it is calm, for that many seconds more."""
        await self._woken.wait()
        if pause > 0 and not self._hurry.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self._hurry.wait(), pause)

    def take(self) -> list[Frame]:
        """What has come since the last time, each frame of a bearable size."""
        frames: list[Frame] = []
        for name in list(self._waiting):
            frames += self._frames(name)
        self._waiting.clear()
        self._answers.clear()
        self._woken.clear()
        self._hurry.clear()
        return frames

    def _frames(self, name: str) -> list[Frame]:
        topic = self._hub._topics[name]  # noqa: SLF001
        place = self._places[name]
        if place < topic.floor:
            self._places[name] = self._hub.seq
            return [Frame(name, self._hub.seq, reset=True)]
        entries = topic.after(place)
        if not entries:
            return [Frame(name, max(place, 0))] if name in self._answers else []
        self._places[name] = entries[-1][0]
        return list(_cut(name, entries))


def _cut(name: str, entries: list[tuple[int, bytes]]) -> Iterable[Frame]:
    start = size = 0
    for index, (_, data) in enumerate(entries):
        size += len(data)
        if size >= FRAME_BYTES or index == len(entries) - 1:
            part = entries[start : index + 1]
            yield Frame(name, part[-1][0], tuple(item for _, item in part), numbers=tuple(seq for seq, _ in part))
            start, size = index + 1, 0
