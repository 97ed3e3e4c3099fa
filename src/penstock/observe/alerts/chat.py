"""Messages for chats: Slack (and Mattermost, which takes its form), Teams, Discord, Telegram, Google Chat."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from penstock.config.alert_channels import Channel
from penstock.observe.alerts.posts import Post
from penstock.observe.alerts.texts import Message

_SLACK_TEXT, _DISCORD_TEXT, _TEAMS_TEXT, _PLAIN_TEXT = 2800, 3500, 8000, 3500
"""Characters that the other side takes, with room for what stands around them."""


def slack(message: Message, channel: Channel) -> Post:
    """A line with an attachment in the colour of the message."""
    attachment: dict[str, Any] = {
        "color": f"#{message.colour}",
        "fallback": _plain(message)[:_SLACK_TEXT],
        "title": _slack(message.title),
        "text": _slack(message.summary)
        + (f"\n```{_slack(_cut(message.details, _SLACK_TEXT))}```" if message.details else ""),
        "fields": [{"title": label, "value": _slack(value), "short": True} for label, value in message.fields],
        "mrkdwn_in": ["text"],
        "ts": int(message.at),
    }
    if message.link:
        attachment["title_link"] = message.link
    return Post(channel.address, {"text": _slack(message.title), "attachments": [attachment]})


def teams(message: Message, channel: Channel) -> Post:
    """An adaptive card, which workflows and the older connectors both take."""
    body: list[dict[str, Any]] = [
        {
            "type": "TextBlock",
            "text": message.title,
            "weight": "Bolder",
            "size": "Medium",
            "wrap": True,
            "color": "Attention" if message.bad else "Good",
        },
        {"type": "TextBlock", "text": _cut(message.summary, _TEAMS_TEXT), "wrap": True},
        {"type": "FactSet", "facts": [{"title": label, "value": value} for label, value in message.fields]},
    ]
    if message.details:
        text = _cut(message.details, _TEAMS_TEXT)
        body.append({"type": "TextBlock", "text": text, "wrap": True, "fontType": "Monospace"})
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if message.link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open the run", "url": message.link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return Post(channel.address, {"type": "message", "attachments": [attachment]})


def discord(message: Message, channel: Channel) -> Post:
    """An embed; nobody is mentioned, whatever an error says."""
    text = message.summary + (
        f"\n```\n{_unfenced(_cut(message.details, _DISCORD_TEXT))}\n```" if message.details else ""
    )
    embed: dict[str, Any] = {
        "title": message.title[:256],
        "description": text[:4096],
        "color": int(message.colour, 16),
        "fields": [{"name": label, "value": value[:1024], "inline": True} for label, value in message.fields],
        "timestamp": datetime.fromtimestamp(message.at, UTC).isoformat(),
    }
    if message.link:
        embed["url"] = message.link
    return Post(channel.address, {"embeds": [embed], "allowed_mentions": {"parse": []}})


def telegram(message: Message, channel: Channel) -> Post:
    """Plain text to the address of sendMessage; the chat stands in the address, or under `chat_id`."""
    body: dict[str, Any] = {"text": _cut(_plain(message), _PLAIN_TEXT), "disable_web_page_preview": True}
    if channel.settings.get("chat_id"):
        body["chat_id"] = str(channel.settings["chat_id"])
    return Post(channel.address, body)


def google_chat(message: Message, channel: Channel) -> Post:
    """Plain text; what belongs to one incident goes into one thread."""
    body = {"text": _cut(_plain(message), _PLAIN_TEXT), "thread": {"threadKey": message.incident}}
    return Post(channel.address, body)


def _plain(message: Message) -> str:
    """The whole message as text."""
    facts = "\n".join(f"{label}: {value}" for label, value in message.fields)
    head = f"{message.title}\n{message.summary}"
    link = f"\n{message.link}" if message.link else ""
    return f"{head}\n{facts}{link}" + (f"\n\n{message.details}" if message.details else "")


def _slack(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("```", "'''")


def _unfenced(text: str) -> str:
    return text.replace("```", "'''")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 2]} …"
