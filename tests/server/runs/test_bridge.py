"""From the scheduler's thread to the event loop: in order, once it is stored, in bounded memory."""

from __future__ import annotations

import asyncio
from typing import Any

from penstock.model.events import BlockPrinted, BlockStarted, Event
from penstock.server.runs.bridge import MOST_LINES, Bridge

PLAN: Any = None
STARTED = BlockStarted("r", "b", 1, 0.0)
LINE = BlockPrinted("r", "b", "stdout", "here\n", 0.0)


def test_what_was_told_comes_in_order_and_not_before_it_is_stored() -> None:
    heard: list[object] = []

    async def main() -> None:
        bridge = Bridge(lambda _: [heard.append])
        bridge.attach(asyncio.get_running_loop())
        (tell,) = bridge.sinks(PLAN)
        tell(STARTED)
        bridge.call(heard.append, "stored")
        tell(LINE)
        await asyncio.sleep(0)
        assert heard == []
        bridge.settled()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert heard == [STARTED, "stored", LINE]


def test_lines_are_left_out_while_the_store_is_away_for_long_and_nothing_else_is() -> None:
    heard: list[Event] = []

    async def main() -> None:
        bridge = Bridge(lambda _: [heard.append])
        bridge.attach(asyncio.get_running_loop())
        (tell,) = bridge.sinks(PLAN)
        for _ in range(MOST_LINES + 100):
            tell(LINE)
        tell(STARTED)
        bridge.settled()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert len(heard) == MOST_LINES + 1
    assert heard[-1] is STARTED


def test_a_loop_that_has_ended_is_told_nothing() -> None:
    bridge = Bridge(lambda _: [])
    loop = asyncio.new_event_loop()
    bridge.attach(loop)
    loop.close()
    bridge.call(print)
    bridge.settled()
