"""How a block's function gets its arguments: upstream outputs by position, variables by keyword."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

from penstock.model.errors import BlockFailedError

_FOR_BLOCKS = "Add a parameter for each upstream block or *args, or remove the edges that are not needed."
_FOR_TESTS = (
    "A list that the block returns is as many outputs as it has items. Give the test a parameter for each, or *args; "
    "or return the list within another, to have it as one output."
)
_MISSING_UPSTREAMS = (
    "Connect an upstream block for each, set variables of these names, or remove the parameters. A sensor gets what is "
    "before it by *args alone."
)
_MISSING_OUTPUTS = "A test gets each output of its block as one argument; set variables of these names, or remove them."
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def call(
    function: Callable[..., Any],
    inputs: Sequence[Any],
    variables: Mapping[str, Any],
    upstream: Sequence[str],
    *,
    is_test: bool = False,
) -> Any:
    """Call the function as a block of that many upstreams.

    Args:
        function: the decorated function (or class) of the block.
        inputs: one value per upstream, in argument order.
        variables: what `**kwargs` receives; a named parameter beyond the inputs takes the variable of its name.
        upstream: the upstream uuids, for the wording of errors.
        is_test: it is a test, whose inputs are the outputs of its own block.

    Raises:
        BlockFailedError: more or fewer upstreams than the function takes.
    """
    try:
        parameters = _parameters(function)
    except (TypeError, ValueError):  # a builtin without a signature
        return function(*inputs, **variables)
    has_rest = any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters)
    positional = [parameter for parameter in parameters if parameter.kind in _POSITIONAL]
    if len(inputs) > len(positional) and not has_rest:
        noun = "output" if is_test else "upstream block"
        raise BlockFailedError(
            f"calling {_name(function)}: it takes {_count(len(positional), noun)}, "
            f"but the block has {len(inputs)}: {', '.join(upstream)}",
            hint=_FOR_TESTS if is_test else _FOR_BLOCKS,
        )
    named = _named(function, parameters, positional[len(inputs) :], variables, is_test=is_test)
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        taken = {parameter.name for parameter in positional[: len(inputs)]}
        named = {**{key: value for key, value in variables.items() if key not in taken}, **named}
    value = function(*inputs, **named)
    if inspect.iscoroutine(value):
        value.close()
        raise BlockFailedError(
            f"calling {_name(function)}: it is an async function, which nobody awaits",
            hint="Decorate a plain function that does asyncio.run(...) of it.",
        )
    return value


_known: dict[tuple[CodeType, int, tuple[str, ...]], list[inspect.Parameter]] = {}
"""The parameters of the functions that were called last; children that share a process make theirs anew each time."""
_MOST_KNOWN = 16


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters of a function; whether one has a default is certain, not which."""
    if type(function) is not FunctionType or function.__dict__:  # wrapped, or with a signature of its own
        return list(inspect.signature(function).parameters.values())
    key = function.__code__, len(function.__defaults__ or ()), tuple(sorted(function.__kwdefaults__ or ()))
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        found = _known[key] = list(inspect.signature(function).parameters.values())
    return found


def _named(
    function: Callable[..., Any],
    parameters: Sequence[inspect.Parameter],
    beyond: Sequence[inspect.Parameter],
    variables: Mapping[str, Any],
    *,
    is_test: bool,
) -> dict[str, Any]:
    """Values of the parameters that no upstream fills."""
    named: dict[str, Any] = {}
    missing: list[str] = []
    keyword_only = [parameter for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY]
    for parameter in (*beyond, *keyword_only):
        if parameter.name in variables and parameter.kind is not parameter.POSITIONAL_ONLY:
            named[parameter.name] = variables[parameter.name]
        elif parameter.default is parameter.empty:
            missing.append(parameter.name)
    if missing:
        raise BlockFailedError(
            f"calling {_name(function)}: no {'output' if is_test else 'upstream block'} and no variable for its "
            f"{_count(len(missing), 'parameter')} {', '.join(missing)}",
            hint=_MISSING_OUTPUTS if is_test else _MISSING_UPSTREAMS,
        )
    return named


def _name(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__name__', 'the block')}()"


def _count(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"
