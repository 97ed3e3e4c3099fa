"""What a new block holds when nothing else was asked for: the smallest text that runs."""

from __future__ import annotations

from keyword import iskeyword

from penstock.model.block import BlockType, Language
from penstock.project.rules.blocks import DECORATORS
from penstock.server.projects.signature import parameter_names

_PYTHON = """\
from penstock import {decorator}


@{decorator}
def {name}({parameters}):
    {body}
"""
_PASSED_ON = frozenset({BlockType.TRANSFORMER, BlockType.DATA_EXPORTER, BlockType.CUSTOM})
_ANSWERS = frozenset({BlockType.SENSOR, BlockType.CONDITIONAL})


def starter(kind: BlockType, language: Language, name: str, upstream: list[str]) -> str:
    """The text of a new block.

    Args:
        kind: the block's type.
        language: its language.
        name: what its function is to be called, when that is a name.
        upstream: the blocks whose outputs its function takes.
    """
    if language is Language.SQL:
        return "SELECT * FROM {{ df_1 }}\n" if upstream else "SELECT 1 AS one\n"
    if language is Language.MARKDOWN:
        return f"# {name}\n"
    decorators = DECORATORS.get(kind)
    if language is not Language.PYTHON or not decorators:
        return ""
    function = name.rpartition("/")[2]
    # A condition is given what its block is given, a callback what its block has put out.
    taken = {BlockType.CALLBACK: ["parent"], BlockType.CONDITIONAL: ["*args"]}.get(kind, parameter_names(upstream))
    return _PYTHON.format(
        decorator=decorators[0],
        name=function if function.isidentifier() and not iskeyword(function) else f"run_{decorators[0]}",
        parameters=", ".join([*taken, "**kwargs"]),
        body=_body(kind, taken),
    )


def _body(kind: BlockType, taken: list[str]) -> str:
    if kind in _ANSWERS:
        return "return True"
    if kind is BlockType.CALLBACK:
        return "pass"
    return f"return {taken[0]}" if kind in _PASSED_ON and taken else "return {}"
