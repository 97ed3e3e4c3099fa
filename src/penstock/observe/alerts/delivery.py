"""One message to one channel: made in the form that the other side wants, and handed over."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from penstock.config.alert_channels import Channel, ChannelKind
from penstock.observe.alerts import chat, mail, paging, posts, webhook
from penstock.observe.alerts.redact import redacted
from penstock.observe.alerts.texts import Message

Made = TypeVar("Made")

_ODD = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError, OSError)

_POSTS: dict[ChannelKind, Callable[[Message, Channel], posts.Post]] = {
    ChannelKind.SLACK: chat.slack,
    ChannelKind.TEAMS: chat.teams,
    ChannelKind.DISCORD: chat.discord,
    ChannelKind.TELEGRAM: chat.telegram,
    ChannelKind.GOOGLE_CHAT: chat.google_chat,
    ChannelKind.OPSGENIE: paging.opsgenie,
    ChannelKind.PAGERDUTY: paging.pagerduty,
    ChannelKind.WEBHOOK: webhook.webhook,
}


def deliver(message: Message, channel: Channel, *, deadline: float = posts.DEADLINE) -> None:
    """Send a message to a channel. Blocks for `deadline` seconds at most, for each step of e-mail.

    Raises:
        posts.DeliveryError: it was not taken.
    """

    def hide(text: str) -> str:
        return redacted(text, channel.secrets)

    if channel.kind is ChannelKind.EMAIL:
        mail.send(_made(mail.email, message, channel), deadline=deadline, hide=hide)
    else:
        posts.send(_made(_POSTS[channel.kind], message, channel), deadline=deadline, hide=hide)


def _made(make: Callable[[Message, Channel], Made], message: Message, channel: Channel) -> Made:
    try:
        return make(message, channel)
    except _ODD as error:  # what settings may hold is anybody's guess
        name = type(error).__name__
        raise posts.DeliveryError(
            f"making the message for {channel.key}: {name}; one of its settings cannot be used", final=True
        ) from error
