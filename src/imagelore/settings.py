"""The one table of settings: name, default, help.

A value is taken from the first place that has it: the call (a flag), the environment (`IMAGELORE_NAME`, and the
names that vendors' own tools use), `imagelore.toml` in the working directory, the default.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_type_hints

from imagelore.errors import UsageError

FILE = "imagelore.toml"


def _setting(
    default: Any,
    help: str,
    env: tuple[str, ...] = (),
    *,
    secret: bool = False,
    least: float | None = None,
    choices: tuple[str, ...] = (),
) -> Any:
    facts = {"help": help, "env": env, "least": least, "choices": choices}
    return dataclasses.field(default=default, repr=not secret, metadata=facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings, typed. Each field's help is in its metadata; `docs/settings.md` is generated from it."""

    kb: str = _setting("./.imagelore", "the knowledge base: a folder, or `azure-search://SERVICE/INDEX`")
    embedder: str = _setting(
        "",
        "what turns pictures and texts into vectors: `starter`, `clip:NAME`, `clip:/path/to/folder` (docs/models.md), "
        "`azure_vision`, `azure_cohere`; empty: the knowledge base's own; for a new one `azure_vision` or "
        "`azure_cohere` when its endpoint is set, else `starter`",
    )
    generator: str = _setting(
        "",
        "what answers; empty: `azure_openai` when its endpoint is set, `openai` when its key or address is set, else "
        "`extractive`",
    )
    top: int = _setting(8, "how many hits a question gets", least=1)
    rankings: str = _setting(
        "",
        "the rankings that find hits, with commas between: text, meaning, image, seen, look, colour, semantic; empty: "
        "all of them",
    )
    weights: str = _setting("", "what rankings weigh, instead of their defaults: `text=2,look=0.5`")
    rerank: int = _setting(
        0, "how many of the best hits the chat model looks at and puts in order; 0: it does not", least=0
    )
    data: str = _setting(
        "",
        "the folder for `feedback.jsonl`, what people thought of answers; empty: the knowledge base's own folder, or "
        "one in the user's data folder where the knowledge base is on a service",
    )
    host: str = _setting("127.0.0.1", "the address that `serve` listens on")
    port: int = _setting(7860, "the port that `serve` listens on; the next free one where it is taken", least=0)
    answers_at_once: int = _setting(4, "questions that `serve` answers at the same time; further ones wait", least=1)
    answers_waiting: int = _setting(64, "questions that may wait; one more is refused until there is room", least=1)
    max_question: int = _setting(4_000, "characters of a question that are read; a longer one is refused", least=1)
    behind_sign_in: bool = _setting(
        False,
        "a sign-in stands before `serve` (App Service's, which sets X-MS-CLIENT-PRINCIPAL-ID): requests without a "
        "signed-in user are refused",
    )
    sentences: str = _setting(
        "",
        "what turns records' texts into vectors beside a `clip` embedder: a name (docs/models.md) or a folder; empty: "
        "the starter's sentence encoder (English)",
    )
    gps: bool = _setting(False, "take over the place that a camera recorded in its pictures")
    ocr: str = _setting(
        "auto",
        "read the text that stands in pictures, with imagelore[ocr]: `auto` where some is likely (and the extra is "
        "installed), `on`: in every picture, `off`",
        choices=("auto", "on", "off"),
    )
    documents: bool = _setting(
        True,
        "index documents too (PDF, Word, PowerPoint, Excel, EPUB, HTML, Markdown, plain text), with their pictures",
    )
    workers: int = _setting(0, "threads that read and embed while indexing; 0: one per core", least=0)
    max_pixels: int = _setting(100_000_000, "pictures with more pixels are skipped", least=1)
    answer_pictures: int = _setting(6, "how many pictures a vision model is sent with a question, at most", least=0)
    answer_side: int = _setting(
        768, "the longer side, in pixels, of a picture that is sent to a vision model", least=64
    )
    answer_tokens: int = _setting(
        16_000, "tokens, estimated, that a question with its sources, pictures and history may take", least=1_000
    )
    price_input: float = _setting(0.0, "what a million tokens of a question cost; 0: no costs are shown", least=0)
    price_output: float = _setting(0.0, "what a million tokens of an answer cost, in the same currency", least=0)
    describe_language: str = _setting("English", "the language in which `imagelore describe` has pictures described")
    describe_at_once: int = _setting(
        4, "pictures that `imagelore describe` has described at the same time; `llamacpp` gets one by one", least=1
    )
    doubts: bool = _setting(True, "mark the sentences of an answer that the sources they cite do not support")
    openai_base_url: str = _setting("", "address of an OpenAI-compatible server, ending in /v1", ("OPENAI_BASE_URL",))
    openai_api_key: str = _setting("", "its key, where it wants one", ("OPENAI_API_KEY",), secret=True)
    openai_model: str = _setting("gpt-5-mini", "the model to ask there", ("OPENAI_MODEL",))
    openai_timeout: float = _setting(60.0, "seconds to wait for the next piece of an answer", least=1)
    openai_retries: int = _setting(3, "how often a refused or failed request is tried again", least=0)
    llamacpp_mmproj: str = _setting(
        "", "what a model of `llamacpp` sees with; empty: the `mmproj` file beside it; `none`: it reads texts only"
    )
    llamacpp_threads: int = _setting(0, "threads that it computes with; 0: one per core", least=0)
    azure_timeout: float = _setting(60.0, "seconds to wait for an answer of an Azure service", least=1)
    azure_patience: float = _setting(
        20.0, "seconds that a question waits for an Azure embedder with too many requests; indexing waits 150", least=0
    )
    azure_retries: int = _setting(5, "how often a request to an Azure service is tried again", least=0)
    azure_storage_account: str = _setting("", "the storage account of `az:///CONTAINER`", ("AZURE_STORAGE_ACCOUNT",))
    azure_storage_endpoint: str = _setting(
        "",
        "address of its Blob service; empty: https://ACCOUNT.blob.core.windows.net",
        ("AZURE_STORAGE_BLOB_ENDPOINT",),
    )
    azure_storage_connection_string: str = _setting(
        "", "names account, endpoint and key in one", ("AZURE_STORAGE_CONNECTION_STRING",), secret=True
    )
    azure_storage_key: str = _setting("", "its key; empty: Entra", ("AZURE_STORAGE_KEY",), secret=True)
    azure_storage_sas: str = _setting(
        "", "a shared access signature, instead of the key", ("AZURE_STORAGE_SAS_TOKEN",), secret=True
    )
    azure_vision_endpoint: str = _setting(
        "", "address of the Azure AI Vision resource", ("AZURE_VISION_ENDPOINT", "VISION_ENDPOINT")
    )
    azure_vision_key: str = _setting("", "its key; empty: Entra", ("AZURE_VISION_KEY", "VISION_KEY"), secret=True)
    azure_vision_model: str = _setting("2023-04-15", "the version of its embedding model")
    azure_vision_rate: float = _setting(20.0, "calls a second that its tier allows; 0: no limit", least=0)
    azure_cohere_endpoint: str = _setting(
        "", "address of the Cohere Embed deployment in Foundry", ("AZURE_COHERE_ENDPOINT",)
    )
    azure_cohere_key: str = _setting("", "its key; empty: Entra", ("AZURE_COHERE_KEY",), secret=True)
    azure_cohere_deployment: str = _setting("embed-v-4-0", "the deployment's name", ("AZURE_COHERE_DEPLOYMENT",))
    azure_cohere_dimensions: int = _setting(1024, "dimensions of its vectors: 256, 512, 1024 or 1536", least=1)
    azure_cohere_rate: float = _setting(0.0, "calls a second that its quota allows; 0: no limit", least=0)
    azure_search_endpoint: str = _setting(
        "", "address of the AI Search service; empty: https://SERVICE.search.windows.net", ("AZURE_SEARCH_ENDPOINT",)
    )
    azure_search_key: str = _setting(
        "", "its key; empty: Entra", ("AZURE_SEARCH_API_KEY", "AZURE_SEARCH_KEY", "AZURE_SEARCH_ADMIN_KEY"), secret=True
    )
    azure_search_semantic: bool = _setting(False, "add its semantic ranker to the rankings of a question")
    azure_openai_endpoint: str = _setting("", "address of the Azure OpenAI resource", ("AZURE_OPENAI_ENDPOINT",))
    azure_openai_key: str = _setting(
        "", "its key; empty: Entra", ("AZURE_OPENAI_API_KEY", "AZURE_OPENAI_KEY"), secret=True
    )
    azure_openai_deployment: str = _setting(
        "",
        "the deployment that answers: any chat model that takes pictures",
        ("AZURE_OPENAI_DEPLOYMENT", "AZURE_OPENAI_DEPLOYMENT_NAME", "AZURE_OPENAI_CHAT_DEPLOYMENT"),
    )
    azure_openai_api_version: str = _setting(
        "", "a version of the classic API; empty: the v1 API", ("AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION")
    )
    judge_model: str = _setting("", "the model, on the service that answers, that judges answers for `eval --judge`")
    azure_openai_pictures: int = _setting(10, "how many pictures a request may carry, at most", least=0)

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            value, least = getattr(self, f.name), f.metadata["least"]
            if least is not None and not value >= least:  # this way round it also refuses "nan"
                raise UsageError(f"setting `{f.name}` must be at least {least}, not {value}")
            if (choices := f.metadata["choices"]) and value not in choices:
                raise UsageError(f"setting `{f.name}` must be one of {', '.join(choices)}, not {value!r}")
            if f.name in ("kb", "host") and not value.strip():
                raise UsageError(f"setting `{f.name}` must not be empty")
            if not f.repr:
                object.__setattr__(self, f.name, _secret(f.name, f.metadata["env"], value))

    @classmethod
    def load(cls, **flags: Any) -> Settings:
        """Settings from flags (None: not given), the environment, `imagelore.toml` and the defaults.

        Raises:
            UsageError: an unknown name, a value that is not of its setting's type, or a file that would send a key
                which it does not hold itself to an address of its own choice.
        """
        file, elsewhere = _from_file(Path(FILE)), _from_environment(os.environ)
        elsewhere |= {name: value for name, value in flags.items() if value is not None}
        values = file | elsewhere
        _refuse_lures(file, elsewhere)
        hints = get_type_hints(cls)
        known = {f.name for f in dataclasses.fields(cls)}
        for name in values:
            if name not in known:
                raise UsageError(f"unknown setting `{name}`; the known ones are {', '.join(sorted(known))}")
        return cls(**{name: _typed(name, value, hints[name]) for name, value in values.items()})


def _secret(name: str, variables: Sequence[str], value: str) -> str:
    """A key without what is pasted along with it; one that no request could carry is refused before one is made."""
    if not _SECRET.fullmatch(value := value.strip()):
        raise UsageError(
            f"setting `{name}` ({', '.join(variables)}) is malformed: a key is one line and holds nothing beyond "
            "ASCII; copy it again"
        )
    return value


def _refuse_lures(file: Mapping[str, Any], elsewhere: Mapping[str, Any]) -> None:
    """A folder's file may not lead a key of the environment, or a sign-in, to an address of its own choice."""
    variables = {f.name: f.metadata["env"] for f in dataclasses.fields(Settings)}
    for address, keys in _KEYS.items():
        if address not in file or address in elsewhere:
            continue
        own_key = any(str(file.get(key, "")).strip(" ?\t\r\n") for key in keys)
        key_elsewhere = any(key in elsewhere for key in keys)
        if key_elsewhere or (address.startswith("azure_") and not own_key and not _is_azure(file[address])):
            raise UsageError(
                f"`{FILE}` here names `{address}`, and {'the key' if key_elsewhere else 'the identity'} comes from "
                "the environment: it is not sent to an address that a folder brings along; set "
                f"{variables[address][0]} too, or take the line out"
            )


def _is_azure(address: Any) -> bool:
    """Whether an address belongs to one of the services themselves, whoever rents it."""
    found = _PLAIN.fullmatch(str(address).lower())  # nothing in it that two libraries may read differently
    return found is not None and f".{found[1]}".endswith(_AZURE)


def _from_environment(environ: Mapping[str, str]) -> dict[str, str]:
    values = {}
    for f in dataclasses.fields(Settings):
        for name in (f"IMAGELORE_{f.name.upper()}", *f.metadata["env"]):
            if value := environ.get(name, "").strip():  # a file with Windows line ends leaves \r behind
                values[f.name] = value
                break
    return values


def _from_file(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"`{path}` cannot be read as settings: {error}") from error


def _typed(name: str, value: Any, kind: type) -> Any:
    if isinstance(value, bool) and kind is not bool:
        raise UsageError(f"setting `{name}` wants {_WANTS[kind]}, not {value!r}")
    if isinstance(value, kind):
        return value
    try:
        if kind is bool:
            return {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}[str(value).lower()]
        return cast(Any, kind)(value)
    except (KeyError, ValueError, TypeError):
        raise UsageError(f"setting `{name}` wants {_WANTS[kind]}, not {value!r}") from None


_KEYS: dict[str, tuple[str, ...]] = {
    "openai_base_url": ("openai_api_key",),
    "azure_storage_endpoint": ("azure_storage_key", "azure_storage_sas"),
    **{f"azure_{name}_endpoint": (f"azure_{name}_key",) for name in ("vision", "cohere", "search", "openai")},
}
_SECRET = re.compile(r"[\x20-\x7e]*")
_PLAIN = re.compile(r"https://([a-z0-9.-]+)(?::[0-9]+)?(?:/[a-z0-9._~/-]*)?")
_AZURE = (
    *(".blob.core.windows.net", ".search.windows.net", ".openai.azure.com", ".cognitiveservices.azure.com"),
    *(".services.ai.azure.com", ".api.cognitive.microsoft.com"),
    *(".blob.core.usgovcloudapi.net", ".search.azure.us", ".openai.azure.us", ".cognitiveservices.azure.us"),
    *(".blob.core.chinacloudapi.cn", ".search.azure.cn", ".cognitiveservices.azure.cn"),
)
_WANTS: dict[type, str] = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
