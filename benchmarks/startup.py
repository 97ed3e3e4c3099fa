"""What it costs to start: the command line, one trivial block, and each further block of a chain."""

from __future__ import annotations

from benchmarks.bench import Bench
from benchmarks.measure import alternate, figures, median
from benchmarks.projects import chain

LENGTHS = (1, 40, 400)


def measure(bench: Bench) -> None:
    """Fill `results["startup"]`."""
    project = bench.project
    for length in LENGTHS:
        project.pipeline(f"chain{length}", chain(length))
    folder = str(project.folder)
    samples = alternate(
        {
            "python -c pass": lambda memory: bench.plain("-c", "pass", memory=memory),
            "import pandas": lambda memory: bench.plain("-c", "import pandas", memory=memory),
            "penstock --help": lambda memory: bench.penstock("--help", memory=memory),
            **{
                f"penstock run, {length} blocks": lambda memory, n=length: bench.penstock(
                    "run", folder, f"chain{n}", memory=memory
                )
                for length in LENGTHS
            },
        },
        bench.repeats,
    )
    if bench.mage:
        samples |= alternate(
            {
                "mage --help": lambda memory: bench.mage_run("--help", memory=memory),
                **{
                    f"mage run, {length} blocks": lambda memory, n=length: bench.mage_run(
                        "run", folder, f"chain{n}", memory=memory
                    )
                    for length in LENGTHS[:2]
                },
            },
            bench.repeats,
        )
    per_block = {}
    for tool in ("penstock", "mage") if bench.mage else ("penstock",):
        for length in LENGTHS[1:]:
            if more := samples.get(f"{tool} run, {length} blocks"):
                one = samples[f"{tool} run, 1 blocks"]
                per_block[f"{tool}, chain of {length}"] = {
                    "median": round((median(more, "wall") - median(one, "wall")) / (length - 1) * 1000, 2),
                    "fastest": round((min(s.wall for s in more) - min(s.wall for s in one)) / (length - 1) * 1000, 2),
                    "cpu": round((median(more, "cpu") - median(one, "cpu")) / (length - 1) * 1000, 2),
                }
    base = median(samples["python -c pass"], "wall")
    bench.results["startup"] = {
        "runs": {name: figures(found) for name, found in samples.items()},
        "milliseconds a block over the first": per_block,
        "one block over python -c pass, seconds": round(median(samples["penstock run, 1 blocks"], "wall") - base, 3),
    }
