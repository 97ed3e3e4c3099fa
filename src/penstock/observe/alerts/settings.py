"""Whom to tell about what: `notification_config` of the project, with a pipeline's keys over it.

Mage's keys are read as they are; ours stand beside them. Reading is tolerant: what cannot be used is a problem in
words, and the other channels work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from penstock.config.durations import parse_duration
from penstock.config.environment import parse_flag
from penstock.model.alert_words import template_mistakes
from penstock.model.errors import SettingInvalidError
from penstock.observe.alerts.facts import AlertKind


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


ON_CALL = frozenset({ChannelKind.OPSGENIE, ChannelKind.PAGERDUTY})
"""Where a message opens an incident that somebody has to close."""
_OPENING = frozenset({Occasion.FAILURE, Occasion.PASSED_SLA})
DEFAULT_OCCASIONS = frozenset({Occasion.FAILURE, Occasion.PASSED_SLA, Occasion.RECOVERY})
_OCCASIONS = {
    AlertKind.FAILURE: Occasion.FAILURE,
    AlertKind.TRIGGER: Occasion.FAILURE,
    AlertKind.SUCCESS: Occasion.SUCCESS,
    AlertKind.PASSED_SLA: Occasion.PASSED_SLA,
    AlertKind.RECOVERY: Occasion.RECOVERY,
}
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
        found = {*_secrets(self.settings), *_secrets(self.settings.get("headers"), "secret")}
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


@dataclass(frozen=True, slots=True)
class AlertSettings:
    """What to tell, in which words, to whom. `problems` say what of the configuration could not be used.

    `templates` are texts by occasion (`failure`, `success`, `passed_sla`, `recovery`) and part (`title`, `summary`,
    `details`); `repeat_after` is in seconds, 0 for never; `secrets` are values that no message may show.
    """

    occasions: frozenset[Occasion] = DEFAULT_OCCASIONS
    channels: tuple[Channel, ...] = ()
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    repeat_after: float = REPEAT_AFTER
    problems: tuple[str, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def wants(self, occasion: Occasion) -> bool:
        """Whether that is told at all."""
        return occasion in self.occasions

    def hearing(self, kind: AlertKind) -> tuple[Channel, ...]:
        """The channels that are told of such a thing.

        Those of who is on call open an incident for what is bad alone, and always hear that it is over.
        """
        told = self.wants(_OCCASIONS.get(kind, Occasion.FAILURE))
        if kind is AlertKind.RECOVERY and self.occasions & _OPENING:
            return tuple(channel for channel in self.channels if told or channel.kind in ON_CALL)
        if kind is AlertKind.SUCCESS and told:
            return tuple(channel for channel in self.channels if channel.kind not in ON_CALL)
        return self.channels if told else ()


def read_alert_settings(
    project: Mapping[str, Any], pipeline: Mapping[str, Any], rendered: Callable[[str], str] = str
) -> AlertSettings:
    """The settings that hold for a pipeline.

    Args:
        project: `notification_config` of the project.
        pipeline: that of the pipeline, whose keys win.
        rendered: fills in the templates of a text; raises PenstockError.
    """
    problems: list[str] = []
    merged = {**project, **pipeline}
    data = {str(key): _rendered(value, rendered, str(key), problems) for key, value in merged.items()}
    channels = tuple(_channels(data, problems))
    return AlertSettings(
        _occasions(data.get("alert_on"), problems),
        channels,
        _templates(data.get("message_templates"), merged.get("message_templates"), problems),
        _repeat_after(data.get("repeat_after"), problems),
        tuple(problems),
        frozenset(_secrets(data)),
    )


def _rendered(value: Any, rendered: Callable[[str], str], where: str, problems: list[str]) -> Any:
    match value:
        case Mapping():
            return {str(k): _rendered(each, rendered, f"{where}.{k}", problems) for k, each in value.items()}
        case list():
            return [_rendered(each, rendered, where, problems) for each in value]
        case str():
            from penstock.model.errors import PenstockError

            try:
                return rendered(value)
            except PenstockError as error:
                problems.append(f"{where}: {error.message}")
                return ""
    return value


def _occasions(given: Any, problems: list[str]) -> frozenset[Occasion]:
    if given is None:
        return DEFAULT_OCCASIONS
    names = [str(each) for each in given] if isinstance(given, list | tuple) else [str(given)]
    known = {str(occasion) for occasion in Occasion}
    told = ", ".join(sorted(known))
    problems += [f"alert_on: {name[:40]!r} is none of {told}" for name in names if name not in known]
    found = {Occasion(name) for name in names if name in known}
    # A message is sent once per incident: who hears of failures has to hear when they are over.
    return frozenset(found | {Occasion.RECOVERY}) if Occasion.FAILURE in found else frozenset(found)


def _templates(given: Any, written: Any, problems: list[str]) -> Mapping[str, Mapping[str, str]]:
    """The templates; what is wrong with them is told of the texts as they are written in the file."""
    if given is None:
        return {}
    problems += [f"{mistake.message}. {mistake.hint}" for mistake in template_mistakes(written)]
    if not isinstance(given, Mapping):
        problems.append("message_templates: it is no map")
        return {}
    found: dict[str, Mapping[str, str]] = {}
    for occasion, parts in given.items():
        if isinstance(parts, Mapping):
            found[str(occasion)] = {str(part): str(text) for part, text in parts.items() if text is not None}
        elif parts is not None:
            problems.append(f"message_templates.{occasion}: it is no map of title, summary and details")
    return found


def _repeat_after(given: Any, problems: list[str]) -> float:
    if given is None:
        return REPEAT_AFTER
    if str(given).strip().lower() in {"0", "never", "false"}:
        return 0.0
    try:
        return parse_duration(str(given), name="repeat_after")
    except SettingInvalidError as error:
        problems.append(error.message)
        return REPEAT_AFTER


def _channels(data: Mapping[str, Any], problems: list[str]) -> Iterator[Channel]:
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
        key = str(kind) if len(texts) == 1 else f"{kind} {number}"
        yield Channel(kind, key, {**given, "address": address})


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
    except (SettingInvalidError, ValueError, TypeError) as error:
        problems.append(f"email_config: {error}")
        return
    if not settings.get("smtp_mail_from"):
        settings["smtp_mail_from"] = settings.get("smtp_user") or receivers[0]
    yield Channel(ChannelKind.EMAIL, str(ChannelKind.EMAIL), settings)


def _flag(given: Any, name: str, *, default: bool) -> bool:
    if given is None or isinstance(given, bool):
        return default if given is None else given
    return parse_flag(str(given), name=name)


def _secrets(data: Any, key: str = "") -> Iterator[str]:
    """The secret values: those below keys that say so, and all of a map whose `key` does."""
    match data:
        case Mapping():
            for name, value in data.items():
                yield from _secrets(value, key if key in _SECRETS else str(name))
        case list():
            for value in data:
                yield from _secrets(value, key)
        case str() if key in _SECRETS and data.strip():
            yield data.strip()
