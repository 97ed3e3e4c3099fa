"""Runs all tests on both cores: what `make test` calls last.

One machine is busier than another. A test or two that fail among thousands of others are run once more, alone: what
fails again, fails. What passes then is named at the end, because a test that depends on its company hides a fault, of
the test or of Penstock.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

AGAIN_AT_MOST = 3
"""Failed tests that are given a second try; more than these are no coincidence."""
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    """Run them; 0 when each has passed."""
    FAILED.unlink(missing_ok=True)
    # A file's tests stay together: what one of them leaves behind is there for the next, on whatever machine.
    status = _pytest("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *sys.argv[1:])
    failed = sorted(json.loads(FAILED.read_bytes())) if FAILED.exists() else []
    if status != 1 or not 0 < len(failed) <= AGAIN_AT_MOST:
        return status
    sys.stdout.write(f"\n{len(failed)} failed; once more, alone:\n")
    again = _pytest(*failed)
    if again == 0:
        sys.stdout.write("\nPassed only when run again, alone. Find out why before it comes back:\n")
        sys.stdout.writelines(f"  {name}\n" for name in failed)
    return again


def _pytest(*arguments: str) -> int:
    sys.stdout.flush()
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
