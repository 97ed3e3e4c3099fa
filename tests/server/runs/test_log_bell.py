"""The page of all logs hears that lines have come: bounded, and only while somebody looks."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from penstock.server.hub import Hub, Listener
from penstock.server.runs.log_bell import MOST, TOPIC, LogBell
from tests.patience import PATIENCE


async def heard(listener: Listener) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while not found:
        await asyncio.wait_for(listener.wait(), PATIENCE)
        found = [event for frame in listener.take() for event in json.loads(frame.encode()).get("events", ())]
    return found


def test_what_comes_together_is_told_together_and_names_where() -> None:
    async def play() -> list[list[dict[str, Any]]]:
        hub = Hub()
        hub.attach(asyncio.get_running_loop())
        bell = LogBell(hub)
        bell("p", "unheard", "a")
        listener = hub.listen()
        listener.subscribe(TOPIC)
        told = []
        for names in (["a", "b", "a"], [f"b{number}" for number in range(MOST + 1)]):
            for name in names:
                bell("p", "r", name)
            told.append(await heard(listener))
        return told

    first, second = asyncio.run(play())
    assert [event["places"] for event in first] == [[["p", "r", "a"], ["p", "r", "b"]]]
    assert [event["places"] for event in second] == [None]
