"""Pillow's own test images, 1,060 of them and many malformed: each is read or refused, in bounded time and memory.

They are read in a process of their own whose memory is limited, with warnings as errors unless imagelore silences them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from tools.fetch_test_images import FILES, FOLDER

READ_ALL = """
import json, resource, sys, time
from pathlib import Path
from imagelore.errors import UnreadableError
from imagelore.read import Options, picture
from imagelore.types import Asset

baseline = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (baseline + 1_500_000_000,) * 2)
told, slowest = {}, (0.0, "")
for path in sorted(Path(sys.argv[1]).rglob("*")):
    if not path.is_file():
        continue
    data, start = path.read_bytes(), time.process_time()
    try:
        reading = picture.read(Asset(path.name, "", len(data)), data, Options())
        assert reading.picture.mode == "RGB" and max(reading.picture.size) <= 512 and reading.thumbnail
        told[path.name] = ""
    except UnreadableError as error:
        told[path.name] = str(error)
    slowest = max(slowest, (time.process_time() - start, path.name))
print(json.dumps({"told": told, "slowest": slowest}))
"""


@pytest.fixture(scope="module")
def told() -> dict[str, str]:
    if not FOLDER.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the test images are not there; run python -m tools.fetch_test_images")
        pytest.skip("the test images are not there; run python -m tools.fetch_test_images")
    command = [sys.executable, "-W", "error", "-c", READ_ALL, str(FOLDER)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    # libtiff itself writes this line for a compression that Pillow's build leaves out; no warning of Pillow's is left.
    assert all("compression support is not configured" in line for line in run.stderr.splitlines()), run.stderr
    result = json.loads(run.stdout)
    assert result["slowest"][0] < 60, f"hung on {result['slowest'][1]}"
    return dict(result["told"])


def test_every_image_is_read_or_refused_in_one_line(told: dict[str, str]) -> None:
    assert FILES - 20 <= len(told) <= FILES  # a few names occur in two folders
    assert all("\n" not in reason and len(reason) < 250 for reason in told.values())


def test_good_pictures_are_read(told: dict[str, str]) -> None:
    good = [name for name in told if name.startswith("hopper") and name.endswith((".jpg", ".png", ".gif", ".bmp"))]
    assert len(good) > 20
    assert not [name for name in good if told[name]]
    assert sum(not reason for reason in told.values()) >= 690


def test_hostile_pictures_are_refused(told: dict[str, str]) -> None:
    names = ("oom-", "crash-", "timeout-", "decompression_bomb")
    hostile = [name for name in told if name.startswith(names) and name.endswith((".tif", ".j2k", ".gif"))]
    assert len(hostile) > 5
    assert told["decompression_bomb.gif"]
    assert told["truncated_jpeg.jpg"] == "it is a JPEG that is cut short (truncated)"
    assert "too many" in told["reallybig.bmp"]
