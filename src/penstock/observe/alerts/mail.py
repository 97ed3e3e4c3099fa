"""Messages as e-mail: text and HTML, over SMTP with STARTTLS, with TLS from the start, or with neither."""

from __future__ import annotations

import hashlib
import smtplib
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from html import escape
from typing import Any

from penstock.config.alert_channels import Channel
from penstock.observe.alerts.posts import DeliveryError, Watched
from penstock.observe.alerts.redact import redacted
from penstock.observe.alerts.texts import Message

DEADLINE = 15.0
"""Seconds that each step of the conversation may take."""
_STEPS = 4
"""As many such steps at their slowest are waited for; servers may be slow on purpose, but not at each."""
_FOREVER = 500
"""Codes from here on say that another try would end the same way."""


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail with the server that takes it."""

    host: str
    port: int
    sender: str
    receivers: Sequence[str]
    content: EmailMessage
    tls: bool
    starttls: bool
    user: str = ""
    password: str = field(default="", repr=False)


def email(message: Message, channel: Channel) -> Mail:
    """The e-mail of a message; those of one incident make one conversation in a mail program."""
    settings = channel.settings
    sender = _address(str(settings["smtp_mail_from"]))
    receivers = [_address(each) for each in settings["to_emails"]]
    made = EmailMessage()
    made["Subject"] = message.title
    made["From"] = sender
    made["To"] = ", ".join(receivers)
    made["Date"] = format_datetime(datetime.fromtimestamp(message.at, UTC))
    made["Message-ID"] = f"<{_digest(message.key)}@alerts.penstock>"
    made["References"] = f"<{_digest(message.incident)}@incidents.penstock>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(_text(message))
    made.add_alternative(_html(message), subtype="html")
    return Mail(
        settings["smtp_host"],
        settings["smtp_port"],
        parseaddr(sender)[1],
        [parseaddr(each)[1] for each in receivers],
        made,
        tls=bool(settings["smtp_ssl"]),
        starttls=bool(settings["smtp_starttls"]) and not settings["smtp_ssl"],
        user=str(settings.get("smtp_user") or ""),
        password=str(settings.get("smtp_password") or ""),
    )


def send(mail: Mail, *, deadline: float = DEADLINE, hide: Callable[[str], str] = redacted) -> None:
    """Hand it to its server.

    Args:
        mail: what goes where.
        deadline: seconds that each step may take, and a fourth of what all of them may.
        hide: takes secrets out of what the server answers.

    Raises:
        DeliveryError: the server was not reached, refused, or cannot do what was asked (TLS, login).
    """
    where = f"{mail.host}:{mail.port}"
    watched = Watched(_STEPS * deadline)
    try:
        with watched:
            server = _connected(mail, deadline, watched)
            try:
                if mail.starttls:
                    server.starttls(context=ssl.create_default_context())
                if mail.user:
                    server.login(mail.user, mail.password)
                refused = server.send_message(mail.content, mail.sender, list(mail.receivers))
            finally:
                with suppress(smtplib.SMTPException, OSError, ValueError):  # who has the message keeps it all the same
                    server.quit()
    except (smtplib.SMTPException, OSError, ValueError) as error:
        if watched.passed:
            raise DeliveryError(f"{where}: not done within {watched.seconds:g} s") from error
        words, final = _told(error, deadline, hide)
        raise DeliveryError(f"{where}: {words}", final=final) from error
    if refused:
        raise DeliveryError(f"{where}: it refused {', '.join(sorted(refused))}", final=True)


def _told(error: Exception, deadline: float, hide: Callable[[str], str]) -> tuple[str, bool]:
    """What an error of a conversation says, and whether another would end the same way."""
    match error:
        case smtplib.SMTPNotSupportedError():
            return _refusal(error), True
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return "it refused every receiver", min(code for code, _text in recipients.values()) >= _FOREVER
        case smtplib.SMTPResponseException(smtp_code=code, smtp_error=said):
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
            return f"it answered {code} ({hide(' '.join(str(text).split()))[:200]})", code >= _FOREVER
        case ssl.SSLError():
            return f"TLS failed: {error.reason or error}", False
        case TimeoutError():
            return f"no answer within {deadline:g} s", False
    cause = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return hide(cause), isinstance(error, ValueError)


def _connected(mail: Mail, deadline: float, watched: Watched) -> smtplib.SMTP:
    class Plain(smtplib.SMTP):
        def connect(self, *given: Any, **named: Any) -> tuple[int, bytes]:
            watched.watch(self)
            return super().connect(*given, **named)

    class Safe(smtplib.SMTP_SSL):
        def connect(self, *given: Any, **named: Any) -> tuple[int, bytes]:
            watched.watch(self)
            return super().connect(*given, **named)

    if mail.tls:
        return Safe(mail.host, mail.port, timeout=deadline, context=ssl.create_default_context())
    return Plain(mail.host, mail.port, timeout=deadline)


def _refusal(error: smtplib.SMTPNotSupportedError) -> str:
    text = str(error)
    if "STARTTLS" in text:
        return "it offers no STARTTLS; set smtp_starttls: false, or smtp_ssl: true on its TLS port"
    return text or "it cannot do what was asked"


def _address(text: str) -> str:
    """An address in one line, its name kept."""
    name, address = parseaddr(" ".join(text.split()))
    return formataddr((name, address)) if address else " ".join(text.split())


def _text(message: Message) -> str:
    facts = "\n".join(f"{label}: {value}" for label, value in message.fields)
    parts = [message.summary, facts, message.link, message.details]
    return "\n\n".join(part for part in parts if part) + "\n"


def _html(message: Message) -> str:
    rows = "".join(
        f"<tr><td style='padding-right:12px;color:#666'>{escape(label)}</td><td>{escape(value)}</td></tr>"
        for label, value in message.fields
    )
    link = f"<p><a href='{escape(message.link, quote=True)}'>Open the run</a></p>" if message.link else ""
    details = f"<pre style='white-space:pre-wrap'>{escape(message.details)}</pre>" if message.details else ""
    head = f"<p style='border-left:4px solid #{message.colour};padding-left:8px'>{escape(message.summary)}</p>"
    return f"<h3>{escape(message.title)}</h3>{head}<table>{rows}</table>{link}{details}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:32]
