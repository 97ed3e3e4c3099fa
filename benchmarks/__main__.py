"""`python -m benchmarks`: run the suite and write benchmarks/RESULTS.md and RESULTS.json."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks import footprint, orchestration, report, scheduler, sql, startup, state, studio, tables
from benchmarks.bench import Bench

PARTS = {
    "startup": startup,
    "tables": tables,
    "sql": sql,
    "footprint": footprint,
    "studio": studio,
    "state": state,
    "orchestration": orchestration,
    "scheduler": scheduler,
}


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts to run; the others keep their results"
    )
    parser.add_argument("--repeats", type=int, default=5, help="runs that count, after one that does not (5)")
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000], help="sizes of the tables")
    parser.add_argument("--scratch", type=Path, help="folder for data; about 8 GB at ten million rows")
    parser.add_argument("--mage-venv", type=Path, help="environment with mage-ai, to measure it as well")
    parser.add_argument(
        "--engines",
        nargs="*",
        default=[],
        help="NAME=FOLDER: environments with prefect, dagster or airflow, to measure as well",
    )
    parser.add_argument(
        "--results", type=Path, default=Path(__file__).parent, help="folder of RESULTS.md and RESULTS.json"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.scratch, prefix="penstock-bench-") as scratch:
        engines = {name: Path(folder) for name, _, folder in (entry.partition("=") for entry in given.engines)}
        bench = Bench(Path(scratch), given.repeats, tuple(given.rows), given.mage_venv, engines)
        for name in given.only:
            print(name, "...", flush=True)
            try:
                PARTS[name].measure(bench)
            finally:
                # Written after each part and on failure, so that what has been measured is kept.
                if name in bench.results:
                    report.write(given.results, {name: bench.results[name]}, bench)
    print((given.results / "RESULTS.md").read_text())


if __name__ == "__main__":
    main()
