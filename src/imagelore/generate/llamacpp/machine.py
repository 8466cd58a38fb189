"""What this machine can lend to a model: memory and cores, within the limits of a container."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

import xllamacpp

_ROOT = Path("/")
_CGROUP = "sys/fs/cgroup"  # version 2, as a container sees its own; on a plain machine the files are not there


def memory(root: Path = _ROOT) -> int:
    """Bytes that a model may take: free memory, and that of graphics cards beside it."""
    free, cards = 0, 0
    for device in xllamacpp.get_device_info():
        if device["type"] == xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU:
            free = device["memory_free"]  # on Linux all there is: the kernel knows better
        elif device["type"] == xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU:
            cards += device["memory_free"]
    if kernel := re.search(r"MemAvailable:\s+(\d+) kB", _text(root / "proc/meminfo")):
        free = int(kernel[1]) * 1024
    limit, used = _text(root / _CGROUP / "memory.max"), _text(root / _CGROUP / "memory.current")
    if limit.strip().isdigit() and used.strip().isdigit():
        cached = re.search(r"(?m)^inactive_file (\d+)", _text(root / _CGROUP / "memory.stat"))
        free = min(free, int(limit) - int(used) + (int(cached[1]) if cached else 0))
    return max(0, free) + (0 if platform.system() == "Darwin" else cards)  # a Mac's card has no memory of its own


def cores(root: Path = _ROOT) -> int:
    """Threads that compute at the same time without getting into each other's way; -1: llama.cpp finds out itself.

    Two threads of one core share what computes, so one a core is the fastest.
    """
    if not hasattr(os, "sched_getaffinity"):
        return -1
    mine: set[int] = os.sched_getaffinity(0)
    siblings = {_text(root / f"sys/devices/system/cpu/cpu{n}/topology/thread_siblings_list") or str(n) for n in mine}
    quota: Any = re.match(r"(\d+) (\d+)", _text(root / _CGROUP / "cpu.max"))
    return max(1, min(len(siblings), round(int(quota[1]) / int(quota[2])) if quota else len(mine)))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
