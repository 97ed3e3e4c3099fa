"""Whom to tell about what: `notification_config` of the project, with a pipeline's keys over it.

Mage's keys are read as they are; ours stand beside them. Reading is tolerant: what cannot be used is a problem in
words, and the other channels work.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from penstock.config.alert_channels import (
    DEFAULT_OCCASIONS,
    REPEAT_AFTER,
    Channel,
    ChannelKind,
    Occasion,
    channels_of,
    occasions_of,
    repeat_after_of,
    secret_values,
)
from penstock.model.alert_words import template_mistakes
from penstock.observe.alerts.facts import AlertKind

ON_CALL = frozenset({ChannelKind.OPSGENIE, ChannelKind.PAGERDUTY})
"""Where a message opens an incident that somebody has to close."""
_OPENING = frozenset({Occasion.FAILURE, Occasion.PASSED_SLA})
_OCCASIONS = {
    AlertKind.FAILURE: Occasion.FAILURE,
    AlertKind.TRIGGER: Occasion.FAILURE,
    AlertKind.SUCCESS: Occasion.SUCCESS,
    AlertKind.PASSED_SLA: Occasion.PASSED_SLA,
    AlertKind.RECOVERY: Occasion.RECOVERY,
}


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
    channels = tuple(channels_of(data, problems))
    return AlertSettings(
        occasions_of(data.get("alert_on"), problems),
        channels,
        _templates(data.get("message_templates"), merged.get("message_templates"), problems),
        repeat_after_of(data.get("repeat_after"), problems),
        tuple(problems),
        frozenset(secret_values(data)),
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


def _templates(given: Any, written: Any, problems: list[str]) -> Mapping[str, Mapping[str, str]]:
    """The templates; what is wrong with them is told of the texts as they are written in the file."""
    problems += [f"{mistake.message}. {mistake.hint}" for mistake in template_mistakes(written)]
    found = given.items() if isinstance(given, Mapping) else ()
    return {
        str(occasion): {str(part): str(text) for part, text in parts.items() if text is not None}
        for occasion, parts in found
        if isinstance(parts, Mapping)
    }
