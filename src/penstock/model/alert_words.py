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
OCCASIONS = ("failure", "success", "passed_sla", "recovery", "trigger", "test")
"""What a message may have words of its own for."""
PARTS = ("title", "summary", "details")
VARIABLE = re.compile(r"\{(\w+)\}")
"""A variable in a template."""
_FORMATTED = re.compile(r"\{(\w+)[!:.\[][^{}]*\}")
"""A variable with something beside it in its braces, as Python's own templates have it."""
_OF_FILE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
"""What is filled in when the file is read, before any alert."""


@dataclass(frozen=True, slots=True)
class TemplateMistake:
    """What is wrong with a template: its occasion and part, "" for what holds it; a sentence, and what to do."""

    occasion: str
    part: str
    message: str
    hint: str


def template_mistakes(templates: Any) -> Iterator[TemplateMistake]:
    """What would not be told as it is meant: occasions, parts and variables that there are not.

    Args:
        templates: texts by occasion and part, as the file has them.
    """
    if templates is None:
        return
    if not isinstance(templates, Mapping):
        yield TemplateMistake("", "", "message_templates: it is no map", f"Write one with {_either(OCCASIONS)}.")
        return
    for occasion, parts in templates.items():
        where = f"message_templates.{str(occasion)[:60]}"
        if occasion not in OCCASIONS:
            yield TemplateMistake(str(occasion), "", f"{where}: there is no such occasion", _close(occasion, OCCASIONS))
        elif isinstance(parts, Mapping):
            for part, text in parts.items():
                if part not in PARTS:
                    words = f"{where}: a message has no part {str(part)[:60]}"
                    yield TemplateMistake(str(occasion), str(part), words, _close(part, PARTS))
                elif isinstance(text, str):
                    yield from _of_text(str(occasion), str(part), text)
        elif parts is not None:
            words = f"{where}: it is no map of title, summary and details"
            yield TemplateMistake(str(occasion), "", words, f"Write the text below {_either(PARTS)}.")


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


def _close(name: object, known: Collection[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(str(name), known, n=1)
    return f"Write {close[0]}." if close else f"Write {_either(known)}."


def _either(known: Collection[str]) -> str:
    return f"one of {', '.join(known)}"


def _of_text(occasion: str, part: str, text: str) -> Iterator[TemplateMistake]:
    from difflib import get_close_matches

    text = _OF_FILE.sub("", text)
    where = f"message_templates.{occasion}.{part}"
    for found in _FORMATTED.finditer(text):
        if found[1] in VARIABLES:
            words = f"{where}: {found[0][:60]} is not filled in, for a variable stands alone in its braces"
            yield TemplateMistake(occasion, part, words, f"Write {{{found[1]}}}.")
    for name in dict.fromkeys(VARIABLE.findall(text)):
        if name in VARIABLES:
            continue
        close = get_close_matches(name, VARIABLES, n=1)
        known = ", ".join(f"{{{each}}}" for each in VARIABLES)
        yield TemplateMistake(
            occasion,
            part,
            f"{where}: alerts have no variable {{{name[:60]}}}",
            f"Write {{{close[0]}}}." if close else f"Write one of {known}, or leave the braces out.",
        )
