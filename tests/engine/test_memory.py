"""One heap for all threads; what stays is not looked through again."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAPS = """
import ctypes, re, sys, threading
from pathlib import Path
from penstock.engine.memory import share_one_heap

if sys.argv[1] == "one":
    share_one_heap()
held, done = threading.Barrier(9), threading.Barrier(9)
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def take():
    libc.malloc(1000)
    held.wait()
    done.wait()

for _ in range(8):
    threading.Thread(target=take).start()
held.wait()
# Heaps of threads begin at multiples of 64 MB; most of their room is reserved and may not be touched yet.
starts = [int(line.partition("-")[0], 16) for line in Path("/proc/self/maps").read_text().splitlines() if " rw-p " in line]
print(sum(start % 2**26 == 0 for start in starts))
done.wait()
"""


def heaps(wanted: str) -> int:
    told = subprocess.run([sys.executable, "-c", HEAPS, wanted], capture_output=True, text=True, check=True)
    return int(told.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of GNU")
def test_threads_take_memory_from_one_heap() -> None:
    several = heaps("several")
    if several < 4:
        pytest.skip("threads share heaps here by themselves")
    assert heaps("one") <= 1  # something else may begin at such a place by chance


SPARED = """
import gc
from penstock.engine.memory import spare_what_stays

class Held:
    pass

before = Held()
spare_what_stays()
after, ring = Held(), []
ring.append(ring)
del ring
looked_at = {id(found) for found in gc.get_objects()}
print(id(before) in looked_at, id(after) in looked_at, gc.collect() > 0)
"""


def test_what_stays_is_spared_by_garbage_collections_and_what_comes_is_not() -> None:
    told = subprocess.run([sys.executable, "-c", SPARED], capture_output=True, text=True, check=True)
    assert told.stdout.split() == ["False", "True", "True"]


CACHES = """
import atexit, sys, typing
from penstock.engine import worker
if sys.argv[1] == "worker":
    worker.prepare()
import duckdb
known = typing.List[bytearray]
atexit._run_exitfuncs()
print(typing.List[bytearray] is known)
"""


def test_no_library_empties_the_caches_of_typing_at_the_end_of_a_worker() -> None:
    def kept(process: str) -> str:
        told = subprocess.run([sys.executable, "-c", CACHES, process], capture_output=True, text=True, check=True)
        return told.stdout.strip()

    assert kept("other") == "False", "then nothing needs to be done about it any more"
    assert kept("worker") == "True"
