"""Start-up times as whole processes, and the memory of the largest: the median of several runs."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from importlib.resources import files
from statistics import median

from bench._machine import machine

RUNS = 5


def seconds(*command: str, runs: int = RUNS) -> float:
    """The median time of a Python command as a whole process."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    print(machine())
    with tempfile.TemporaryDirectory(prefix="imagelore-bench-") as place:
        samples, kb = str(files("imagelore") / "samples"), f"{place}/kb"
        imagelore = ("-m", "imagelore")
        print(f"{'bare Python':<20} {seconds('-c', 'pass'):.2f} s")
        print(f"{'imagelore --help':<20} {seconds(*imagelore, '--help'):.2f} s")
        print(f"{'index the samples':<20} {seconds(*imagelore, 'index', samples, '--kb', kb, runs=1):.2f} s")
        print(f"{'status':<20} {seconds(*imagelore, 'status', '--kb', kb):.2f} s")
        print(f"{'search':<20} {seconds(*imagelore, 'search', 'a boat', '--kb', kb):.2f} s")
        print(f"{'ask':<20} {seconds(*imagelore, 'ask', 'Where is the windmill?', '--kb', kb):.2f} s")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    print(f"{'largest process':<20} {peak:.0f} MiB")


if __name__ == "__main__":
    main()
