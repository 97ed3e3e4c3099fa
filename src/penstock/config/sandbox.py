"""The sandbox that templates are rendered in. Imported only when there is something to render: it imports jinja2."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Self

from jinja2 import StrictUndefined, Undefined  # noqa: TID253 - this module is itself imported lazily
from jinja2.exceptions import SecurityError  # noqa: TID253
from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: TID253

LARGEST = 10_000_000
"""The longest text or list, in items, that an operator may build."""
LARGEST_POWER = 4096
"""The largest exponent, and the most bits of a base, that `**` takes."""


class Missing(Undefined):
    """Stands for an unknown name: false, and equal to no value, so that it can be asked about; not to be written."""

    __slots__ = ()

    def __str__(self) -> str:
        """Raise what the name's being unknown raises."""
        return str(self._fail_with_undefined_error())

    def __iter__(self) -> Iterator[Any]:
        """As `__str__`."""
        self._fail_with_undefined_error()

    def __contains__(self, item: object) -> bool:
        """As `__str__`."""
        self._fail_with_undefined_error()


class BoundedSandbox(ImmutableSandboxedEnvironment):
    """No private attributes, no mutation of what was passed in, no operator that builds gigabytes."""

    intercepted_binops = frozenset({"*", "**", "%"})

    @classmethod
    def create(cls, *, strict: bool) -> Self:
        """A sandbox in which an unknown name that is written is an error (`strict`) or empty text."""
        return cls(undefined=Missing if strict else Undefined, keep_trailing_newline=True)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """What stands for a forbidden attribute: an error when it is used, in lenient templates too."""
        kind = type(obj).__name__
        return StrictUndefined(f"access to attribute {attribute!r} of {kind!r} object is unsafe", exc=SecurityError)

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute, after looking at how large the result would be."""
        if operator == "**" and isinstance(left, int) and isinstance(right, int):
            if right > LARGEST_POWER or left.bit_length() > LARGEST_POWER:
                raise SecurityError("the power is too large for a template")
        elif operator == "*":
            for sized, times in ((left, right), (right, left)):
                if hasattr(sized, "__len__") and isinstance(times, int) and len(sized) * times > LARGEST:
                    raise SecurityError("the repetition is too large for a template")
        return super().call_binop(context, operator, left, right)
