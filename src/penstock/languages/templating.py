# ruff: noqa: S307 - expressions of the block itself, evaluated in the block's own process
"""What the templates of blocks may use, in SQL and markdown alike: names of the run, and functions."""

from __future__ import annotations

import datetime as dt
import importlib
import json
import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from penstock.languages.job import Job
from penstock.model.errors import TemplateError
from penstock.sdk.rendering import functions

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
    """Stands for a text in a template that is made when it is printed: an upstream, whose use that is."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text()


def names(job: Job) -> dict[str, Any]:
    """The names that a template of the block may use: variables, and what a trigger tells, empty where none did."""
    variables: dict[str, Any] = {name: Reference(_nothing(job, name)) for name in _LATER}
    variables.update(job.variables)
    _derive_dates(variables)
    return variables


def block_functions(variables: Mapping[str, Any], file: str) -> dict[str, Callable[..., Any]]:
    """The functions that a template of a block may call: those of project files, and `variables`.

    Args:
        variables: what `variables` looks names up in.
        file: where the template stands, for messages.
    """
    return {**functions(), "variables": _getter(variables, file)}


def modules(file: str) -> dict[str, Any]:
    """The modules that Python expressions in a template may use."""
    return {"datetime": dt, "inflection": _Optional("inflection", file), "json": json, "math": math}


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
            return _missing(name)
        value = variables[name]
        try:
            if isinstance(parse, str):
                # a lambda as text, as Mage takes it: the block's own code, in the block's own process
                parse = eval(parse, modules(file))
            return parse(value) if callable(parse) else value
        except (SyntaxError, NameError) as error:
            raise TemplateError(
                f"rendering variables('{name}', ...): its second argument raised {type(error).__name__}: {error}",
                hint="Write a lambda of the value as text, such as 'lambda value: value[0]', or leave it out.",
            ) from None

    return get


def _missing(name: str) -> Any:
    """What can be asked for, as in `variables('limit') or 10`, and not be written."""
    from penstock.config.sandbox import Missing

    hint = "Add it to the pipeline's variables, pass it with the run, or write what to use instead."
    refusal: Any = partial(TemplateError, hint=hint)  # jinja2 calls it with the message, and asks nothing else of it
    return Missing(f"rendering variables('{name}'): there is no variable of that name", exc=refusal)


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
