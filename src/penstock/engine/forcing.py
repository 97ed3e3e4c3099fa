"""Forces the outputs of runs to the disk, where that is left to the process that drives them; see `data.deferral`."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from penstock.data import Manifest, ProductStore
from penstock.engine.handle import RunHandle
from penstock.engine.plan import RunPlan
from penstock.model.errors import PenstockError, headline
from penstock.model.product import ProductRef


class Forcing:
    """What is being forced, run by run; one version after the other, in a thread.

    Args:
        store: where the versions are.
    """

    def __init__(self, store: ProductStore) -> None:
        self._store = store
        self._thread = ThreadPoolExecutor(1, "forcing")
        self._of: dict[str, list[Future[None]]] = {}

    def prepared(self, plan: RunPlan) -> RunPlan:
        """The plan; its blocks force their outputs themselves where that cannot be left. Raises StorageError."""
        if not plan.options.deferred or self._store.may_defer():
            return plan
        return replace(plan, options=replace(plan.options, deferred=False))

    def begin(self, handle: RunHandle, ref: ProductRef | None) -> None:
        """Have a version forced that the run has made, if it has."""
        if handle.plan.options.deferred and ref is not None:
            self._submit(handle, ref)

    def take(self, handle: RunHandle, fresh: Manifest) -> None:
        """Have a version forced that the run takes as fresh: the run that made it may have been killed before."""
        if fresh.boot:
            self._submit(handle, fresh.ref)

    def _submit(self, handle: RunHandle, ref: ProductRef) -> None:
        self._of.setdefault(handle.plan.run, []).append(self._thread.submit(self._store.force, ref))

    def settle(self, handle: RunHandle) -> None:
        """Wait until all of the run is on the disk; what is not fails it."""
        versions = self._of.pop(handle.plan.run, [])
        wait(versions)
        for version in versions:
            try:
                version.result()
            except PenstockError as error:
                handle.unforced = True
                handle.reason = handle.reason or headline(type(error).__name__, error.message)
                return
