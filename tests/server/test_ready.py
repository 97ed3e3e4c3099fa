"""Types that threads read are looked at before there are threads."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys, threading
import msgspec
{prepare}
from penstock.data.manifest import Manifest
from penstock.engine.channel import FROM_WORKER
from penstock.model.messages import Failure, Finished
from penstock.server.ready import READ
sys.setswitchinterval(1e-6)
gate = threading.Barrier(8)
def look():
    gate.wait()
    for kind in READ:
        msgspec.json.Decoder(kind)
    FROM_WORKER.prepare()
threads = [threading.Thread(target=look) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""


def test_threads_may_look_at_them_at_once() -> None:
    program = PROGRAM.format(prepare="from penstock.server.ready import prepare_types; prepare_types()")
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
