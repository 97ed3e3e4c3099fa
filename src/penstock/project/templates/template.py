"""What is known of one template."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from penstock.model.block import BlockType, Language


class Source(StrEnum):
    """Where a template comes from."""

    BUILT_IN = "built-in"
    PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Need:
    """A package that a template's code imports and that Penstock does not bring along."""

    module: str
    command: str


@dataclass(frozen=True, slots=True)
class Template:
    """One entry of the menu.

    Attributes:
        id: `<block type>.<name>`, or `project.<folder>` for one of a project.
        name: what the menu shows.
        block_type: the type of the block that it makes.
        language: what it is written in.
        group: the heading that it stands under, such as Files or Columns.
        description: one sentence; taken from the code when it is empty.
        file: its code: below `blocks/`, or below the project's folder for one of a project.
        values: what replaces the values that stand in the code.
        configuration: what the block's entry in the pipeline gets.
        needs: packages to install first.
        later: why it does not run in this version yet, in a sentence; "" when it does.
        source: where it comes from.
        color: the colour of the block, or None.
        tags: words to find it by.
    """

    id: str
    name: str
    block_type: BlockType
    language: Language
    group: str
    description: str = ""
    file: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    later: str = ""
    source: Source = Source.BUILT_IN
    color: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the built-in lists: `file` without its type's folder, and what differs from the usual."""

    file: str
    name: str
    id: str = ""
    description: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[Need, ...] = ()
    later: str = ""
    client: str = ""
    """The class that takes the place of `Client` in code that several systems share."""


Listed = Mapping[str, tuple[Entry, ...]]
"""Entries by the group that they stand under, in the order of the menu."""

POSTGRES = Need("psycopg", 'pip install "penstock[postgres]"')
EXCEL = Need("openpyxl", "pip install openpyxl")
