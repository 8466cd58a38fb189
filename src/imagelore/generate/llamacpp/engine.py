"""llama.cpp's server inside this process, on a port of 127.0.0.1 that only we have the key for.

It speaks OpenAI's protocol, so all that generate/openai knows (messages, streams, what to leave out of a prompt that is
too long) holds here too: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md. One question is
computed at a time, which gives each the whole machine; further ones wait in the server's queue.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

import openai
import xllamacpp

from imagelore._hub import Offered
from imagelore.errors import GeneratorError
from imagelore.generate.llamacpp import machine
from imagelore.generate.llamacpp.connection import Connections
from imagelore.generate.llamacpp.files import Model
from imagelore.generate.openai.engine import ChatGenerator, patience
from imagelore.generate.openai.errors import ERRORS, Endpoint, explain, is_too_long, says
from imagelore.settings import Settings

ANSWER = 2_048  # tokens of an answer, at most: a small model may never end
_WORK = 300_000_000  # bytes beside weights and cache: 135 million parameters took 50 MB, wider models take more
_PATIENCE = 3_600.0  # seconds: a long prompt takes minutes where there is no graphics card; llama.cpp's own limit
_NAMED = "http://llama.cpp/v1"  # as messages name it; the port says nothing to anybody


class Local(ChatGenerator):
    """Answers from a server of our own, and speaks of it as such."""

    def _explained(self, error: Exception) -> GeneratorError:
        return explain(error, self._endpoint, _EXPLAINED)


def context(model: Model, settings: Settings) -> int:
    """Tokens of a question with all that goes along, and its answer: as set, at most what the model was made for."""
    wanted = settings.answer_tokens + ANSWER
    return min(wanted, model.facts.number("context_length") or wanted)


def room(model: Model, settings: Settings) -> int:
    """Tokens of a question with all that goes along, so that there is space for an answer."""
    every = context(model, settings)
    return every - min(ANSWER, every // 4)


def check_download(model: Offered) -> None:
    """Looks at the least that a model will take, so that nobody waits for one that cannot be loaded.

    Raises:
        GeneratorError: that is more memory than there is.
    """
    if (wanted := model.size + _WORK) > (there := machine.memory()):
        raise GeneratorError(
            f"{model.name} wants more than {_gb(wanted)} of memory and {_gb(there)} is free, so it is not downloaded: "
            "take a smaller model, which `imagelore models` lists"
        )


def check_memory(model: Model, settings: Settings) -> int:
    """Bytes that the model will take, estimated.

    Raises:
        GeneratorError: that is more than there is.
    """
    cache = model.cache(context(model, settings))
    wanted = model.size + cache + _WORK * (2 if model.encoder else 1)
    if wanted > (there := machine.memory()):
        raise GeneratorError(
            f"{model.name} wants {_gb(wanted)} of memory ({_gb(model.size)} for its files, {_gb(cache)} for what it "
            f"reads), and {_gb(there)} is free: take a smaller model, or lower `IMAGELORE_ANSWER_TOKENS`"
        )
    return wanted


def start(model: Model, settings: Settings) -> tuple[Local, Callable[[], None]]:
    """Loads a model: what asks it, and what ends it.

    Raises:
        GeneratorError: there is too little memory, or llama.cpp cannot load it.
    """
    check_memory(model, settings)
    key = secrets.token_urlsafe(32)  # others on this machine, and pages in a browser, can reach the port too
    try:
        held = [xllamacpp.Server(_parameters(model, settings, key))]
    except RuntimeError as error:
        raise GeneratorError(_refused(model)) from error
    connections = Connections()

    def end() -> None:
        connections.end()
        held.clear()  # the server ends with its last reference

    client = openai.OpenAI(
        base_url=f"{held[0].listening_address}/v1",
        api_key=key,
        timeout=patience(_PATIENCE),
        max_retries=0,
        http_client=openai.DefaultHttpx2Client(transport=connections, trust_env=False),  # never through a proxy
    )
    endpoint = Endpoint(_NAMED, model.name, key, _PATIENCE)
    return Local(client, endpoint, settings.answer_pictures if model.encoder else 0, retries=0), end


def _parameters(model: Model, settings: Settings, key: str) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(model.path)
    if model.encoder:
        params.mmproj.path = str(model.encoder)
    params.n_ctx = context(model, settings)
    params.n_predict = ANSWER
    params.n_parallel = 1
    params.cache_ram_mib = 0  # else up to 8 GB of earlier prompts; the last one is kept all the same
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings.llamacpp_threads or machine.cores()
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.api_keys = [key]
    params.ui = params.endpoint_slots = params.warmup = False
    params.verbosity = -1  # nothing on stderr
    return params


def _refused(model: Model) -> str:
    """Why llama.cpp could not load a model, which it tells to its log only."""
    if model.encoder and model.encoder_facts:
        sees, reads = model.encoder_facts.number("vision.projection_dim"), model.facts.number("embedding_length")
        if sees != reads:
            return (
                f"`{model.encoder.name}` belongs to another model than {model.name} (widths {sees} and {reads}): set "
                "`IMAGELORE_LLAMACPP_MMPROJ` to its own, or to `none`"
            )
    return (
        f"llama.cpp cannot load {model.name} (of the architecture {model.facts.architecture!r}): download it again, or "
        "have newer models known with `pip install -U xllamacpp`"
    )


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _ended(_: Exception, endpoint: Endpoint) -> str:
    return f"llama.cpp ended while it was asked {endpoint.model!r}: start imagelore again"


def _failed(error: Exception, endpoint: Endpoint) -> str:
    if is_too_long(error):
        return f"the question and its sources are too long for {endpoint.model!r}: ask with a smaller `IMAGELORE_TOP`"
    return f"llama.cpp failed with {endpoint.model!r} ({says(error, endpoint)}): ask another way, or take another model"


_EXPLAINED = {
    **dict.fromkeys(ERRORS, _failed),
    openai.APIConnectionError: _ended,
    openai.APITimeoutError: _failed,
}
