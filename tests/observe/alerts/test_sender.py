"""The box of alerts emptied into servers that take, refuse and keep silent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from penstock.config.alert_channels import Occasion
from penstock.model.errors import StateUnavailableError
from penstock.observe.alerts.facts import AlertKind, Delivery, Fact, fact_of
from penstock.observe.alerts.sender import GIVEN_UP, HELD, WAITS, Sender
from penstock.observe.alerts.settings import AlertSettings, read_alert_settings
from penstock.state.mutes import Mute
from penstock.state.rows import AlertRow
from penstock.state.store import State
from tests.observe.alerts.facts import FAILED
from tests.observe.alerts.receiving import receiving
from tests.patience import PATIENCE

NOW = 1_700_000_010.0


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def add(state: State, fact: Fact = FAILED, incident: str = "run|orders|clean|1", **values: object) -> int:
    row = AlertRow(incident, str(fact.kind), NOW, fact.pipeline, fact.run, fact.payload(), due_at=NOW, **values)
    with state.write() as connection:
        number = state.alerts.add(connection, row)
    assert number is not None
    return number


def got(state: State, number: int) -> tuple[AlertRow, dict[str, Delivery]]:
    with state.read() as connection:
        row = state.alerts.get(connection, number)
    assert row is not None
    return row, dict(fact_of(row.payload).delivered)


def named(**channels: str) -> Callable[[str], AlertSettings]:
    settings = read_alert_settings({f"{kind}_config": {"webhook_url": url} for kind, url in channels.items()}, {})
    return lambda _pipeline: settings


def sender(state: State, settings: Callable[[str], AlertSettings], clock: Clock, deadline: float = PATIENCE) -> Sender:
    return Sender(state, settings, base=lambda: "https://penstock.example", clock=clock, deadline=deadline)


def test_each_channel_gets_it_once(state: State, clock: Clock) -> None:
    with receiving() as server:
        number = add(state)
        made = sender(state, named(slack=f"{server.url}/slack", discord=f"{server.url}/discord"), clock)
        assert made.turn() is None
        assert made.turn() is None
        assert sorted(each.path for each in server.received) == ["/discord", "/slack"]
    row, delivered = got(state, number)
    assert row.sent_at == NOW
    assert row.error == ""
    assert {key: each.sent_at for key, each in delivered.items()} == {"slack": NOW, "discord": NOW}


def test_a_refused_channel_is_tried_again_and_the_others_are_not(state: State, clock: Clock) -> None:
    with receiving(503, 503, 200) as bad, receiving() as good:
        number = add(state)
        made = sender(state, named(slack=bad.url, discord=good.url), clock)
        assert made.turn() == NOW + WAITS[0]
        row, delivered = got(state, number)
        assert row.sent_at is None
        assert row.error.startswith("slack: 127.0.0.1")
        assert "it answered 503" in row.error
        assert (delivered["slack"].attempts, delivered["discord"].sent_at) == (1, NOW)
        clock.now += WAITS[0]
        assert made.turn() == clock.now + WAITS[1]
        clock.now += WAITS[1]
        assert made.turn() is None
        assert (len(bad.received), len(good.received)) == (3, 1)
        keys = {each.headers.get("user-agent") for each in bad.received}
        assert len(keys) == 1
    row, delivered = got(state, number)
    assert row.sent_at == clock.now
    assert delivered["slack"].attempts == 3


def test_what_will_never_work_is_given_up_and_told(state: State, clock: Clock) -> None:
    with receiving(404) as server:
        number = add(state)
        assert sender(state, named(slack=server.url), clock).turn() is None
    row, delivered = got(state, number)
    assert row.sent_at is not None
    assert "it answered 404" in row.error
    assert delivered["slack"].final


def test_it_is_given_up_after_a_day(state: State, clock: Clock) -> None:
    with receiving(500, 500) as server:
        number = add(state)
        made = sender(state, named(slack=server.url), clock)
        made.turn()
        clock.now += GIVEN_UP + 1
        assert made.turn() is None
    assert got(state, number)[1]["slack"].final


def test_what_is_told_again_has_a_day_of_its_own(state: State, clock: Clock) -> None:
    clock.now += 10 * GIVEN_UP
    with receiving(500) as server:
        number = add(state, replace(FAILED, told=1, ordered=clock.now))
        made = sender(state, named(slack=server.url), clock)
        assert made.turn() == clock.now + WAITS[0]
    assert not got(state, number)[1]["slack"].final


@pytest.mark.parametrize("address", ["a@", '"', "é@ü.example", "x\x00@y.example"])
def test_a_setting_that_is_none_stops_no_other_channel(state: State, clock: Clock, address: str) -> None:
    email = {"smtp_host": "127.0.0.1", "smtp_port": 9, "to_emails": [address], "smtp_mail_from": address}
    with receiving() as server:
        settings = read_alert_settings({"email_config": email, "slack_config": {"webhook_url": server.url}}, {})
        number = add(state, replace(FAILED, error="half a \ud800 character"))
        sender(state, lambda _pipeline: settings, clock).turn()
        assert len(server.received) == 1
    row, delivered = got(state, number)
    assert delivered["slack"].sent_at == NOW
    assert delivered["email"].error
    assert "email: " in row.error


def test_a_mistake_of_ours_with_one_channel_makes_no_other_hear_twice(state: State, clock: Clock) -> None:
    with receiving() as server:
        good = named(slack=server.url)("")
        mail = {"smtp_host": "127.0.0.1", "smtp_port": 9, "to_emails": "a@b.example"}
        (email,) = read_alert_settings({"email_config": mail}, {}).channels
        odd = replace(email, settings={**email.settings, "smtp_port": 10**30})  # no number that a socket takes
        number = add(state)
        made = sender(state, lambda _pipeline: replace(good, channels=(odd, *good.channels)), clock)
        assert made.turn() == NOW + WAITS[0]
        clock.now += WAITS[0]
        assert made.turn() == clock.now + WAITS[1]
        assert len(server.received) == 1
        clock.now += GIVEN_UP
        assert made.turn() is None
    row, delivered = got(state, number)
    assert row.error == "email: sending it: OverflowError"
    assert (delivered["slack"].sent_at, delivered["email"].attempts, delivered["email"].final) == (NOW, 3, True)


def test_the_thread_outlives_a_mistake_of_ours(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("penstock.observe.alerts.sender._AWAY", 0.05)
    told: list[int] = []

    def stumbling(number: int) -> None:
        told.append(number)
        if len(told) == 1:
            raise RuntimeError("a mistake of ours")

    with receiving() as server:
        made = Sender(state, named(slack=server.url), told=stumbling)
        made.start()
        first = add(state)
        made.wake()
        server.wait()
        second = add(state, incident="another")
        made.wake()
        server.wait()
        made.close()
    assert sorted(told) == [first, second], "in any order: they go beside one another"


def test_a_silent_server_holds_up_nobody_else(state: State, clock: Clock) -> None:
    with receiving("silent") as bad, receiving() as good:
        numbers = [add(state, replace(FAILED, pipeline=f"p{each}"), f"incident {each}") for each in range(8)]
        settings = {f"p{each}": named(slack=bad.url if not each else good.url)("") for each in range(8)}
        made = sender(state, settings.__getitem__, clock)
        with ThreadPoolExecutor(1) as pool:
            turn = pool.submit(made.turn)
            for _ in range(7):
                good.wait()
            bad.wait()
            assert not turn.done()
            bad.over.set()  # it hangs up
            turn.result()
    assert "127.0.0.1" in got(state, numbers[0])[0].error


def test_a_silent_channel_holds_up_neither_the_others_nor_what_comes_meanwhile(state: State, clock: Clock) -> None:
    with receiving("silent", "silent") as bad, receiving() as good:
        add(state)
        made = sender(state, named(slack=bad.url, webhook=good.url), clock)
        with ThreadPoolExecutor(1) as pool:
            turn = pool.submit(made.turn)
            assert good.wait().json["incident"] == "run|orders|clean|1"
            bad.wait()
            add(state, incident="what comes meanwhile")
            made.wake()
            assert good.wait().json["incident"] == "what comes meanwhile"
            assert not turn.done()
            bad.over.set()  # it hangs up
            turn.result()


def test_a_silent_server_is_left_in_the_end(state: State, clock: Clock) -> None:
    with receiving("silent") as server:
        number = add(state)
        sender(state, named(slack=server.url), clock, 0.2).turn()
        assert "no answer within 0.2 s" in got(state, number)[0].error


def test_a_kill_between_sending_and_writing_down_sends_again_with_the_same_key(state: State, clock: Clock) -> None:
    with receiving() as server:
        number = add(state)
        settings = named(webhook=server.url)
        with state.write() as connection:  # a sender that took it, sent it, and died
            assert state.alerts.due(connection, NOW, NOW + HELD)
        made = sender(state, settings, clock)
        assert made.turn() == NOW + HELD
        assert server.received == []
        clock.now += HELD
        made.turn()
        with state.write() as connection:
            state.alerts.change(connection, number, sent_at=None, due_at=clock.now, payload=FAILED.payload())
        made.turn()
        assert len({each.headers["webhook-id"] for each in server.received}) == 1
        assert len(server.received) == 2


def test_nobody_hears_of_a_recovery_before_the_failure(state: State, clock: Clock) -> None:
    with receiving(503) as server:
        made = sender(state, named(webhook=server.url), clock)
        opened = add(state, closed_at=NOW)
        add(state, replace(FAILED, kind=AlertKind.RECOVERY, opened=opened), closed_at=NOW)
        made.turn()
        assert [each.json["type"] for each in server.received] == ["failure"]
        for _ in range(3):
            clock.now += WAITS[1]
            made.turn()
        assert [each.json["type"] for each in server.received] == ["failure", "failure", "recovery"]


def test_who_has_heard_of_a_failure_hears_of_its_end_though_another_channel_is_dead(state: State, clock: Clock) -> None:
    with receiving(500, 500) as dead, receiving() as good:
        made = sender(state, named(slack=dead.url, webhook=good.url), clock)
        opened = add(state, closed_at=NOW)
        made.turn()
        over = add(state, replace(FAILED, kind=AlertKind.RECOVERY, opened=opened), closed_at=NOW)
        assert made.turn() == NOW + WAITS[0]
        assert [each.json["type"] for each in good.received] == ["failure", "recovery"]
        assert len(dead.received) == 1
        assert got(state, over)[0].sent_at is None
        for wait in WAITS[:3]:  # refused once more, taken, and then the end, which may go with the turn that was taken
            clock.now += wait + 1
            made.turn()
        titles = [each.json["text"] for each in dead.received]
        assert ["works again" in title for title in titles] == [False, False, False, True]
        assert len(good.received) == 2
    assert got(state, over)[0].sent_at in {clock.now, clock.now - WAITS[2] - 1}


def test_what_nobody_wants_is_kept_and_not_sent(state: State, clock: Clock) -> None:
    with receiving() as server:
        silent = replace(named(slack=server.url)(""), occasions=frozenset({Occasion.SUCCESS}))
        number = add(state)
        assert sender(state, lambda _pipeline: silent, clock).turn() is None
        assert server.received == []
    assert got(state, number)[0].sent_at == NOW


def test_an_alert_that_cannot_be_read_stops_no_other(state: State, clock: Clock) -> None:
    with receiving() as server:
        number = add(state)
        with state.write() as connection:
            state.alerts.change(connection, number, payload={"kind": "unknown"})
        add(state, incident="another")
        sender(state, named(slack=server.url), clock).turn()
        assert len(server.received) == 1
    with state.read() as connection:
        row = state.alerts.get(connection, number)
    assert row is not None
    assert "reading the alert" in row.error


def test_an_alert_that_cannot_be_worded_is_told_all_the_same(state: State, clock: Clock) -> None:
    def odd(pipeline: str) -> AlertSettings:
        broken = {"failure": {"title": 7}} if pipeline == "odd" else {}
        return replace(named(webhook=server.url)(""), templates=broken)

    with receiving() as server:
        number = add(state, replace(FAILED, pipeline="odd"), "first")
        add(state, incident="second")
        sender(state, odd, clock).turn()
        told = {each.json["incident"]: each.json for each in server.received}
    assert told["first"]["title"] == "Pipeline odd failed"
    assert told["first"]["link"] == f"https://penstock.example/runs/{FAILED.run}"
    assert "error" in told["second"]
    assert got(state, number)[0].sent_at == NOW


def test_an_alert_that_cannot_be_tried_stops_no_other_and_is_tried_again(state: State, clock: Clock) -> None:
    asked: list[str] = []

    def settings(pipeline: str) -> AlertSettings:
        asked.append(pipeline)
        if asked.count("odd") == 1 and pipeline == "odd":
            raise RuntimeError("a mistake of ours")
        return named(slack=server.url)("")

    with receiving() as server:
        number = add(state, replace(FAILED, pipeline="odd"))
        add(state, incident="another")
        made = sender(state, settings, clock)
        assert made.turn() == NOW + WAITS[0]
        assert len(server.received) == 1
        assert got(state, number)[0].error == "sending it: RuntimeError"
        clock.now += WAITS[0]
        assert made.turn() is None
        assert len(server.received) == 2
    assert got(state, number)[0].error == ""


def test_others_hear_of_an_incident_by_the_name_that_they_know(state: State, clock: Clock) -> None:
    with receiving() as server:
        add(state, replace(FAILED, incident="run|before|clean|1"))
        sender(state, named(webhook=server.url), clock).turn()
        assert server.received[0].json["incident"] == "run|before|clean|1"


def test_two_senders_share_the_work(state: State, clock: Clock) -> None:
    with receiving() as server:
        for each in range(20):
            add(state, incident=f"incident {each}")
        both = [sender(state, named(slack=server.url), clock) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(each.turn) for each in both]:
                done.result()
        assert len(server.received) == 20


def test_the_thread_sends_when_it_is_woken_and_ends(state: State) -> None:
    with receiving() as server:
        told: list[int] = []
        made = Sender(state, named(slack=server.url), told=told.append)
        made.start()
        number = add(state)
        made.wake()
        server.wait()
        made.close()
        assert told == [number]


def test_a_store_that_is_away_is_waited_for(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    from penstock.state.store import open_state

    state = open_state(f"sqlite:///{tmp_path / 'state.db'}")
    add(state)
    away = tmp_path / "away"
    state.close()
    (tmp_path / "state.db").rename(away)
    (tmp_path / "state.db").mkdir()
    with receiving() as server:
        with pytest.raises(StateUnavailableError):
            sender(state, named(slack=server.url), clock).turn()
        monkeypatch.setattr("penstock.observe.alerts.sender._AWAY", 0.05)
        made = Sender(state, named(slack=server.url))
        made.start()
        (tmp_path / "state.db").rmdir()
        away.rename(tmp_path / "state.db")
        server.wait()
        made.close()
    state.close()


def test_what_is_muted_is_told_nobody_and_its_end_neither(state: State, clock: Clock) -> None:
    with state.write() as connection:
        state.mutes.put(connection, Mute(FAILED.pipeline, FAILED.block, NOW + 100), NOW)
    with receiving() as server:
        made = sender(state, named(slack=server.url), clock)
        number = add(state)
        made.turn()
        over = replace(FAILED, kind=AlertKind.RECOVERY, opened=number)
        add(state, over, "run|orders|clean|2")
        made.turn()
        assert server.received == []
        add(state, replace(FAILED, block="load"), "run|orders|load|1")
        made.turn()
        assert len(server.received) == 1
    row, delivered = got(state, number)
    assert (row.sent_at, delivered) == (NOW, {})
    assert fact_of(row.payload).muted_until == NOW + 100


def test_who_has_heard_of_a_failure_before_it_was_muted_hears_of_its_end(state: State, clock: Clock) -> None:
    with receiving(503) as bad, receiving() as good:
        number = add(state)
        made = sender(state, named(slack=bad.url, discord=good.url), clock)
        made.turn()
        with state.write() as connection:
            state.mutes.put(connection, Mute(FAILED.pipeline, FAILED.block, clock.now + 1000), clock.now)
        clock.now += WAITS[0]
        assert made.turn() is None
        assert (len(bad.received), list(got(state, number)[1])) == (1, ["discord"])
        add(state, replace(FAILED, kind=AlertKind.RECOVERY, opened=number), "run|orders|clean|2")
        made.turn()
        assert len(good.received) == 2
