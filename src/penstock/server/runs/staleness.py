"""Why the stored outputs of a pipeline's blocks are stale, found without delaying a run. Safe in any thread."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from penstock.engine.freshness import Probes, file_digest, installed_version, stale_reason
from penstock.engine.plan import RunOptions, RunPlan
from penstock.model.errors import PenstockError
from penstock.model.product import Address, ProductRef
from penstock.server.runs.manifests import Manifests

_MOST_FILES = 20_000


@dataclass(slots=True)
class Memory:
    """Probes that remember: a file's digest while its time stamp stands, versions while site-packages does."""

    digests: dict[Path, tuple[tuple[int, int, int], str | None]] = field(default_factory=dict)
    versions: dict[str, str | None] = field(default_factory=dict)
    installed_at: tuple[int, ...] = ()

    def probes(self) -> Probes:
        """Probes for one look at a pipeline."""
        now = _installed_at()
        if now != self.installed_at:
            self.installed_at, self.versions = now, {}
        return Probes(self.digest, self.installed)

    def digest(self, path: Path) -> str | None:
        """As `file_digest`."""
        try:
            state = path.stat()
        except OSError:
            return None
        stamp = (state.st_mtime_ns, state.st_size, state.st_ino)
        known = self.digests.get(path)
        if known is None or known[0] != stamp:
            if len(self.digests) > _MOST_FILES:
                self.digests = {}
            known = self.digests[path] = (stamp, file_digest(path))
        return known[1]

    def installed(self, package: str) -> str | None:
        """As `installed_version`."""
        if package not in self.versions:
            self.versions[package] = installed_version(package)
        return self.versions[package]


def _installed_at() -> tuple[int, ...]:
    """When packages were last installed or removed, per folder of packages."""
    folders = [Path(entry) for entry in sys.path if entry.endswith(("site-packages", "dist-packages"))]
    return tuple(folder.stat().st_mtime_ns for folder in folders if folder.is_dir())


class Staleness:
    """Looks at the blocks of a pipeline.

    Args:
        plan: decides a run of a pipeline, as the next one would be.
        manifests: what is stored.
    """

    def __init__(self, plan: Callable[[str, RunOptions], RunPlan], manifests: Manifests) -> None:
        self._plan = plan
        self._manifests = manifests
        self._memory = Memory()

    def probes(self) -> Probes:
        """Probes that remember what the last looks have seen."""
        return self._memory.probes()

    def reasons(self, pipeline: str) -> dict[str, str]:
        """Block -> why its output is stale; empty where it is fresh, absent where there is none.

        Raises:
            PipelineNotFoundError: there is no such pipeline.
            FileInvalidError: its file cannot be read.
        """
        try:
            plan = self._plan(pipeline, RunOptions())
        except PenstockError as error:
            if type(error).__name__ in {"PipelineNotFoundError", "FileInvalidError"}:
                raise
            return {}  # a pipeline that cannot run (another type, no blocks, a cycle) has nothing that is stale
        found: dict[str, str] = {}
        latest: dict[str, ProductRef | None] = {}
        probes = self._memory.probes()
        for block, parents in plan.graph.items():
            manifest = self._manifests.latest(Address(pipeline, block))
            latest[block] = manifest.ref if manifest is not None else None
            if manifest is None:
                continue
            if block in plan.fan_out.axes:
                continue  # what its children read, or have stored, is not looked at
            refs = tuple(ref for parent in parents if (ref := latest.get(parent)) is not None)
            found[block] = self._upstream(found, parents) or stale_reason(manifest, plan, block, refs, probes)
        return found

    def _upstream(self, found: dict[str, str], parents: tuple[str, ...]) -> str:
        stale = next((parent for parent in parents if found.get(parent)), None)
        return f"upstream {stale} is stale" if stale is not None else ""
