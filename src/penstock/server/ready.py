"""Makes the types ready that several threads read from records, manifests and workers.

msgspec looks at a dataclass when it is first asked for one, and two threads that do so at once end the whole process
with a segmentation fault. So everything is looked at before there are threads.
"""

from __future__ import annotations

import msgspec

from penstock.data.manifest import Manifest
from penstock.engine.channel import FROM_WORKER, TO_WORKER
from penstock.model.messages import Failure, TestOutcome
from penstock.model.product import Lineage, OutputSummary, ProductRef
from penstock.observe.alerts.facts import Fact

READ = (Manifest, Failure, TestOutcome, Lineage, OutputSummary, ProductRef, Fact)
"""Dataclasses that are read in threads."""


def prepare_types() -> None:
    """Look at every such type; called before the first thread is started."""
    for kind in READ:
        msgspec.json.Decoder(kind)
    TO_WORKER.prepare()
    FROM_WORKER.prepare()
