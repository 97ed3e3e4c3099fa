"""From rows of alerts and their settings to what pages show; secrets never among it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.config.alert_channels import ChannelKind, Occasion
from penstock.config.templates import has_marks
from penstock.observe.alerts.facts import Delivery, fact_or_none
from penstock.observe.alerts.posts import host_of
from penstock.observe.alerts.settings import AlertSettings
from penstock.observe.alerts.texts import variables
from penstock.project.layout import METADATA
from penstock.server.projects.plain import to_plain
from penstock.server.schema.alerts import (
    AlertDetail,
    AlertSettingsDetail,
    ChannelDetail,
    ChannelField,
    DeliveryDetail,
)
from penstock.state.rows import AlertRow

SECRET, TEXT, FLAG, NUMBER, LIST = "secret", "text", "boolean", "number", "list"

FIELDS: Mapping[ChannelKind, tuple[tuple[str, str, str], ...]] = {
    ChannelKind.SLACK: (("webhook_url", SECRET, "Address of the incoming webhook"),),
    ChannelKind.TEAMS: (("webhook_url", SECRET, "Address of the workflow or connector"),),
    ChannelKind.DISCORD: (("webhook_url", SECRET, "Address of the webhook"),),
    ChannelKind.TELEGRAM: (
        ("webhook_url", SECRET, "https://api.telegram.org/bot<token>/sendMessage?chat_id=<id>"),
        ("chat_id", TEXT, "Chat, where the address names none"),
    ),
    ChannelKind.GOOGLE_CHAT: (("webhook_url", SECRET, "Address of the space's webhook"),),
    ChannelKind.EMAIL: (
        ("smtp_host", TEXT, "Mail server"),
        ("smtp_port", NUMBER, "Port; 587, or 465 with smtp_ssl"),
        ("smtp_mail_from", TEXT, "Sender"),
        ("smtp_user", TEXT, "Login"),
        ("smtp_password", SECRET, "Password"),
        ("smtp_starttls", FLAG, "Encrypt by STARTTLS"),
        ("smtp_ssl", FLAG, "Encrypt from the start"),
        ("to_emails", LIST, "Receivers"),
    ),
    ChannelKind.OPSGENIE: (
        ("url", TEXT, "Address; the public one by default"),
        ("api_key", SECRET, "Key of the integration"),
        ("priority", TEXT, "P1 to P5"),
        ("tags", LIST, "Tags"),
    ),
    ChannelKind.PAGERDUTY: (
        ("routing_key", SECRET, "Integration key"),
        ("severity", TEXT, "critical, error, warning or info"),
        ("url", TEXT, "Address; the public one by default"),
    ),
    ChannelKind.WEBHOOK: (
        ("webhook_url", TEXT, "Address that gets the JSON"),
        ("secret", SECRET, "Secret of the signature"),
    ),
}
"""The settings of each channel: key, kind, what it is."""


def shown_alert(row: AlertRow) -> AlertDetail:
    """An alert with how each of its deliveries stands."""
    fact = fact_or_none(row.payload)
    state = "pending" if row.sent_at is None else "failed" if row.error else "sent"
    if fact is None:
        return AlertDetail(row.id, row.kind, row.incident, row.pipeline, state, row.created_at, error=row.error)
    if state == "sent" and not fact.delivered:
        state = "muted" if fact.muted_until else "kept"
    return AlertDetail(
        row.id,
        row.kind,
        row.incident,
        row.pipeline,
        state,
        row.created_at,
        closed=row.closed_at,
        run=fact.last_run or fact.run or None,
        first_run=fact.run or None,
        trigger=fact.trigger,
        block=fact.block,
        text=fact.error,
        place=fact.place,
        hint=fact.hint,
        repeats=fact.repeats,
        last=fact.last_at or row.created_at,
        attempts=row.attempts,
        due=row.due_at if row.sent_at is None else None,
        error=row.error,
        muted_until=fact.muted_until or None,
        deliveries=[_delivery(key, each) for key, each in fact.delivered.items()],
    )


def _delivery(channel: str, delivery: Delivery) -> DeliveryDetail:
    state = "sent" if delivery.sent_at is not None else "failed" if delivery.final else "pending"
    return DeliveryDetail(channel, state, delivery.sent_at, delivery.attempts, delivery.error)


def shown_settings(
    config: Mapping[str, Any], settings: AlertSettings, revision: str, address: str
) -> AlertSettingsDetail:
    """The settings as a form; what stands in the file as a template is shown, a plain secret is not."""
    templates = config.get("message_templates")
    return AlertSettingsDetail(
        alert_on=sorted(settings.occasions),
        occasions=list(Occasion),
        channels=[_channel(kind, config.get(f"{kind}_config"), settings) for kind in ChannelKind],
        templates=to_plain(templates) if isinstance(templates, Mapping) else {},
        variables=variables(),
        repeat_after=settings.repeat_after,
        address=address,
        problems=list(settings.problems),
        file=METADATA,
        revision=revision,
    )


def _channel(kind: ChannelKind, given: Any, settings: AlertSettings) -> ChannelDetail:
    config = given if isinstance(given, Mapping) else {}
    working = [each for each in settings.channels if each.kind is kind]
    fields = [
        ChannelField(key, what, words, set=config.get(key) not in {None, ""} if _plain(config.get(key)) else True,
                     value=_value(what, config.get(key)))
        for key, what, words in FIELDS[kind]
    ]  # fmt: skip
    hosts = [host_of(each.address) if each.address else str(each.settings.get("smtp_host", "")) for each in working]
    return ChannelDetail(str(kind), bool(config), [each.key for each in working], hosts, fields)


def _plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == SECRET:
        texts = value if isinstance(value, list) else [value]
        return to_plain(value) if all(has_marks(str(text)) for text in texts) else None
    return to_plain(value)
