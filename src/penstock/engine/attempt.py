"""One attempt to carry out a work order, as its caller holds it."""

from __future__ import annotations

from dataclasses import dataclass, field

from penstock.engine.capture import LineCapture
from penstock.engine.events import AttemptEvent, Captured, Ended, OnEvent
from penstock.engine.process import WorkerProcess
from penstock.model.messages import Finished, WorkOrder


@dataclass(slots=True, eq=False)
class Attempt:
    """An attempt that was launched; `ended` is its last event, None while it goes on."""

    order: WorkOrder
    process: WorkerProcess
    on_event: OnEvent
    finished: Finished | None = None
    ended: Ended | None = None
    captures: dict[str, LineCapture] = field(default_factory=dict)

    @property
    def pid(self) -> int | None:
        """The process that it runs in, as soon as that has reported."""
        return self.process.pid

    def tell(self, event: AttemptEvent) -> None:
        """Hand an event to the caller; none follows `Ended`."""
        if self.ended is None:
            if isinstance(event, Ended):
                self.ended = event
            self.on_event(event)

    def capture(self, stream: str, data: bytes) -> None:
        """Take what was written to a stream."""
        capture = self.captures.get(stream)
        if capture is None:
            capture = self.captures[stream] = LineCapture(lambda text: self.tell(Captured(stream, text)))
        capture.feed(data)

    def finish_output(self) -> str:
        """Pass on what is left of the output; the last lines of all of it, stdout's before stderr's."""
        lines: list[str] = []
        for _, capture in sorted(self.captures.items(), reverse=True):
            capture.finish()
            lines += capture.tail()
        return "\n".join(lines)
