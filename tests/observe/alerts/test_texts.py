"""Templates, links, incidents, secrets."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from penstock.model.alert_words import VARIABLES
from penstock.observe.alerts.facts import AlertKind, Fact, error_fields, fact_of
from penstock.observe.alerts.incident import failure_incident, fingerprint, late_incident, of_renamed
from penstock.observe.alerts.redact import redacted
from penstock.observe.alerts.settings import read_alert_settings
from penstock.observe.alerts.texts import moment, variables
from penstock.observe.alerts.webhook import body_of
from tests.observe.alerts.facts import FAILED, said


def test_the_variables_of_mage_and_ours_are_filled_in() -> None:
    text = (
        "{pipeline_uuid}|{pipeline_run_url}|{pipeline_schedule_id}|{pipeline_schedule_name}|"
        "{pipeline_schedule_description}|{execution_time}|{error}|{block_uuid}|{place}|{unknown}|{}|{{x}}"
    )
    settings = read_alert_settings(
        {"message_templates": {"failure": {"title": "!{pipeline_uuid}", "summary": text, "details": "{stacktrace}"}}},
        {},
    )
    message = said(FAILED, settings)
    assert message.title == "!shop/orders"
    assert message.summary == (
        "shop/orders|https://penstock.example/runs/20231114T221320-abc|7|daily|every morning|2023-11-14 00:00:00 UTC|"
        "KeyError: 'flights' <b> & co|clean|transformers/clean.py:12|{unknown}|{}|{{x}}"
    )
    assert message.details.startswith("Traceback")


def test_what_is_checked_is_what_is_filled_in() -> None:
    assert sorted(VARIABLES) == variables()


def test_values_are_not_templates_themselves() -> None:
    message = said(replace(FAILED, error="{pipeline_uuid} {stacktrace}"))
    assert message.summary == "{pipeline_uuid} {stacktrace}"


def test_what_repeats_says_how_often() -> None:
    message = said(replace(FAILED, repeats=4))
    assert "It has happened 5 times since 2023-11-14 22:13:20 UTC." in message.details


def test_each_kind_has_words() -> None:
    for kind in AlertKind:
        message = said(replace(FAILED, kind=kind))
        assert message.title
        assert "{" not in message.title + message.summary


@pytest.mark.parametrize("date", [1.7e12, 1e300, -1e12, float("nan"), float("inf")])
def test_a_date_that_no_calendar_has_is_told_as_a_number(date: float) -> None:
    message = said(replace(FAILED, execution_date=date))
    assert ("Execution time", f"{date:g} s since 1970") in message.fields
    assert moment(date) == f"{date:g} s since 1970"
    json.dumps(body_of(message), allow_nan=False)


@pytest.mark.parametrize("base", ["https://x.example/base/", "https://x.example/base"])
def test_links_are_below_the_base(base: str) -> None:
    assert said(replace(FAILED, last_run="a/b c"), base=base).link == "https://x.example/base/runs/a%2Fb%20c"
    assert said(base="").link == ""


def test_a_fact_survives_the_store() -> None:
    assert fact_of(json.loads(json.dumps(FAILED.payload()))) == FAILED
    for broken in ({}, {"kind": "nothing", "pipeline": "p", "at": 1}, {"kind": "failure", "pipeline": 3, "at": "x"}):
        with pytest.raises(ValueError, match=r"(?i)expected|missing|invalid"):
            fact_of(broken)


@pytest.mark.parametrize(
    "coloured",
    [
        "\x1b[1;31mred\x1b[0m",
        "\x1b]8;;https://x.example\x07red\x1b]8;;\x1b\\",
        "\x1b[2K\x1b[1Gr\x00e\x08d",
        "\x9b31mred\x1b7",
    ],
)
def test_what_only_a_terminal_reads_is_left_out(coloured: str) -> None:
    failure = {"kind": "E", "message": f"a {coloured} line", "traceback": f"one\n\t{coloured}", "hint": coloured}
    found = error_fields(failure, "")
    assert (found["error"], found["traceback"], found["hint"]) == ("E: a red line", "one\n\tred", "red")
    assert error_fields(None, coloured)["error"] == "red"
    assert said(replace(FAILED, error=coloured)).summary == "red"


def test_a_secret_in_colours_is_found() -> None:
    assert redacted("my-own\x1b[31m-secret", ["my-own-secret"]) == "***"


def test_errors_that_differ_in_numbers_alone_are_one_incident() -> None:
    one = "no row 17 in /tmp/a1/b.csv at 2024-01-02T03:04:05 for 0x7f00 id 123e4567-e89b-12d3-a456-426614174000"
    two = "no row 9,000 in /tmp/zz/c.csv at 2025-11-12T13:14:15 for 0x9a id 00000000-0000-0000-0000-000000000000"
    assert fingerprint("KeyError", one) == fingerprint("KeyError", two)
    assert fingerprint("KeyError", one) != fingerprint("ValueError", one)
    assert fingerprint("KeyError", "no column a") != fingerprint("KeyError", "no column b")


def test_names_of_incidents_are_short_and_distinct() -> None:
    names = {failure_incident("p" * 500 + end, "b" * 500, "E", "m") for end in "xy"}
    assert len(names) == 2
    assert all(len(name) <= 240 for name in names)


def test_a_renamed_pipeline_names_its_incidents_anew() -> None:
    assert of_renamed(failure_incident("a", "b", "E", "m", 3), "a", "z") == failure_incident("z", "b", "E", "m", 3)
    assert of_renamed(late_incident("a", "daily"), "a", "z" * 300) == late_incident("z" * 300, "daily")
    for other in (late_incident("ab", "daily"), "success|a", late_incident("a", "d" * 300)):
        assert of_renamed(other, "a", "z") == other


def test_the_innermost_line_of_the_project_is_told() -> None:
    frames = [
        {"file": "/srv/shop/transformers/clean.py", "line": 3, "own": True},
        {"file": "/srv/shop/utils/rows.py", "line": 9, "own": True},
        {"file": "/usr/lib/pandas/core.py", "line": 100, "own": False},
    ]
    found = error_fields({"kind": "KeyError", "message": "'a'\nmore", "frames": frames}, "", root="/srv/shop")
    assert (found["file"], found["line"], found["error"]) == ("utils/rows.py", 9, "KeyError: 'a'")
    assert Fact(AlertKind.FAILURE, "p", 0.0, **found).place == "utils/rows.py:9"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgresql://ann:hunter2@db:5432/x", "hunter2"),
        ("redis://:hunter2@cache", "hunter2"),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
        ('{"api_key": "k-123456", "n": 1}', "k-123456"),
        ("PASSWORD=hunter2 next", "hunter2"),
        ("secret_access_key = 'wJalr/XUtn'", "wJalr"),
        ("AKIAIOSFODNN7EXAMPLE", "IOSFODNN"),
        ("ghp_0123456789012345678901234567890123456", "0123456"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIabc\n-----END RSA PRIVATE KEY-----", "MIIabc"),
        ("-----BEGIN PRIVATE KEY-----\nMIIabc cut off", "MIIabc"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, secret: str) -> None:
    assert secret in text
    assert secret not in redacted(text)


def test_ordinary_words_stay() -> None:
    text = "KeyError: 'flights' in transformers/clean.py:12; see https://penstock.example/runs/1"
    assert redacted(text, {"", "a", "clean"}) == text
