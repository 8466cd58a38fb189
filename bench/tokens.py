"""Tokens a second of `llamacpp` against the bare server of xllamacpp with the same model, threads and messages.

Both write the same number of tokens (the end of an answer is ignored). Runs are paired, and either goes first in turn.
The model is the small one of `tools/fetch_test_model.py`, or any GGUF file. On a busy machine only the processor's
seconds mean something, and those of one thread: more of them wait for each other by spinning.

    python -m bench.tokens [MODEL.gguf] [--runs N] [--tokens N] [--threads N]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import openai
import xllamacpp
from tools import fetch_test_model

from bench._machine import machine
from imagelore.generate import checked
from imagelore.generate._messages import messages
from imagelore.generate.llamacpp import LlamaCppGenerator, engine
from imagelore.settings import Settings
from imagelore.types import Delta, Hit, Prompt, PromptSource, Record

TEXT = "A lighthouse of white stone stands on a rock before the harbour; its lamp was lit in 1887. "


def prompt(number: int) -> Prompt:
    """A question with two sources of four sentences; each run's is another."""
    records = [Record(id=str(n), source="s", path=f"{n}.jpg", version="", digest="", text=TEXT * 4) for n in range(2)]
    sources = [PromptSource(n, Hit(record, "", 1.0, {}), None) for n, record in enumerate(records, 1)]
    return Prompt(f"What is known of lighthouse {number}?", tuple(sources))


def timed(pieces: Iterator[str]) -> tuple[float, float, float]:
    """Seconds to the first piece and to the last, and the processor's."""
    start, worked = time.perf_counter(), time.process_time()
    next(pieces)
    first = time.perf_counter() - start
    for _ in pieces:
        pass
    return first, time.perf_counter() - start, time.process_time() - worked


def parameters(tokens: int) -> Callable[..., Any]:
    """Our server's own parameters, with an answer of a fixed length."""
    own = engine._parameters

    def fixed(*arguments: Any) -> Any:
        params = own(*arguments)
        params.n_predict, params.sampling.ignore_eos = tokens, True
        return params

    return fixed


def main() -> None:
    """Prints medians and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", nargs="?", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--threads", type=int, default=0)
    given = parser.parse_args()
    if given.model is None:
        fetch_test_model.main()
        given.model = fetch_test_model.MODEL
    engine._parameters = parameters(given.tokens)
    settings = Settings(generator=f"llamacpp:{given.model}", llamacpp_mmproj="none", llamacpp_threads=given.threads)
    generator = LlamaCppGenerator(settings)
    generator.load()
    server = xllamacpp.Server(engine._parameters(generator.model, settings, "bare"))
    client = openai.OpenAI(base_url=f"{server.listening_address}/v1", api_key="bare", max_retries=0)

    def ours(asked: Prompt) -> Iterator[str]:
        numbers = {source.number for source in asked.sources}
        yield from checked((event.text for event in generator.stream(asked) if isinstance(event, Delta)), numbers)

    def bare(asked: Prompt) -> Iterator[str]:
        ready = cast(Any, messages(asked))
        for chunk in client.chat.completions.create(model="bare", messages=ready, stream=True):
            if chunk.choices and chunk.choices[0].delta.content:
                yield chunk.choices[0].delta.content

    found: dict[str, list[tuple[float, float, float]]] = {"imagelore": [], "bare server": []}
    for run in range(given.runs + 1):
        for name, ask in (("imagelore", ours), ("bare server", bare))[:: 1 if run % 2 else -1]:
            taken = timed(ask(prompt(run)))
            if run:  # the first reads all of the prompt and warms up
                found[name].append(taken)
    print(machine())
    print(f"{given.model.name}, answers of {given.tokens} tokens, medians of {given.runs} paired runs")
    for name, runs in found.items():
        first, whole, _ = (statistics.median(column) for column in zip(*runs, strict=True))
        rate = given.tokens / statistics.median(end - start for start, end, _ in runs)
        print(f"{name:<12} first word after {first:.2f} s, {rate:.1f} tokens/s from there, {whole:.2f} s in all")
    pairs = list(zip(found["imagelore"], found["bare server"], strict=True))
    for name, column in (("seconds", 1), ("the processor's seconds", 2)):
        ratios = sorted(theirs[column] / own[column] for own, theirs in pairs)
        spread = f"{ratios[0]:.2f} to {ratios[-1]:.2f}"
        print(f"{name}, bare / imagelore (1: nothing is lost): {statistics.median(ratios):.3f}, pairs {spread}")


if __name__ == "__main__":
    main()
