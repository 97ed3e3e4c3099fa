"""The live socket and the stream of events, against a real server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import psutil
import pytest
from websockets.exceptions import ConnectionClosed

from penstock.server import live
from penstock.server.hub import TOPICS, Hub
from penstock.server.live import stream_run
from tests.patience import PATIENCE
from tests.server.serving import Server, make_project, serving

CODE = "@custom\ndef work(**kwargs):\n    for n in range(3): print('line', n)\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    root = make_project(tmp_path_factory.mktemp("live") / "project", blocks=[("work", "custom", [], CODE)])
    with serving(root) as running:
        yield running


def test_the_first_word_names_the_server_run(server: Server):
    with server.live() as live:
        assert live.hello["epoch"] == server.studio.hub.epoch


@pytest.mark.parametrize(
    "request_",
    [
        *(
            "",
            "{",
            "[]",
            '{"op": "shout"}',
            '{"op": "subscribe"}',
            '{"op": "subscribe", "topic": "secrets"}',
            "\x00" * 10,
        ),
        *('{"op": "subscribe", "topic": 7}', '{"op": "subscribe", "topic": "run:' + "x" * 5000 + '"}', "[" * 20_000),
    ],
)
def test_what_is_no_request_ends_the_socket_with_a_reason(server: Server, request_):
    with server.live() as live:
        live.socket.send(request_)
        with pytest.raises(ConnectionClosed) as closed:
            live.frame()
        assert closed.value.rcvd.code == 4422
        assert closed.value.rcvd.reason


def test_a_client_hears_a_bounded_number_of_topics(server: Server):
    with server.live() as live:
        for number in range(64):
            live.subscribe(f"run:{number}")
        live.subscribe("run:5")  # again is no more
        live.socket.send(json.dumps({"op": "unsubscribe", "topic": "run:5"}))
        live.subscribe("run:new")
        live.socket.send(json.dumps({"op": "subscribe", "topic": "run:one too many"}))
        with pytest.raises(ConnectionClosed):
            live.frame()


def test_a_topic_that_is_unsubscribed_is_silent(server: Server):
    with server.live() as live:
        live.subscribe("pipeline:flights")
        live.subscribe("project")
        live.socket.send(json.dumps({"op": "unsubscribe", "topic": "pipeline:flights"}))
        live.subscribe("run:x")  # once this is answered, the request before was taken
        server.post("/pipelines/flights/runs", {})
        kinds = {event["type"] for event in live.until("run_ended")}
    # The store may have the run before its end is told, or after it.
    assert kinds - {"run_recorded"} == {"run_started", "product_published", "run_ended"}


def test_a_socket_that_is_left_leaves_nothing_behind(server: Server):
    with server.live() as live:
        live.subscribe("run:left")
    with server.live() as other:  # a round trip, after which the server has seen the end of the first
        other.subscribe("run:other")
    for _ in range(100):
        if not server.call(server.studio.hub.listened_to, "run:left"):
            break
    else:
        pytest.fail("it is still listened to")


def events_of(server: Server, run: str, **headers):
    with server.client.stream("GET", f"/runs/{run}/events", headers=headers) as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        number, found = 0, []
        for line in reply.iter_lines():
            if line.startswith("id: "):
                number = int(line[4:])
            elif line.startswith("data: "):
                found.append((number, json.loads(line[6:])))
        return found


def test_the_stream_tells_what_the_socket_tells_and_ends_with_the_run(server: Server):
    run = server.post("/pipelines/flights/runs", {})["run"]["run"]
    streamed = events_of(server, run)
    kinds = [event["type"] for _, event in streamed]
    assert kinds[0] == "run_started"
    assert kinds[-1] == "run_ended"
    assert [number for number, _ in streamed] == sorted({number for number, _ in streamed})
    with server.live() as live:
        live.subscribe(f"run:{run}", since=0)
        assert live.until("run_ended") == [event for _, event in streamed]


def test_the_stream_goes_on_after_the_last_event_that_came(server: Server):
    run = server.post("/pipelines/flights/runs", {})["run"]["run"]
    streamed = events_of(server, run)
    number = streamed[2][0]
    assert events_of(server, run, **{"last-event-id": str(number)}) == streamed[3:]
    assert events_of(server, run, **{"last-event-id": "nonsense"}) == streamed


def test_the_stream_of_a_run_of_long_ago_says_that_it_has_ended(server: Server):
    run = server.post("/pipelines/flights/runs", {})["run"]["run"]
    events_of(server, run)
    server.call(server.studio.hub._topics.pop, f"run:{run}")
    ((_, event),) = events_of(server, run)
    assert (event["type"], event["run"]["state"]) == ("run_ended", "completed")


def streamed(hub: Hub, looks: list[str | None], *, since: int | None = None) -> list[str]:
    """What a stream of the run `x` sends, each look at the run being the next of these; its type when it has ended."""

    async def work() -> list[str]:
        hub.attach(asyncio.get_running_loop())

        async def ended() -> dict[str, Any] | None:
            found = looks.pop(0)
            return None if found is None else {"type": found}

        return [part.decode() async for part in stream_run(hub, "x", since, ended)]

    return asyncio.run(asyncio.wait_for(work(), PATIENCE))


def test_a_stream_ends_although_the_end_was_told_and_forgotten_before_it_was_heard():
    hub = Hub()
    hub.publish("run:x", {"type": "run_ended"})
    for number in range(TOPICS + 1):
        hub.publish(f"run:{number}", {"type": "run_ended"})
    assert "run:x" not in hub._topics
    *_, reset, last = streamed(hub, [None, "run_ended"])
    assert "event: reset" in reset
    assert '"run_ended"' in last


def test_a_stream_whose_last_event_never_comes_looks_at_the_run_itself(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(live, "KEEP_ALIVE_SECONDS", 0.01)
    hub = Hub()
    hub.publish("run:x", {"type": "run_started"})
    found = streamed(hub, [None, None, None, "runs_deleted"])
    assert [part for part in found if part.startswith(":")] == [": still running\n\n"] * 3
    assert '"runs_deleted"' in found[-1]


def test_a_run_that_is_not_there(server: Server):
    assert server.client.get("/runs/none/events").status_code == 404


def test_a_client_that_does_not_read_costs_nothing_and_is_reset(server: Server):
    text = "x" * 100_000

    def flood(first: int) -> None:
        for number in range(first, first + 20):
            server.studio.hub.publish("pipeline:flood", {"type": "noise", "n": number, "text": text})

    with server.live() as slow, server.live() as quick:
        slow.subscribe("pipeline:flood")
        quick.subscribe("pipeline:flood")
        before = psutil.Process().memory_info().rss
        for first in range(0, 2000, 20):  # 200 MB, of which a socket's buffers hold a few
            server.call(flood, first)
            quick.until("noise", n=first + 19)
        assert psutil.Process().memory_info().rss - before < 60 << 20
        while not slow.frame().get("reset"):
            pass
        server.call(server.studio.hub.publish, "pipeline:flood", {"type": "last"})
        assert slow.until("last")
