"""Whom alerts may be told to and of what, as `notification_config` says it, and what of that cannot be used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from penstock.config.durations import parse_duration
from penstock.config.environment import parse_flag
from penstock.config.templates import has_marks
from penstock.model.errors import SettingInvalidError


class Occasion(StrEnum):
    """What may be told; the values are those of `alert_on`."""

    FAILURE = "trigger_failure"
    SUCCESS = "trigger_success"
    PASSED_SLA = "trigger_passed_sla"
    RECOVERY = "trigger_recovery"


class ChannelKind(StrEnum):
    """Where a message may go; its settings stand under `<kind>_config`."""

    SLACK = "slack"
    TEAMS = "teams"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    GOOGLE_CHAT = "google_chat"
    EMAIL = "email"
    OPSGENIE = "opsgenie"
    PAGERDUTY = "pagerduty"
    WEBHOOK = "webhook"


DEFAULT_OCCASIONS = frozenset({Occasion.FAILURE, Occasion.PASSED_SLA, Occasion.RECOVERY})
REPEAT_AFTER = 86_400.0
"""Seconds after which an incident that goes on is told again, when the project does not say."""

_ADDRESSED = frozenset(
    {ChannelKind.SLACK, ChannelKind.TEAMS, ChannelKind.DISCORD, ChannelKind.TELEGRAM, ChannelKind.GOOGLE_CHAT}
)
_ADDRESS = {
    ChannelKind.OPSGENIE: ("url", "https://api.opsgenie.com/v2/alerts"),
    ChannelKind.PAGERDUTY: ("url", "https://events.pagerduty.com/v2/enqueue"),
    ChannelKind.WEBHOOK: ("webhook_url", ""),
}
_NEEDED = {ChannelKind.OPSGENIE: "api_key", ChannelKind.PAGERDUTY: "routing_key"}
_SECRETS = frozenset(
    {"webhook_url", "url", "api_key", "routing_key", "smtp_password", "secret", "Authorization", "token"}
)
_STAND_INS: Mapping[str, Any] = {
    "alert_on": "trigger_failure",
    "repeat_after": "1d",
    "smtp_port": 25,
    "smtp_ssl": False,
    "smtp_starttls": True,
}
"""What a text to be filled in may become, by key; an address for the others."""
_HIGHEST_PORT = 65_535
_LONG_STEP = 12
"""Characters from which on a step of an address may be a key."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One place that messages go to. `key` names it: its kind, with a number where there are several."""

    kind: ChannelKind
    key: str
    settings: Mapping[str, Any] = field(repr=False)

    @property
    def address(self) -> str:
        """The URL that is called; empty for e-mail."""
        return str(self.settings.get("address", ""))

    @property
    def secrets(self) -> set[str]:
        """What nobody is to read in what the other side answers: it may repeat what it was sent, and where."""
        found = {*secret_values(self.settings), *secret_values(self.settings.get("headers"), "secret")}
        try:
            parts = urlsplit(self.address)
        except ValueError:
            return found
        asked = [value for _, value in parse_qsl(parts.query)]
        told = [unquote(step) for step in parts.path.split("/") if len(step) >= _LONG_STEP]
        path = parts.path if len(parts.path) >= _LONG_STEP else ""
        return {*found, path, *told, *asked, unquote(path)} - {""}

    @property
    def place(self) -> str:
        """What is reached, by whatever protocol: messages to one place share its pace."""
        return self.address or f"{self.settings.get('smtp_host')}:{self.settings.get('smtp_port')}"


def setting_problems(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What of a `notification_config` cannot be used, as it stands in a file: pairs of a key and a sentence.

    What is filled in when it is read is taken for good, and so is a channel whose keys are all empty: nobody has set
    it up. The words of messages are looked at by `model.alert_words`.
    """
    given = {str(key): _stand_in(value, str(key)) for key, value in data.items()}
    found: list[str] = []
    occasions_of(given.get("alert_on"), found)
    yield from (("alert_on", problem) for problem in found)
    found = []
    repeat_after_of(given.get("repeat_after"), found)
    yield from (("repeat_after", problem) for problem in found)
    for kind in ChannelKind:
        name = f"{kind}_config"
        config = given.get(name)
        if isinstance(config, Mapping) and not any(config.values()):
            continue
        found = []
        list(channels_of({name: config}, found))
        yield from ((name, problem) for problem in found)


def _stand_in(value: Any, key: str) -> Any:
    match value:
        case Mapping():
            return {str(name): _stand_in(each, str(name)) for name, each in value.items()}
        case list():
            return [_stand_in(each, key) for each in value]
        case str() if has_marks(value):
            return _STAND_INS.get(key, "https://filled.in.later")
    return value


def occasions_of(given: Any, problems: list[str]) -> frozenset[Occasion]:
    """What is told, from `alert_on`; a sentence for each name that is none goes to `problems`."""
    if given is None:
        return DEFAULT_OCCASIONS
    names = [str(each) for each in given] if isinstance(given, list | tuple) else [str(given)]
    known = {str(occasion) for occasion in Occasion}
    told = ", ".join(sorted(known))
    problems += [f"alert_on: {name[:40]!r} is none of {told}" for name in names if name not in known]
    found = {Occasion(name) for name in names if name in known}
    # A message is sent once per incident: who hears of failures has to hear when they are over.
    return frozenset(found | {Occasion.RECOVERY}) if Occasion.FAILURE in found else frozenset(found)


def repeat_after_of(given: Any, problems: list[str]) -> float:
    """Seconds after which an incident that goes on is told again, 0 for never."""
    if given is None:
        return REPEAT_AFTER
    if str(given).strip().lower() in {"0", "never", "false"}:
        return 0.0
    try:
        return parse_duration(str(given), name="repeat_after")
    except SettingInvalidError as error:
        problems.append(error.message)
        return REPEAT_AFTER


def channels_of(data: Mapping[str, Any], problems: list[str]) -> Iterator[Channel]:
    """The channels that a `notification_config` sets up; what cannot be used goes to `problems`, in words."""
    for kind in ChannelKind:
        name = f"{kind}_config"
        given = data.get(name)
        if not given:
            continue
        if not isinstance(given, Mapping):
            problems.append(f"{name}: it is no map")
        elif kind is ChannelKind.EMAIL:
            yield from _email(given, problems)
        else:
            yield from _called(kind, given, problems)


def _called(kind: ChannelKind, given: Mapping[str, Any], problems: list[str]) -> Iterator[Channel]:
    name, default = ("webhook_url", "") if kind in _ADDRESSED else _ADDRESS[kind]
    needed = _NEEDED.get(kind)
    if needed and not str(given.get(needed) or "").strip():
        problems.append(f"{kind}_config: {needed} is missing or empty")
        return
    addresses = given.get(name) or (given.get("url") if kind is ChannelKind.WEBHOOK else None) or default
    listed = addresses if isinstance(addresses, list) else [addresses]
    texts = [str(each).strip() for each in listed if str(each or "").strip()]
    if not texts:
        problems.append(f"{kind}_config: {name} is missing or empty")
    for number, address in enumerate(texts, 1):
        if not address.lower().startswith(("http://", "https://")):
            problems.append(f"{kind}_config: {name} is no address that begins with http:// or https://")
            continue
        if not _has_place(address):
            problems.append(f"{kind}_config: {name} has no host, or a port that is none")
            continue
        key = str(kind) if len(texts) == 1 else f"{kind} {number}"
        yield Channel(kind, key, {**given, "address": address})


def _has_place(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _email(given: Mapping[str, Any], problems: list[str]) -> Iterator[Channel]:
    to = given.get("to_emails")
    listed = to if isinstance(to, list) else str(to or "").replace(";", ",").split(",")
    receivers = [str(each).strip() for each in listed if str(each or "").strip()]
    host = str(given.get("smtp_host") or "").strip()
    if not host or not receivers:
        problems.append(f"email_config: {'to_emails' if host else 'smtp_host'} is missing or empty")
        return
    settings: dict[str, Any] = {**given, "smtp_host": host, "to_emails": receivers}
    try:
        settings["smtp_ssl"] = _flag(given.get("smtp_ssl"), "smtp_ssl", default=False)
        settings["smtp_starttls"] = _flag(given.get("smtp_starttls"), "smtp_starttls", default=True)
        settings["smtp_port"] = int(given.get("smtp_port") or (465 if settings["smtp_ssl"] else 587))
    except (SettingInvalidError, ValueError, TypeError, OverflowError) as error:
        problems.append(f"email_config: {error}")
        return
    if not 0 < settings["smtp_port"] <= _HIGHEST_PORT:
        problems.append(f"email_config: smtp_port is none of 1 to {_HIGHEST_PORT}")
        return
    if not settings.get("smtp_mail_from"):
        settings["smtp_mail_from"] = settings.get("smtp_user") or receivers[0]
    yield Channel(ChannelKind.EMAIL, str(ChannelKind.EMAIL), settings)


def _flag(given: Any, name: str, *, default: bool) -> bool:
    if given is None or isinstance(given, bool):
        return default if given is None else given
    return parse_flag(str(given), name=name)


def secret_values(data: Any, key: str = "") -> Iterator[str]:
    """The secret values: those below keys that say so, and all of a map whose `key` does."""
    match data:
        case Mapping():
            for name, value in data.items():
                yield from secret_values(value, key if key in _SECRETS else str(name))
        case list():
            for value in data:
                yield from secret_values(value, key)
        case str() | int() | float() if key in _SECRETS and not isinstance(data, bool) and str(data).strip():
            yield str(data).strip()
