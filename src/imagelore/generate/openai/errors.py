"""What the openai library raises, as one line that says what failed and what to set."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

import openai

from imagelore.errors import GeneratorError

_RETRIED = {408, 409, 429}
_ABOUT_PICTURES = re.compile(r"image|picture|vision|visual|multi-?modal|mmproj|base64", re.IGNORECASE)
_PICTURES = (
    r"(?:images?|pictures?|vision|visual|multi-?modal)(?:[ _-](?:inputs?|contents?|capabilit\w+|data|understanding))?"
)
_BLIND = re.compile(
    "|".join(
        (
            # Ollama, LM Studio, OpenRouter: the sentence, or its part, ends after "images": no "images of this format"
            rf"(?:does not|doesn't|do not|cannot|can't|not) (?:currently )?(?:support|accept|take|handle|process|read)"
            rf"(?: any)? {_PICTURES}(?= *(?:[.,;:!'\"(){{}}\]]|$| for | with | in this | please))",
            # llama.cpp
            r"(?:(?:images|pictures|vision|multi-?modal)|image[ _-]inputs?)(?: inputs?)? (?:is|are) "
            r"(?:not|un) ?(?:currently )?(?:supported|accepted|enabled|available)",
            r"mmproj|not compiled for multi-?modal",
            r"image_url[`'\"]? is only supported by",  # OpenAI
            r"(?:unknown|unsupported|invalid) (?:variant|(?:content|part|input)[\w ]*type):? *\W{0,3}image_url",
            r"not a (?:multi-?modal|vision)\b|at most 0 images?\b",  # vLLM
            r"missing data required for image input|vision add-?on is not loaded",  # Ollama, LM Studio
            r"content must be a string|expected a string|messages?\W.{0,40}content.{0,40}(?:of type|valid) string",
        )
    ),
    re.IGNORECASE,
)
_TOO_LONG = re.compile(
    r"context.{0,12}(?:length|size|window|limit)|maximum context|too many tokens|too long|too large|token limit",
    re.IGNORECASE,
)
_REFUSED = re.compile(r"content_?policy|content_?filter|content management policy|safety system", re.IGNORECASE)
_TOKEN = re.compile(r"\beyJ[\w-]{8,}[\w.-]*")  # a JSON web token, which some servers repeat


class Endpoint(NamedTuple):
    """Where a request went: the parts of the settings that a message may name."""

    address: str  # without user, password and query
    model: str
    key: str  # only to keep it out of messages
    timeout: float  # seconds
    version: str = ""  # of the API, where it has several

    @property
    def host(self) -> str:
        """Host and port."""
        return urlsplit(self.address).netloc


Explained = Mapping[type[Exception], Callable[[Exception, Endpoint], str]]
"""What each class of errors means: one line."""


def explain(error: Exception, endpoint: Endpoint, explained: Explained | None = None) -> GeneratorError:
    """Any error of the library as one of ours; classes that it does not know go by their base class."""
    table = ERRORS if explained is None else explained
    kind = next(cls for cls in type(error).__mro__ if cls in table)
    return GeneratorError(table[kind](error, endpoint))


def says(error: Exception, endpoint: Endpoint) -> str:
    """The server's own words: one line, without the key."""
    body = getattr(error, "body", None)
    nested = body.get("error", body) if isinstance(body, Mapping) else body
    told = nested.get("message", "") if isinstance(nested, Mapping) else nested
    line = " ".join(str(told or getattr(error, "message", "") or error).split())
    line = _TOKEN.sub("…", line.replace(endpoint.key, "…") if endpoint.key else line)
    return line[:200] + "…" * (len(line) > 200)


def takes_no_pictures(error: Exception) -> bool:
    """The model, or its server, says that it reads text only, in the words of the servers that are known."""
    return status(error) in {400, 415, 422, 500, 501} and bool(_BLIND.search(words(error)))


def stumbles_over_pictures(error: Exception, endpoint: Endpoint) -> bool:
    """The error speaks of pictures, maybe of one of those that were sent: the next ones may well be taken."""
    model = rf"(?<![\w-]){re.escape(endpoint.model)}(?![\w-])"  # it may be called "vision"
    told = re.sub(model, "", words(error))
    return status(error) in {400, 415, 422, 500, 501} and bool(_ABOUT_PICTURES.search(told))


def is_too_long(error: Exception) -> bool:
    """The prompt exceeds what the model or the server takes."""
    return status(error) == 413 or (status(error) in {400, 422, 500} and bool(_TOO_LONG.search(words(error))))


def is_refused(error: Exception) -> bool:
    """A content policy refused the question, or ended a stream with an error."""
    said = status(error) in {400, 403, 422} or type(error) is openai.APIError
    return said and bool(_REFUSED.search(words(error)))


def refuses(error: Exception, *fields: str) -> bool:
    """The server names one of these fields of a request as what it does not know or take."""
    said = words(error)
    return status(error) in {400, 422} and not is_too_long(error) and any(field in said for field in fields)


def retry_after(error: Exception, attempt: int) -> float | None:
    """Seconds to wait before trying again; None: trying again is of no use.

    `retry-after-ms`, `Retry-After` in seconds or as an HTTP date (RFC 9110, 10.2.3), else 0.5, 1, 2 ... seconds.
    """
    if isinstance(error, openai.APIStatusError):
        if error.code == "insufficient_quota" or not (error.status_code in _RETRIED or error.status_code >= 500):
            return None
        asked = _asked_to_wait(error.response.headers)
        return asked if asked is not None else 0.5 * 2**attempt
    if isinstance(error, openai.APITimeoutError) or not isinstance(error, openai.APIConnectionError):
        return None
    return None if cause(error) else 0.5 * 2**attempt


def _asked_to_wait(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    for seconds, unit in ((headers.get("retry-after-ms", ""), 1000), (value, 1)):
        try:
            return max(0.0, float(seconds) / unit)
        except ValueError:
            pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except ValueError:
        return None


def status(error: Exception) -> int:
    """The HTTP status of an answer that was an error; 0: there was none."""
    return error.status_code if isinstance(error, openai.APIStatusError) else 0


def words(error: Exception) -> str:
    """All that the server said, to look for words in."""
    return f"{getattr(error, 'code', '')} {getattr(error, 'message', '')} {getattr(error, 'body', '')}"


def cause(error: BaseException) -> str:
    """Why a server could not be reached at all; "" when the connection was made and then failed."""
    chain = []
    link: BaseException | None = error
    while link is not None:
        chain.append(link)
        link = link.__cause__ or link.__context__
    if any(isinstance(c, ConnectionRefusedError) for c in chain) or "refused" in str(chain[-1]).lower():
        return "nothing listens there"
    names = {type(c).__name__ for c in chain}
    return str(chain[-1]) if names & {"ConnectError", "gaierror", "UnsupportedProtocol", "TooManyRedirects"} else ""


def _wrong_key(_: Exception, endpoint: Endpoint) -> str:
    which = "refused the key" if endpoint.key else "wants a key"
    return f"{endpoint.host} {which}: set `OPENAI_API_KEY`, or `OPENAI_BASE_URL` if the key is for another server"


def _forbidden(error: Exception, endpoint: Endpoint) -> str:
    return (
        f"{endpoint.host} does not let this key use model {endpoint.model!r} ({says(error, endpoint)}): "
        "set another `OPENAI_API_KEY` or `IMAGELORE_OPENAI_MODEL`"
    )


def _not_found(error: Exception, endpoint: Endpoint) -> str:
    if "model" in words(error).lower():
        return f"{endpoint.host} has no model {endpoint.model!r}: set `IMAGELORE_OPENAI_MODEL`"
    return f"{endpoint.address} has no chat completions: set `OPENAI_BASE_URL`; it usually ends in /v1"


def _too_many(error: Exception, endpoint: Endpoint) -> str:
    if isinstance(error, openai.APIError) and error.code == "insufficient_quota":
        return f"the account at {endpoint.host} has no quota left: check its plan, or set another `OPENAI_API_KEY`"
    return f"{endpoint.host} gets too many requests ({says(error, endpoint)}): try again later"


def _bad_request(error: Exception, endpoint: Endpoint) -> str:
    if is_too_long(error):
        return f"the question and its sources are too long for {endpoint.model!r}: ask with a smaller `IMAGELORE_TOP`"
    return f"{endpoint.host} refused the request ({says(error, endpoint)}): ask another way, or set another model"


def _server(error: Exception, endpoint: Endpoint) -> str:
    code = f" with status {status(error)}" if status(error) else ""
    return f"{endpoint.host} failed{code} ({says(error, endpoint)}): try again, or look at that server's log"


def _unreached(error: Exception, endpoint: Endpoint) -> str:
    why = cause(error)
    if not why:
        return f"the connection to {endpoint.address} broke before an answer came: try again"
    return f"cannot reach {endpoint.address} ({why}): start that server, or set `OPENAI_BASE_URL`"


def _timed_out(_: Exception, endpoint: Endpoint) -> str:
    return (
        f"{endpoint.host} did not answer within {endpoint.timeout:g} s: try again, or raise `IMAGELORE_OPENAI_TIMEOUT`"
    )


def _unreadable(_: Exception, endpoint: Endpoint) -> str:
    return f"{endpoint.address} sent what is no chat completion: set `OPENAI_BASE_URL`; it usually ends in /v1"


def _cut(_: Exception, endpoint: Endpoint) -> str:
    return f"{endpoint.model!r} ended its answer at its length limit or content filter: ask another way"


def _unexpected(error: Exception, endpoint: Endpoint) -> str:
    return f"asking {endpoint.model!r} at {endpoint.host} failed ({says(error, endpoint)}): try again"


ERRORS: Explained = {
    ValueError: _unreadable,  # a piece of the stream that is no JSON
    openai.OpenAIError: _unexpected,
    openai.APIError: _server,
    openai.APIStatusError: _server,
    openai.APIConnectionError: _unreached,
    openai.APITimeoutError: _timed_out,
    openai.APIResponseValidationError: _unreadable,
    openai.BadRequestError: _bad_request,
    openai.AuthenticationError: _wrong_key,
    openai.OAuthError: _wrong_key,
    openai.PermissionDeniedError: _forbidden,
    openai.NotFoundError: _not_found,
    openai.ConflictError: _server,
    openai.UnprocessableEntityError: _bad_request,
    openai.RateLimitError: _too_many,
    openai.InternalServerError: _server,
    openai.LengthFinishReasonError: _cut,
    openai.ContentFilterFinishReasonError: _cut,
    openai.WebSocketConnectionClosedError: _unexpected,
    openai.WebSocketQueueFullError: _unexpected,
}
