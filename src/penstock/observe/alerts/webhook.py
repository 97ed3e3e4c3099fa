"""Messages for a program: JSON with everything that is known, signed as the Standard Webhooks specification says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from penstock.config.alert_channels import Channel
from penstock.observe.alerts.posts import Post
from penstock.observe.alerts.texts import Message

_PREFIX = "whsec_"


def webhook(message: Message, channel: Channel, clock: Callable[[], float] = time.time) -> Post:
    """The request for that message; with `secret` it carries a signature over its id, its time and its body."""
    body = body_of(message)
    content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    stamp = str(int(clock()))
    given = channel.settings.get("headers")
    headers = {str(name): _line(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    headers |= {"webhook-id": message.key, "webhook-timestamp": stamp}
    if secret := str(channel.settings.get("secret") or ""):
        headers["webhook-signature"] = signature(secret, message.key, stamp, content)
    return Post(channel.address, body, headers, content)


def signature(secret: str, identity: str, stamp: str, content: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of `id.timestamp.body`; a secret that begins with `whsec_` is base64."""
    key = secret.encode()
    if secret.startswith(_PREFIX):
        try:
            key = base64.b64decode(secret[len(_PREFIX) :], validate=True)
        except ValueError:
            key = secret.encode()
    signed = f"{identity}.{stamp}.".encode() + content
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def body_of(message: Message) -> dict[str, Any]:
    """Everything about the message; `incident` is the same from the first failure to the recovery."""
    fact = message.fact
    return {
        "id": message.key,
        "type": str(message.kind),
        "incident": message.incident,
        "title": message.title,
        "summary": message.summary,
        "details": message.details,
        "link": message.link,
        "at": message.at,
        "pipeline": fact.pipeline,
        "run": fact.last_run or fact.run,
        "trigger": fact.trigger,
        "block": fact.block,
        "error": fact.error,
        "error_class": fact.error_class,
        "file": fact.file,
        "line": fact.line,
        "repeats": fact.repeats,
        "execution_date": _number(fact.execution_date),
        "started": fact.started,
        "ended": fact.ended,
    }


def _number(value: float | None) -> float | None:
    # JSON has no infinity, and who reads it refuses the whole message.
    return value if value is not None and math.isfinite(value) else None


def _line(value: object) -> str:
    return " ".join(str(value).split())
