"""Answers without an end, ended at each place where they may stand."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from penstock.server.access import Access
from penstock.server.sockets import Sockets

START = {"type": "http.response.start", "status": 200, "headers": []}
PART = {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True}
LAST = {"type": "http.response.body", "body": b""}


@pytest.mark.parametrize("told", [0, 1, 2, 3])
def test_a_stream_that_is_ended_while_it_sends_says_so_once(tmp_path: Path, told: int) -> None:
    sent: list[dict[str, Any]] = []

    async def work() -> None:
        sockets = Sockets(Access(tmp_path / "sessions.json"))
        stands = asyncio.Event()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        async def reply(_scope: Any, _receive: Any, sending: Any) -> None:
            for message in (START, PART, LAST)[:told]:
                await sending(message)
            stands.set()
            await asyncio.Event().wait()  # as one that waits until its last bytes have gone

        stream = asyncio.ensure_future(sockets.stream("", reply, {}, None, send))
        await stands.wait()
        sockets.end()
        await stream

    asyncio.run(work())
    assert [message["type"] for message in sent][:1] == ["http.response.start"]
    assert sent[0]["status"] == (200 if told else 503)
    ends = [message for message in sent if message["type"] == "http.response.body" and not message.get("more_body")]
    assert ends == [LAST]
    assert sent[-1] == LAST
