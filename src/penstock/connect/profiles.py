"""Named sets of connection settings: the profiles of io_config.yaml.

A value may be a template. It is rendered when it is asked for and not before, so that an environment variable or a
secret that is missing fails the connection that needs it and no other. Values never appear in error texts or reprs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penstock.connect.sections import SECTIONS, places
from penstock.model.errors import FileInvalidError, Location, PenstockError, ProfileInvalidError
from penstock.project.text_file import read_text

FILE_NAME = "io_config.yaml"
"""The file of a project that holds its profiles."""

DEFAULT = "default"

Render = Callable[[str], str]
"""Turns the text of a template into its value; raises TemplateError or SecretMissingError."""

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{#.*?#\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%")
_MARK = "PENSTOCKTEMPLATE{}X"
_MARKED = re.compile(r"PENSTOCKTEMPLATE(\d+)X")


@dataclass(frozen=True, slots=True)
class _Deferred:
    """A scalar with templates in it; a plain one takes the type that YAML gives to its rendered text."""

    text: str
    plain: bool


class Profile(Mapping[str, Any]):
    """The settings of one profile: flat keys, keys of the nested form, and whatever else the user put there.

    Reading a key renders its templates. `in` and iteration render nothing.
    """

    def __init__(
        self, name: str, values: Mapping[str, Any], render: Render, file: str = "", version: Any = None
    ) -> None:
        self.name = name
        self.file = file
        self._values = values
        self._render = render
        self._version = version

    def __repr__(self) -> str:
        return f"Profile({self.name!r}, {len(self._values)} keys)"

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, key: object) -> bool:
        return self._find(str(key)) is not _ABSENT

    def __getitem__(self, key: str) -> Any:
        found = self._find(str(key))
        if found is _ABSENT:
            raise KeyError(key)
        try:
            return _rendered(found, self._render)
        except PenstockError as error:
            where = f" of {self.file}" if self.file else ""
            message = f"reading {key} of profile {self.name}{where}: {error.message}"
            raise type(error)(message, hint=error.hint, location=error.location) from None

    @property
    def version(self) -> Any:
        """The `version` of the file, which stands beside its profiles; None when it names none."""
        return _rendered(self._version, self._render)

    @property
    def nested(self) -> bool:
        """Whether the profile is in the older form, with a section per system."""
        return any(key in SECTIONS and isinstance(value, Mapping) for key, value in self._values.items())

    def need(self, key: str) -> Any:
        """The value of a key that the connection cannot do without.

        Raises:
            ProfileInvalidError: the profile has no such key, or an empty one.
        """
        value = self.get(key)
        if value is None or value == "":
            where = self.file or "the configuration"
            raise ProfileInvalidError(
                f"reading profile {self.name} of {where}: {key} is missing or empty",
                hint=f"Add {key} to the profile.",
            )
        return value

    def _find(self, key: str) -> Any:
        if key in self._values:
            return self._values[key]
        for path in places(key):
            value: Any = self._values
            for name in path:
                value = value.get(name, _ABSENT) if isinstance(value, Mapping) else _ABSENT
            if value is not _ABSENT:
                return value
        return _ABSENT


_ABSENT = object()


def read_profiles(file: str, render: Render) -> dict[str, Profile]:
    """All profiles of a file, by name, in its order. The last of two keys of one name counts.

    Args:
        file: path of the io_config.yaml.
        render: renders one template; called when a value is read.

    Raises:
        ProfileInvalidError: the file does not exist or cannot be read.
        FileInvalidError: it is not YAML, or not a map of maps.
    """
    path = Path(file)
    try:
        text = read_text(path).text
    except FileInvalidError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            raise ProfileInvalidError(
                f"reading the profiles of {file}: the file does not exist",
                hint=f"Create {FILE_NAME} in the project folder with a profile named {DEFAULT}.",
            ) from None
        reason = error.message.removeprefix(f"reading {path}: ")
        raise ProfileInvalidError(
            f"reading the profiles of {file}: {reason}", hint=error.hint, location=error.location
        ) from error
    return parse_profiles(text, render, file)


def read_profile(file: str, name: str, render: Render) -> Profile:
    """One profile of a file.

    Raises:
        ProfileInvalidError: there is none of that name; the message names those that exist.
    """
    profiles = read_profiles(file, render)
    if name not in profiles:
        names = ", ".join(profiles) or "none"
        raise ProfileInvalidError(
            f"reading profile {name} of {file}: no such profile; the file has: {names}",
            hint="Choose one of these profiles, or add the missing one.",
        )
    return profiles[name]


def parse_profiles(text: str, render: Render, file: str = "") -> dict[str, Profile]:
    """The profiles of a text; see `read_profiles`."""
    templates: list[str] = []
    if _STATEMENT.search(text):
        # a loop or a condition shapes the YAML itself, so the whole text has to be rendered before it is read
        marked = render(text)
    else:

        def mark(match: re.Match[str]) -> str:
            if match[0].startswith("{#"):
                return ""
            templates.append(match[0])
            return _MARK.format(len(templates) - 1)

        marked = _TEMPLATE.sub(mark, text)
    loaded = _load(marked, templates, file)
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping):
        raise FileInvalidError(f"reading the profiles of {file}: the file is not a map of profiles")
    found: dict[str, Profile] = {}
    for name, values in loaded.items():
        if name == "version":
            continue
        # a profile whose keys are all commented out is an empty one
        keys = {} if values is None else values
        if isinstance(keys, Mapping):
            found[str(name)] = Profile(
                str(name), {str(k): v for k, v in keys.items()}, render, file, loaded.get("version")
            )
    return found


def _load(text: str, templates: list[str], file: str) -> Any:
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads scalars that hold a template as deferred values."""

    def scalar(loader: yaml.SafeLoader, node: yaml.Node) -> Any:
        value = loader.construct_scalar(node)  # type: ignore[arg-type]
        if not templates or not _MARKED.search(value):
            return value
        whole = _MARKED.sub(lambda match: templates[int(match[1])], value)
        return _Deferred(whole, plain=node.style is None)  # type: ignore[attr-defined]

    Loader.add_constructor("tag:yaml.org,2002:str", scalar)
    try:
        return yaml.load(text, Loader)  # noqa: S506 - a SafeLoader with one more kind of string
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file)
        raise FileInvalidError(
            f"reading the profiles of {file}: {error.problem or 'not YAML'}",
            hint="Correct the YAML.",
            location=location,
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        reason = type(error).__name__
        raise FileInvalidError(
            f"reading the profiles of {file}: not YAML ({reason})", location=Location(file)
        ) from None


def _rendered(value: Any, render: Render, known: dict[int, Any] | None = None) -> Any:
    """The value with its templates filled in; a part that aliases repeat is done once."""
    known = {} if known is None else known
    if isinstance(value, _Deferred):
        text = render(value.text)
        if text == "None" and _TEMPLATE.fullmatch(value.text.strip()):
            # an environment variable or a secret that is not set: no value, not the word
            return None
        return _typed(text) if value.plain else text
    if isinstance(value, (Mapping, list)) and id(value) not in known:
        if isinstance(value, list):
            known[id(value)] = [_rendered(inner, render, known) for inner in value]
        else:
            pairs = value.items()
            known[id(value)] = {_rendered(key, render, known): _rendered(one, render, known) for key, one in pairs}
    return known.get(id(value), value)


def _typed(text: str) -> Any:
    """The value of a plain scalar's rendered text: what YAML would have read had the text stood there."""
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError):
        return text
