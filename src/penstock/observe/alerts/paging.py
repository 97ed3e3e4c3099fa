"""Messages for those who are on call: Opsgenie and PagerDuty. A recovery closes what the failure has opened."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from penstock.config.alert_channels import Channel
from penstock.observe.alerts.posts import Post
from penstock.observe.alerts.texts import Message


def opsgenie(message: Message, channel: Channel) -> Post:
    """An alert whose alias is the incident, or the end of that alert."""
    settings = channel.settings
    headers = {"Authorization": f"GenieKey {settings['api_key']}"}
    alias = _name(message.incident)
    if message.closes:
        address = f"{channel.address.rstrip('/')}/{quote(alias, safe='')}/close?identifierType=alias"
        return Post(address, {"source": "Penstock", "note": message.summary[:1000]}, headers)
    given = settings.get("details")
    details = {str(name): str(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    body: dict[str, Any] = {
        "message": message.title[:130],
        "alias": alias,
        "description": _described(message)[:15000],
        "priority": str(settings.get("priority") or ("P3" if message.bad else "P5")),
        "source": "Penstock",
        "entity": message.fact.pipeline[:512],
        "details": {**details, **dict(message.fields), **({"link": message.link} if message.link else {})},
    }
    if settings.get("responders"):
        body["responders"] = settings["responders"]
    if settings.get("tags"):
        tags = settings["tags"]
        body["tags"] = [str(tag) for tag in tags] if isinstance(tags, list) else str(tags).split(",")
    return Post(channel.address, body, headers)


def pagerduty(message: Message, channel: Channel) -> Post:
    """An event that triggers or resolves the incident; what is no incident is none there either, only information."""
    settings = channel.settings
    body: dict[str, Any] = {
        "routing_key": str(settings["routing_key"]),
        "event_action": "resolve" if message.closes else "trigger",
        "dedup_key": _name(message.incident),
    }
    if not message.closes:
        body |= {
            "client": "Penstock",
            "payload": {
                "summary": f"{message.title}: {message.summary}"[:1024],
                "source": message.fact.pipeline or "Penstock",
                "severity": str(settings.get("severity") or ("error" if message.bad else "info")),
                "timestamp": datetime.fromtimestamp(message.at, UTC).isoformat(),
                "component": message.fact.block,
                "class": message.fact.error_class or str(message.kind),
                "custom_details": {**dict(message.fields), "details": message.details[:4000]},
            },
        }
        if message.link:
            body["client_url"] = message.link
            body["links"] = [{"href": message.link, "text": "Open the run"}]
    return Post(channel.address, body)


def _described(message: Message) -> str:
    return message.lines + (f"\n\n{message.link}" if message.link else "")


def _name(incident: str) -> str:
    """The incident in a form that every one of them takes as a key: at most 255 characters of ASCII."""
    return f"penstock-{hashlib.sha256(incident.encode('utf-8', 'replace')).hexdigest()[:32]}"
