"""A publication in a process of its own, which ends itself, or waits, at a named step."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from penstock.data import ProductStore, fingerprint
from penstock.model.product import Address, Fence, Lineage


def main(root: str, run: str, token: int, stop_at: str, action: str) -> None:
    import pandas as pd

    def step(name: str) -> None:
        if name != stop_at:
            return
        if action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        sys.stdin.readline()

    store = ProductStore(root)
    draft = store.draft(Address("p", "b"), Fence(run, "b", token), step=step)
    step("drafted")
    draft.add(pd.DataFrame({"n": range(10_000)}))
    step("first added")
    draft.add({"run": run, "large": list(range(10_000))})
    step("added")
    manifest = draft.publish(Lineage(run=run), fingerprint=fingerprint(Lineage(variables={"run": run})))
    step("done")
    sys.stdout.write(f"published {manifest.ref.version}\n")


STEPS = ["drafted", "first added", "added", "publish", "fenced", "claim", "link", "published", "done"]

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5])
    sys.exit(0 if Path(sys.argv[1]).exists() else 3)
