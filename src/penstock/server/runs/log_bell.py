"""Tells the page of all logs that lines have come, so that it reads them: soon, then once a second at most."""

from __future__ import annotations

import asyncio

from penstock.server.hub import Hub

TOPIC = "logs"
SOON = 0.2
"""Seconds between the first new line and the word of it: what comes together is told together."""
PAUSE = 1.0
"""Seconds between two words at least."""
MOST = 200
"""Blocks that are named in one word; of more, none is."""


class LogBell:
    """Rings for those who look at all logs. On the event loop only.

    Args:
        hub: where it is told: `logs_grew` with the places (pipeline, run, block) that have logged, null for too many.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._places: dict[tuple[str, str, str], None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self, pipeline: str, run: str, block: str) -> None:
        """A block, or with an empty name the run itself, has logged something."""
        if self._hub.listened_to(TOPIC):
            self._places[pipeline, run, block] = None
            if self._timer is None:
                self._later(SOON)

    def _later(self, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if not self._places:
            return
        places = None if len(self._places) > MOST else [list(place) for place in self._places]
        self._places.clear()
        self._hub.publish(TOPIC, {"type": "logs_grew", "places": places})
        self._later(PAUSE)
