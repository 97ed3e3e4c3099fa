"""Whether the kernel has ended processes because memory ran out, as far as it tells."""

from __future__ import annotations

import re
from pathlib import Path

_KILLS = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)


def oom_kills() -> int:
    """How many processes the kernel has ended for want of memory, in our control group if that is told.

    Otherwise on the whole machine; 0 where nothing tells.
    """
    for file in _counters():
        try:
            match = _KILLS.search(file.read_bytes())
        except OSError:
            continue
        if match:
            return int(match[1])
    return 0


def _counters() -> list[Path]:
    """Files that count such kills, the most local first."""
    root = Path("/sys/fs/cgroup")
    files: list[Path] = []
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    for line in lines:
        _, controllers, group = (*line.split(":", 2), "", "")[:3]
        if not controllers:
            files.append(root / group.lstrip("/") / "memory.events")
        elif "memory" in controllers.split(","):
            files.append(root / "memory" / group.lstrip("/") / "memory.oom_control")
    return [*files, Path("/proc/vmstat")]
