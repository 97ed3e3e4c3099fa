"""A failed run, as alerts tell of it."""

from __future__ import annotations

from typing import Any

from penstock.config.alert_channels import Channel, ChannelKind
from penstock.observe.alerts.facts import AlertKind, Fact
from penstock.observe.alerts.settings import AlertSettings, read_alert_settings
from penstock.observe.alerts.texts import Message, worded

FAILED = Fact(
    AlertKind.FAILURE,
    "shop/orders",
    1_700_000_000.0,
    run="20231114T221320-abc",
    trigger="daily",
    trigger_id=7,
    description="every morning",
    state="failed",
    block="clean",
    error="KeyError: 'flights' <b> & co",
    error_class="KeyError",
    hint="Look at the column's name.",
    file="transformers/clean.py",
    line=12,
    traceback="Traceback (most recent call last):\n  ...\nKeyError: 'flights'",
    execution_date=1_699_920_000.0,
    started=1_700_000_000.0,
    ended=1_700_000_004.0,
    seconds=4.0,
    last_run="20231114T221320-abc",
    last_at=1_700_000_004.0,
    affected=("7",),
)
NOTHING = AlertSettings()


def said(fact: Fact = FAILED, settings: AlertSettings = NOTHING, base: str = "https://penstock.example") -> Message:
    return worded(fact, settings, incident="run|orders|clean|1", key="penstock-3-0", base=base, project="shop")


def channel(kind: ChannelKind, **settings: Any) -> Channel:
    """The channel that the project's file would name so."""
    found = read_alert_settings({f"{kind}_config": settings}, {})
    assert not found.problems
    return found.channels[0]
