"""Events are numbered, resumed where they are still there, and never cost more memory than they may."""

from __future__ import annotations

import asyncio
import json
import threading

from penstock.server import hub as hub_module
from penstock.server.hub import Hub
from tests.patience import PATIENCE


def frames(listener):
    return [json.loads(frame.encode()) for frame in listener.take()]


def told(listener, topic="a"):
    return [event["n"] for frame in frames(listener) if frame["topic"] == topic for event in frame.get("events", ())]


def in_loop(test):
    def run():
        asyncio.run(test())

    run.__name__ = test.__name__
    return run


@in_loop
async def test_events_come_in_order_with_rising_numbers():
    hub = Hub()
    listener = hub.listen()
    listener.subscribe("a")
    assert frames(listener) == [{"topic": "a", "seq": 0, "events": []}]
    assert [hub.publish(topic, {"n": n}) for n, topic in enumerate("aba")] == [1, 2, 3]
    assert frames(listener) == [{"topic": "a", "seq": 3, "events": [{"n": 0}, {"n": 2}]}]
    assert frames(listener) == []


@in_loop
async def test_one_event_on_several_topics_has_one_number():
    hub = Hub()
    listener = hub.listen()
    listener.subscribe("a")
    listener.subscribe("b")
    frames(listener)
    hub.publish(["a", "b", "c"], {"n": 1})
    assert [(frame["topic"], frame["seq"]) for frame in frames(listener)] == [("a", 1), ("b", 1)]


@in_loop
async def test_a_client_that_comes_back_gets_what_it_missed_once():
    hub = Hub()
    for n in range(5):
        hub.publish("a", {"n": n})
    listener = hub.listen()
    listener.subscribe("a", since=2, epoch=hub.epoch)
    assert told(listener) == [2, 3, 4]
    assert told(listener) == []


@in_loop
async def test_numbers_of_another_server_run_lead_to_a_reset():
    hub = Hub()
    hub.publish("a", {"n": 0})
    for since, epoch in ((1, "another"), (99, hub.epoch), (-5, hub.epoch)):
        listener = hub.listen()
        listener.subscribe("a", since=since, epoch=epoch)
        assert frames(listener) == [{"topic": "a", "seq": 1, "reset": True}]
        hub.publish("a", {"n": 1})
        assert len(told(listener)) == 1
        hub = Hub()
        hub.publish("a", {"n": 0})


@in_loop
async def test_a_slow_client_is_reset_and_costs_nothing():
    hub = Hub()
    listener = hub.listen()
    listener.subscribe("a")
    frames(listener)
    for n in range(hub_module.RING_EVENTS + 10):
        hub.publish("a", {"n": n})
    assert len(hub._topics["a"].ring) == hub_module.RING_EVENTS
    (frame,) = frames(listener)
    assert frame["reset"]
    hub.publish("a", {"n": -1})
    assert told(listener) == [-1]


@in_loop
async def test_a_topic_keeps_so_many_bytes_and_all_together_so_many():
    hub = Hub()
    text = "x" * 100_000
    for n in range(100):
        hub.publish("a", {"n": n, "text": text})
    assert hub._topics["a"].size <= hub_module.RING_BYTES
    for n in range(1000):
        hub.publish(f"t{n}", {"n": n, "text": text})
    assert hub._bytes <= hub_module.TOTAL_BYTES
    assert hub._bytes == sum(topic.size for topic in hub._topics.values())


@in_loop
async def test_a_topic_that_was_forgotten_says_so_to_who_missed_it():
    hub = Hub()
    hub.publish("old", {"n": 0})
    for n in range(hub_module.TOPICS + 10):
        hub.publish(f"t{n}", {"n": n})
    assert "old" not in hub._topics
    missed = hub.listen()
    missed.subscribe("old", since=0, epoch=hub.epoch)
    assert frames(missed)[0]["reset"]
    current = hub.listen()
    current.subscribe("old", since=hub.seq, epoch=hub.epoch)
    assert frames(current)[0]["events"] == []


@in_loop
async def test_a_topic_that_is_listened_to_is_not_forgotten():
    hub = Hub()
    listener = hub.listen()
    listener.subscribe("old")
    for n in range(3 * hub_module.TOPICS):
        hub.publish(f"t{n}", {"n": n})
    frames(listener)
    hub.publish("old", {"n": 7})
    assert told(listener, "old") == [7]
    listener.close()
    assert not hub.listened_to("old")


@in_loop
async def test_frames_are_of_a_bearable_size():
    hub = Hub()
    listener = hub.listen()
    listener.subscribe("a", since=0)
    for n in range(100):
        hub.publish("a", {"n": n, "text": "x" * 10_000})
    taken = listener.take()
    assert max(len(frame.encode()) for frame in taken) < 2 * hub_module.FRAME_BYTES
    assert [n for frame in taken for n in frame.numbers] == list(range(1, 101))


@in_loop
async def test_what_is_calm_waits_for_company_and_what_is_not_does_not():
    hub = Hub()
    listener = hub.listen()
    listener.subscribe("a")
    frames(listener)
    hub.publish("a", {"n": 1}, calm=True)
    waiting = asyncio.create_task(listener.wait(60.0))
    done, _ = await asyncio.wait({waiting}, timeout=0.02)
    assert not done
    hub.publish("a", {"n": 2})
    await asyncio.wait_for(waiting, PATIENCE)
    assert told(listener) == [1, 2]


@in_loop
async def test_other_threads_have_a_door():
    hub = Hub()
    hub.attach(asyncio.get_running_loop())
    listener = hub.listen()
    listener.subscribe("a")
    frames(listener)
    thread = threading.Thread(target=hub.publish_from_thread, args=("a", {"n": 1}))
    thread.start()
    await asyncio.wait_for(listener.wait(), PATIENCE)
    thread.join()
    assert told(listener) == [1]


@in_loop
async def test_parts_of_the_server_hear_everything_and_may_publish_meanwhile():
    hub = Hub()
    heard = []

    def hear(topics, event):
        heard.append((topics, event["n"]))
        if event["n"] == 1:
            hub.publish("b", {"n": 2})

    hub.hear(hear)
    assert hub.publish(["a"], {"n": 1}) == 1
    assert heard == [(("a",), 1), (("b",), 2)]
