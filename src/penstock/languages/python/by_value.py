"""Functions and classes that no other process can import are sent to one whole, where cloudpickle sends them.

joblib (and scikit-learn with it), Dask, Ray and Spark hand work to fresh processes through cloudpickle, some with a
copy of their own. It sends what a module holds by its name; a block file is no module there, nor is the project under
a name that only Penstock finds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_NAME = "cloudpickle"
_REGISTER = "register_pickle_by_value"

_registers: list[Callable[[ModuleType], None]] = []
"""That function of each copy of cloudpickle that this process has loaded."""
_names: set[str] = set()
"""The modules to tell a copy of that comes later."""


def send_by_value(module: ModuleType) -> None:
    """From now on cloudpickle, whichever copy of it, sends the module's functions and classes whole.

    Args:
        module: it is in `sys.modules`.
    """
    _names.add(module.__name__)
    for register in _registers:
        register(module)


def install() -> None:
    """Notice each copy of cloudpickle that is imported, once per process; before anything of a user's is."""
    if not any(isinstance(finder, _Copies) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Copies())


class _Copies(MetaPathFinder):
    """Finds modules named cloudpickle as the finders after it do, and looks into what they have become."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, which tells of its end; None for every other name."""
        if not fullname.endswith(_NAME):
            return None
        following = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(fullname, path, target) for finder in following)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            _follow(spec)
        return spec


def _follow(spec: ModuleSpec) -> None:
    loader = spec.loader
    execute = getattr(loader, "exec_module", None)
    if execute is None:
        return

    def exec_module(module: ModuleType) -> None:
        execute(module)
        _take(module)

    with suppress(AttributeError):  # a loader that cannot be changed: what it loads is no file of Python
        loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]


def _take(module: ModuleType) -> None:
    register = getattr(module, _REGISTER, None)
    if register is None or register in _registers:  # an old one has none; the package has that of its module
        return
    _registers.append(register)
    for name in _names & sys.modules.keys():
        register(sys.modules[name])
