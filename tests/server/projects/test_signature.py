from __future__ import annotations

import ast

import pytest

from penstock.model.block import BlockType
from penstock.server.projects.signature import parameter_names, parameters, with_decorator, with_upstream

T = BlockType.TRANSFORMER


def _code(head: str, body: str = "return 1") -> str:
    return f"from penstock import transformer\n\n\n@transformer\n{head}\n    {body}\n"


CASES = {
    "first": ("def f():", [], ["a"], "def f(a):"),
    "before kwargs": ("def f(**kwargs):", [], ["a", "b"], "def f(a, b, **kwargs):"),
    "before a default": ("def f(a, limit=10, **kwargs):", ["a"], ["a", "b"], "def f(a, b, limit=10, **kwargs):"),
    "only a default": ("def f(limit=10):", [], ["a"], "def f(a, limit=10):"),
    "keyword only": ("def f(*, key):", [], ["a"], "def f(a, *, key):"),
    "names and annotations stay": (
        "def f(x: 'A[int, str]', y):",
        ["a", "b"],
        ["b", "c", "a"],
        "def f(y, c, x: 'A[int, str]'):",
    ),
    "last goes": ("def f(x):", ["a"], [], "def f():"),
    "last goes before kwargs": ("def f(x, **kwargs):", ["a"], [], "def f(**kwargs):"),
    "several lines": ("def f(\n    x,\n    y,\n):", ["a", "b"], ["b", "a", "c"], "def f(\n    y,\n    x,\n    c,\n):"),
    "unicode": ("def größe(ä, b):", ["x", "y"], ["y", "x"], "def größe(b, ä):"),
    "not a name": ("def f():", [], ["api/load-it", "class", "1st"], "def f(load_it, class_, data_1st):"),
    "taken": ("def f(*, a):", [], ["a"], "def f(a_2, *, a):"),
    "async": ("async def f():", [], ["a"], "async def f(a):"),
    "brackets in a decorator line": ("def f  (  x ):", ["a"], ["a", "b"], "def f  (  x, b ):"),
}


@pytest.mark.parametrize("name", CASES)
def test_parameters_follow_the_upstreams(name: str) -> None:
    head, before, after, wanted = CASES[name]
    rewritten = with_upstream(_code(head), T, before, after)
    assert (rewritten.text, rewritten.why_not) == (_code(wanted), "")
    ast.parse(rewritten.text)


LEFT = {
    "varargs": ("def f(x, *args):", ["a"], ["a", "b"], "return 1"),
    "no function": ("def f(x)", ["a"], [], "return 1"),
    "already fits": ("def f(p, q):", ["a"], ["a", "b"], "return 1"),
    "nothing to do": ("def f(p):", ["a"], ["a"], "return 1"),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_alone_without_a_word(name: str) -> None:
    head, before, after, body = LEFT[name]
    rewritten = with_upstream(_code(head, body), T, before, after)
    assert (rewritten.text, rewritten.why_not) == (_code(head, body), "")


TOLD = {
    "used": ("def f(x):", ["a"], [], "return x"),
    "comments between": ("def f(\n    x,  # first\n    y,\n):", ["a", "b"], ["b", "a"], "return 1"),
    "positional only": ("def f(x, /):", ["a"], ["a", "b"], "return 1"),
    "another count": ("def f(x, y, z):", ["a"], ["a", "b"], "return 1"),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_left_alone_is_told(name: str) -> None:
    head, before, after, body = TOLD[name]
    rewritten = with_upstream(_code(head, body), T, before, after)
    assert rewritten.text == _code(head, body)
    assert rewritten.why_not.endswith(".")


def test_names_of_new_parameters_differ() -> None:
    assert parameter_names(["a", "x/a", "kwargs", "for"]) == ["a", "a_2", "kwargs_2", "for_"]


def test_required_parameters() -> None:
    assert parameters(_code("def f(a, b, c=1, *args, d, **e):"), T) == (("a", "b"), True)
    assert parameters("x = 1\n", T) is None
    assert parameters("def f(:\n", T) is None


def test_a_decorator_changes_with_its_import_and_its_guard() -> None:
    source = (
        "if 'transformer' not in globals():\n    from mage_ai.data_preparation.decorators import transformer\n\n"
        "note = 'transformer'  # a transformer\n\n\n@transformer\ndef transformer_of(x):\n    return x\n"
    )
    assert with_decorator(source, T, BlockType.CUSTOM).text == (
        "if 'custom' not in globals():\n    from mage_ai.data_preparation.decorators import custom\n\n"
        "note = 'transformer'  # a transformer\n\n\n@custom\ndef transformer_of(x):\n    return x\n"
    )
    assert with_decorator("def f(:\n", T, BlockType.CUSTOM).why_not
    assert with_decorator("x = 1\n", T, BlockType.CUSTOM).why_not
