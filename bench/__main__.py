"""`python -m bench`: every measurement, one after the other; `python -m bench.ingest` and so on for one."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import bench

for module in sorted(m.name for m in pkgutil.iter_modules(bench.__path__) if not m.name.startswith("_")):
    print(f"\n== bench.{module}", flush=True)
    subprocess.run([sys.executable, "-m", f"bench.{module}"], check=True)
