"""Names that block code may import and that Penstock does not have: they fail when they are used, in one sentence."""

from __future__ import annotations

from typing import Any, NoReturn

from penstock.model.errors import UnsupportedError


class Absent:
    """Stands for a class, function or object of Mage; calling it or reading one of its attributes fails.

    Args:
        name: what the import calls it.
        hint: what to do instead.
    """

    def __init__(self, name: str, hint: str = "docs/compatibility.md lists what is provided.") -> None:
        self.__name__ = name
        self.__doc__ = f"Not provided: {name}."
        self._hint = hint

    def __repr__(self) -> str:
        return f"<absent {self.__name__}>"

    def __call__(self, *_arguments: Any, **_options: Any) -> NoReturn:
        """Fail: there is nothing to call."""
        self._fail()

    def __getattr__(self, name: str) -> Any:
        # Tools that look at a module's names (inspect, pytest, pickle) probe for dunders and take AttributeError as no.
        if name.startswith("__"):
            raise AttributeError(name)
        self._fail()

    def _fail(self) -> NoReturn:
        raise UnsupportedError(
            f"using {self.__name__} of Mage: Penstock does not provide it",
            hint=self._hint,
        )
