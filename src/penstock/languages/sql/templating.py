# ruff: noqa: S307 - expressions of the block itself, evaluated in the block's own process
"""The template stage of a SQL block: `block_output` first, then Jinja, where every unknown name is an error."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from penstock.config.templates import has_marks, output_calls, render
from penstock.languages.job import Input, Job
from penstock.languages.templating import Reference, block_functions, modules, names
from penstock.model.errors import TemplateError

_TOKEN = re.compile(r"\{\{\s*(df_\d+)\s*\}\}")
_MARK = " "
_UNDEFINED = re.compile(r"'df_\d+' is undefined")


def rendered(job: Job, references: Mapping[str, Reference]) -> str:
    """The block's text with templates filled in.

    Args:
        job: the block; its variables are names of the template.
        references: what `df_1` and so on stand for.

    Raises:
        TemplateError: syntax, an unknown name, or an error inside an expression.
    """
    block = job.order.block
    file = block.file or block.uuid
    text = _with_outputs(job, file)
    plain = _TOKEN.sub(lambda match: match[0] if match[1] not in references else _MARK, text)
    if not has_marks(plain):
        # upstreams are the only templates of most blocks, and for them alone Jinja is not worth importing
        return _TOKEN.sub(lambda match: str(references[match[1]]), text)
    variables = {**names(job), **references}
    try:
        return render(text, variables, functions=block_functions(variables, file), file=file)
    except TemplateError as error:
        if not _UNDEFINED.search(error.message):
            raise
        known = ", ".join(f"df_{at} is {entry.block}" for at, entry in enumerate(job.inputs, 1))
        hint = f"Of this block, {known}." if known else "Connect a block upstream; df_1 is the first one."
        raise TemplateError(error.message, hint=hint, location=error.location) from None


def _with_outputs(job: Job, file: str) -> str:
    """The text with each `{{ block_output(...) }}` replaced by what the expression gives."""
    text, parts, position = job.source, [], 0
    for call in output_calls(text, file):
        parts += [text[position : call.start], _evaluated(job, call.expression, file)]
        position = call.end
    return "".join([*parts, text[position:]])


def _evaluated(job: Job, expression: str, file: str) -> str:
    def block_output(uuid: str | None = None, parse: Callable[..., Any] | None = None) -> Any:
        data = _output(job.inputs, uuid, file)
        return data if parse is None else parse(data, job.variables)

    try:
        # the block's own code, in the block's own process
        return str(eval(expression, {**modules(file), "block_output": block_output}))
    except (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError) as error:
        raise TemplateError(
            f"rendering {file}: {expression[:80]} raised {type(error).__name__}: {error}",
            hint="Correct the expression; data is the block's output, or the list of all when no block is named.",
        ) from None


def _output(inputs: list[Input], uuid: str | None, file: str) -> Any:
    if uuid is None:
        return [entry.value() for entry in inputs]
    for entry in inputs:
        if entry.block == uuid:
            return entry.value()
    upstream = ", ".join(entry.block for entry in inputs) or "none"
    raise TemplateError(
        f"rendering {file}: block_output('{uuid}') names a block that is not upstream; upstream are: {upstream}",
        hint="Connect the block upstream, or correct the name.",
    )
