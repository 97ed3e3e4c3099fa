"""Small changes to texts that block code of Mage projects imports."""

from __future__ import annotations

import enum
import json
import re
from typing import Any

_ENDINGS = (("ies", "y"), ("sses", "ss"), ("shes", "sh"), ("ches", "ch"), ("xes", "x"), ("uses", "us"))


def camel_to_snake_case(name: str) -> str:
    """`camelCaseName` as `camel_case_name`; a run of capitals is one word."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def capitalize_remove_underscore_lower(word: str) -> str:
    """`foo_bar` as `Foo bar`."""
    return word.lower().replace("_", " ").capitalize()


def classify(name: str) -> str:
    """`foo_bar` as `FooBar`."""
    return "".join(part.capitalize() for part in name.split("_"))


def format_enum(value: Any) -> Any:
    """The value of an enum's member; everything else unchanged."""
    return value.value if isinstance(value, enum.Enum) else value


def is_json(text: Any) -> Any:
    """The object or list that the text is the JSON of; False when it is none."""
    try:
        value = json.loads(text)
    except (TypeError, ValueError):
        return False
    return value if isinstance(value, (dict, list)) else False


def is_number(value: Any) -> bool:
    """Whether `float` can read it."""
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def remove_extension_from_filename(filename: str) -> str:
    """The path without everything from the first dot of its last part on."""
    folder, slash, name = filename.rpartition("/")
    return f"{folder}{slash}{name.partition('.')[0]}"


def replacer(text: str, replacement: str, index: int, nofail: bool = False) -> str:  # noqa: FBT001, FBT002 - as called
    """The text with the character at that place replaced.

    With `nofail` a place before the text puts the replacement in front of it, a place behind it at its end.

    Raises:
        ValueError: there is no such place.
    """
    if 0 <= index < len(text):
        return f"{text[:index]}{replacement}{text[index + 1 :]}"
    if not nofail:
        raise ValueError(f"index {index} lies outside the text of {len(text)} characters")
    return f"{replacement}{text}" if index < 0 else f"{text}{replacement}"


def singularize(word: str) -> str:
    """An English plural as its singular, by its ending."""
    for ending, singular in _ENDINGS:
        if word.endswith(ending):
            return word.removesuffix(ending) + singular
    return word if word.endswith(("ss", "us", "is")) else word.removesuffix("s")


def size_of_string(text: str) -> int:
    """The length of the text in bytes of UTF-8."""
    return len(text.encode())


def string_to_number(value: str) -> int | float | str:
    """The number that the text states; the text itself when it states none."""
    for number in (int, float):
        try:
            return number(value)
        except (TypeError, ValueError):
            continue
    return value


def to_ordinal_integers(word: str) -> list[int]:
    """The place of each letter in the alphabet, from 1."""
    return [ord(letter) - ord("a") + 1 for letter in word.lower()]
