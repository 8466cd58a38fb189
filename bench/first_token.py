"""Time to the first token: imagelore's `openai` generator against the bare client, on the same server on loopback.

The server looks at the pictures, so both sides pay for decoding them. Runs are paired: one of each in turn.

    python -m bench.first_token [--runs N]
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import random
import statistics
import time
from collections.abc import Callable
from typing import Any, cast

import openai
from PIL import Image
from tests.fakes.openai_server import KEY, FakeOpenAI

from imagelore.generate import checked
from imagelore.generate._messages import messages
from imagelore.generate.openai import create
from imagelore.settings import Settings
from imagelore.types import Delta, Hit, Prompt, PromptSource, Record

SIDE = 768  # pixels, the default of `answer_side`
PICTURES = 6


def prompt() -> Prompt:
    """Six sources with noisy pictures of the size that is sent by default, about 0.2 MB each."""
    noise = random.Random(7)
    sources = []
    for number in range(1, PICTURES + 1):
        small = Image.frombytes("RGB", (SIDE // 4, SIDE // 4), noise.randbytes(3 * (SIDE // 4) ** 2))
        out = io.BytesIO()
        small.resize((SIDE, SIDE)).save(out, "JPEG", quality=85)
        record = Record(id=str(number), source="s", path=f"{number}.jpg", version="", digest="", text="A text. " * 60)
        sources.append(PromptSource(number, Hit(record, "", 1.0, {}), out.getvalue()))
    return Prompt("What is there to see?", tuple(sources))


def seconds(first: Callable[[], str]) -> float:
    """How long until the first text comes."""
    start = time.perf_counter()
    assert first()
    return time.perf_counter() - start


def main() -> None:
    """Prints the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40)
    runs = parser.parse_args().runs
    server, asked = FakeOpenAI(), prompt()
    generator = create(Settings(openai_base_url=server.url, openai_api_key=KEY, openai_model="colours"))
    client = openai.OpenAI(base_url=server.url, api_key=KEY)
    ready = cast(Any, messages(asked))  # the bare client gets its messages for nothing

    def bare() -> str:
        with client.chat.completions.create(model="colours", messages=ready, stream=True) as stream:
            return next(chunk.choices[0].delta.content for chunk in stream if chunk.choices[0].delta.content) or ""

    def ours() -> str:
        deltas = (event.text for event in generator.stream(asked) if isinstance(event, Delta))
        return next(checked(deltas, PICTURES))

    pairs = [(seconds(bare), seconds(ours)) for _ in range(runs + 2)][2:]
    base, through = (statistics.median(column) * 1_000 for column in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    added = statistics.median(b - a for a, b in pairs) * 1_000
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; {runs} pairs")
    print(f"{PICTURES} pictures of {SIDE} px: bare client {base:.1f} ms, imagelore {through:.1f} ms")
    print(f"added {added:.1f} ms, ratio {ratio:.3f} (medians of the pairs)")
    server.close()


if __name__ == "__main__":
    main()
