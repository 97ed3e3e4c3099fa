"""The names that the words of an alert may use in braces, and what is wrong with a template."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.model.errors import SettingInvalidError

MAGE_VARIABLES = (
    "pipeline_uuid",
    "pipeline_run_url",
    "pipeline_schedule_id",
    "pipeline_schedule_name",
    "pipeline_schedule_description",
    "execution_time",
    "error",
    "stacktrace",
)
OWN_VARIABLES = (
    "project",
    "run_id",
    "block_uuid",
    "place",
    "file",
    "line",
    "hint",
    "state",
    "repeats",
    "duration",
    "first_time",
    "sla_time",
)
VARIABLES = (*MAGE_VARIABLES, *OWN_VARIABLES)
"""What a template may name in braces."""
VARIABLE = re.compile(r"\{(\w+)\}")
"""A variable in a template."""
_OF_FILE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
"""What is filled in when the file is read, before any alert."""


@dataclass(frozen=True, slots=True)
class TemplateMistake:
    """What is wrong with a template: its occasion and part, a sentence about it, and what to do."""

    occasion: str
    part: str
    message: str
    hint: str


def template_mistakes(templates: Any) -> Iterator[TemplateMistake]:
    """The variables that the texts of `message_templates` name and that no alert has.

    Args:
        templates: texts by occasion and part, as the file has them; anything else holds no mistake of this kind.
    """
    occasions = templates.items() if isinstance(templates, Mapping) else ()
    for occasion, parts in occasions:
        for part, text in parts.items() if isinstance(parts, Mapping) else ():
            if isinstance(text, str):
                yield from _of_text(str(occasion), str(part), text)


def refuse_templates(config: Any, known: Collection[TemplateMistake]) -> None:
    """Refuse `notification_config` whose templates name variables that there are not.

    Args:
        config: as it is to be.
        known: what was wrong before: it keeps nobody from changing something else.

    Raises:
        SettingInvalidError: there is a mistake that is new.
    """
    for mistake in mistakes_of(config):
        if mistake not in known:
            raise SettingInvalidError(mistake.message, hint=mistake.hint)


def mistakes_of(config: Any) -> list[TemplateMistake]:
    """What is wrong with the templates of `notification_config`."""
    return list(template_mistakes(config.get("message_templates"))) if isinstance(config, Mapping) else []


def _of_text(occasion: str, part: str, text: str) -> Iterator[TemplateMistake]:
    from difflib import get_close_matches

    for name in dict.fromkeys(VARIABLE.findall(_OF_FILE.sub("", text))):
        if name in VARIABLES:
            continue
        close = get_close_matches(name, VARIABLES, n=1)
        known = ", ".join(f"{{{each}}}" for each in VARIABLES)
        yield TemplateMistake(
            occasion,
            part,
            f"message_templates.{occasion}.{part}: alerts have no variable {{{name[:60]}}}",
            f"Write {{{close[0]}}}." if close else f"Write one of {known}, or leave the braces out.",
        )
