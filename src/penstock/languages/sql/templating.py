# ruff: noqa: S307 - expressions of the block itself, evaluated in the block's own process
"""The template stage of a SQL block: `block_output` first, then Jinja, where every unknown name is an error."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from penstock.config.templates import has_marks, output_calls, render
from penstock.languages.job import Input, Job
from penstock.model.errors import TemplateError
from penstock.sdk.rendering import functions

_TOKEN = re.compile(r"\{\{\s*(df_\d+)\s*\}\}")
_MARK = " "
_UNDEFINED = re.compile(r"'df_\d+' is undefined")
_LATER = (
    "ds",
    "hr",
    "execution_date",
    "interval_start_datetime",
    "interval_end_datetime",
    "interval_seconds",
    "interval_start_datetime_previous",
)


class Reference:
    """Stands for an upstream in a template; printing it is what makes the query use that upstream."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text()


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
    variables: dict[str, Any] = {name: Reference(_nothing(job, name)) for name in _LATER}
    variables.update(job.variables)
    _derive_dates(variables)
    variables.update(references)
    available = {**functions(), "variables": _getter(variables, file)}
    try:
        return render(text, variables, functions=available, file=file)
    except TemplateError as error:
        if not _UNDEFINED.search(error.message):
            raise
        known = ", ".join(f"df_{at} is {entry.block}" for at, entry in enumerate(job.inputs, 1))
        hint = f"Of this block, {known}." if known else "Connect a block upstream; df_1 is the first one."
        raise TemplateError(error.message, hint=hint, location=error.location) from None


def _nothing(job: Job, name: str) -> Callable[[], str]:
    def text() -> str:
        job.log("warning", f"{name} is empty: this run was not started by a trigger. Pass it as a variable to set it.")
        return ""

    return text


def _derive_dates(variables: dict[str, Any]) -> None:
    moment = variables.get("execution_date")
    if isinstance(moment, dt.datetime):
        for name, form in (("ds", "%Y-%m-%d"), ("hr", "%H")):
            if isinstance(variables.get(name), Reference):
                variables[name] = moment.strftime(form)


def _getter(variables: Mapping[str, Any], file: str) -> Callable[..., Any]:
    def get(name: str, parse: Any = None) -> Any:
        if name not in variables:
            raise TemplateError(
                f"rendering variables('{name}'): there is no variable of that name",
                hint="Add it to the pipeline's variables, or pass it with the run.",
            )
        value = variables[name]
        if isinstance(parse, str):
            # a lambda as text, as Mage takes it: the block's own code, in the block's own process
            parse = eval(parse, _modules(file))
        return parse(value) if callable(parse) else value

    return get


class _Optional:
    """Stands for a package that is no dependency of ours until an expression uses it."""

    def __init__(self, package: str, file: str) -> None:
        self._package = package
        self._file = file

    def __getattr__(self, name: str) -> Any:
        try:
            module = importlib.import_module(self._package)
        except ImportError:
            raise TemplateError(
                f"rendering {self._file}: an expression uses the package {self._package}, which is not installed",
                hint=f"pip install {self._package}",
            ) from None
        return getattr(module, name)


def _modules(file: str) -> dict[str, Any]:
    return {"datetime": dt, "inflection": _Optional("inflection", file), "json": json, "math": math}


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
        return str(eval(expression, {**_modules(file), "block_output": block_output}))
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
    names = ", ".join(entry.block for entry in inputs) or "none"
    raise TemplateError(
        f"rendering {file}: block_output('{uuid}') names a block that is not upstream; upstream are: {names}",
        hint="Connect the block upstream, or correct the name.",
    )
