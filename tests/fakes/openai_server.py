"""A server on loopback that speaks OpenAI's chat completions and looks at the pictures it is sent.

It answers from their pixels: "Source 2 shows something red [2]." Without the picture the answer is another one. It is
strict: a field that it does not know, a missing key or a picture that was not announced is an error. What goes wrong is
chosen by the model's name, so that a test needs no other handle than the settings.

Requests that are not streamed are tasks (rewriting, reranking, judging): they are kept in `tasks`, apart from
`requests`, and `reply` is what they are told, a text or a function of all the words of the request:

    openai_server.reply = "a red lighthouse at night"
    openai_server.reply = lambda asked: '{"order": [2, 1]}' if "Picture 2" in asked else "{}"

Without one a task is refused (status 400), as by a server that cannot do it. A streamed answer is `answer` (again a
text or a function) instead of what is seen, where a test sets that.
"""

from __future__ import annotations

import base64
import io
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from PIL import Image

KEY = "sk-test-0123456789"
FIELDS = {"model", "messages", "stream", "stream_options"}
TASK_FIELDS = {"model", "messages", "max_tokens", "max_completion_tokens", "reasoning_effort"}
COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 160, 50),
    "blue": (40, 60, 220),
    "yellow": (240, 220, 40),
    "black": (10, 10, 10),
    "white": (245, 245, 245),
    "grey": (128, 128, 128),
}
ONCE = {
    "busy-once": (429, "Rate limit reached", "rate_limit_exceeded", {"Retry-After": "0.01"}),
    "fails-once": (500, "The server had an error", "server_error", {}),
    "drops-once": (0, "", "", {}),
}
ALWAYS: dict[str, tuple[int, str, str, dict[str, str]]] = {
    "busy": (429, "Rate limit reached", "rate_limit_exceeded", {"Retry-After": "0.01"}),
    "busy-for-long": (429, "Rate limit reached", "rate_limit_exceeded", {"Retry-After": "3600"}),
    "quota": (429, "You exceeded your current quota", "insufficient_quota", {}),
    "fails": (503, "The model is overloaded", "server_error", {}),
    "forbidden": (403, "Your project does not have access", "model_not_found", {}),
    "policy": (400, "Your request was rejected by the safety system", "content_policy_violation", {}),
    "crashes": (418, "I am a teapot", "teapot", {}),
}
ANSWERS = {
    "colours",
    "no-usage",
    "thinks",
    "thinks-apart",
    "broken",
    "malformed",
    "unfinished",
    "slow",
    "stalls",
    "empty",
    "whole",
    "llava-vision",
    "one-corrupt",
}
ANSWERS |= {"refuses", "filtered", "cut", "no-vision", "drops-pictures", "no-stream-options", "short", "error-inside"}
TAKES: dict[str, set[str]] = {  # models that refuse fields of a task: those that they take
    "reasons": {"max_completion_tokens", "reasoning_effort"},
    "reasons-plainly": {"max_completion_tokens"},
    "unlimited": set(),
}
ANSWERS |= {*TAKES, "ponders", "trickles"}  # thinks in its reply's tokens; sends blanks and never an end
MODELS = sorted(ANSWERS | set(ONCE) | set(ALWAYS))


class Refused(Exception):
    """A request that gets an error: status, message, code."""

    def __init__(self, status: int, message: str, code: str = "invalid_request_error", **headers: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code
        self.more: dict[str, Any] = {}  # what else the error says
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class FakeOpenAI:
    """The server, running; `requests` holds the body of every streamed chat completion that was asked for."""

    def __init__(self, handler: type[Handler] | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []  # those that were not streamed
        self.reply: str | Callable[[str], str] = ""  # to a task
        self.seen: Callable[[str], str] | None = None  # to a task with pictures: the reply to the last one's colour
        self.answer: str | Callable[[str], str] = ""  # of a streamed completion; "": what is seen
        self.hung_up = threading.Event()  # a client closed its connection before the answer's end
        self.failed: set[str] = set()  # of those that fail once
        self.pause = 0.0  # seconds between two pieces
        self.stopping = threading.Event()
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (handler or Handler,), {"fake": self}))
        server.daemon_threads = True
        self._server = server
        self._thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
        self.key = KEY

    def environment(self, model: str = "colours") -> dict[str, str]:
        """The variables with which a program finds this server."""
        return {"OPENAI_BASE_URL": self.url, "OPENAI_API_KEY": self.key, "OPENAI_MODEL": model}

    def close(self) -> None:
        """Stops listening."""
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Handler(BaseHTTPRequestHandler):
    """Answers one request; another service of the same protocol overrides what it does its own way."""

    fake: FakeOpenAI
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer(self._models)

    def do_POST(self) -> None:
        self._answer(self._chat)

    def _answer(self, action: Any) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
            body = self.rfile.read(length)
            self.authorise()
            action(body)
        except Refused as error:
            said = {"message": error.message, "code": error.code, **error.more}
            self._json(error.status, {"error": said}, {"Connection": "close", **error.headers})
        except (BrokenPipeError, ConnectionResetError):
            self.fake.hung_up.set()
            self.close_connection = True

    def authorise(self) -> None:
        """Refuses whoever has no key."""
        presented = self.headers.get("Authorization")
        if presented != f"Bearer {self.fake.key}":
            raise Refused(401, f"Incorrect API key provided: {presented}", "invalid_api_key")

    def _json(self, status: int, value: Any, headers: dict[str, str]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        for name, text in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def _models(self, body: bytes) -> None:
        if self.path != "/v1/models":
            raise Refused(404, "404 page not found")
        self._json(200, {"object": "list", "data": [{"id": m, "object": "model"} for m in MODELS]}, {})

    def _chat(self, body: bytes) -> None:
        if self.path != "/v1/chat/completions":
            raise Refused(404, "404 page not found")
        self.converse(json.loads(body))

    def converse(self, request: dict[str, Any]) -> None:
        """Answers, or fails as the model's name says."""
        streamed = bool(request.get("stream"))
        (self.fake.requests if streamed else self.fake.tasks).append(request)
        model = request.get("model")
        parts = check(request)
        if model not in MODELS:
            raise Refused(404, f"The model `{model}` does not exist", "model_not_found")
        if model in ONCE and model not in self.fake.failed:
            self.fake.failed.add(model)
            self._fail(*ONCE[model])
        if model in ALWAYS:
            self._fail(*ALWAYS[model])
        if not self.close_connection:
            refuse_what_it_cannot(model, request, parts)
            if not streamed:
                self._reply(model, request)
                return
            seen = [part for part in parts if part["type"] == "text" or model != "drops-pictures"]
            scripted = self.fake.answer(asked(request)) if callable(self.fake.answer) else self.fake.answer
            pieces = words("" if model == "empty" else scripted or look(seen))
            if model == "whole":
                self._whole("".join(pieces))
            else:
                self._stream(model, pieces, bool(request.get("stream_options")))

    def _reply(self, model: str, request: dict[str, Any]) -> None:
        """To a task."""
        if model == "trickles":
            self._trickle()
            return
        text = self.fake.reply(asked(request)) if callable(self.fake.reply) else self.fake.reply
        shown = [part["image_url"]["url"] for part in check(request) if part["type"] == "image_url"]
        if self.fake.seen and shown:
            text = self.fake.seen(dominant(shown[-1]))
        if not text:
            raise Refused(400, "no reply is scripted")
        if model == "ponders" and request.get("max_tokens", 9_999) < 1_000:
            self._whole("<think>well", "length")
        elif model == "refuses":
            self._whole("", refusal="I cannot help with that.")
        elif model == "filtered":
            self._whole("", "content_filter")
        else:
            self._whole("" if model == "empty" else f"<think>[7]</think>{text}" if model == "thinks" else text)

    def _whole(self, text: str, finish: str = "stop", **more: str) -> None:
        message = {"role": "assistant", "content": text, **more}
        choice = {"index": 0, "message": message, "finish_reason": finish}
        usage = {"prompt_tokens": 90, "completion_tokens": 7, "total_tokens": 97}
        answer = {"object": "chat.completion", "choices": [choice], "usage": usage}
        self._json(200, answer, {"Connection": "close"})

    def _trickle(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while not self.fake.stopping.wait(0.01):
            self.wfile.write(b"\n")

    def _fail(self, status: int, message: str, code: str, headers: dict[str, str]) -> None:
        if status == 0:
            self.close_connection = True
            return
        error = Refused(status, message, code)
        error.headers = headers
        raise error

    def _stream(self, model: str, pieces: list[str], usage: bool) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for event in self.events(model, pieces, usage):
            if event is None:  # hangs until the client gives up
                self.fake.stopping.wait(20)
                return
            self.wfile.write(f"data: {event}\n\n".encode())
            self.wfile.flush()
            time.sleep(0.05 if model == "slow" else self.fake.pause)

    def events(self, model: str, pieces: list[str], usage: bool) -> Iterator[str | None]:
        """The data of each server-sent event."""
        return events(model, pieces, usage)


def events(model: str, pieces: list[str], usage: bool) -> Iterator[str | None]:
    """The data of each server-sent event, as the model's name wants it."""
    finish = {"filtered": "content_filter", "cut": "length"}.get(model, "stop")
    yield chunk({"role": "assistant", "content": ""})
    if model == "stalls":
        yield None
    if model == "error-inside":
        yield json.dumps({"error": {"message": "The engine died", "code": "server_error"}})
    if model == "refuses":
        pieces = [""]
        yield chunk({"refusal": "I cannot "})
        yield chunk({"refusal": "help with that."})
    if model == "thinks":
        pieces = ["<th", "ink>The user wants [7] ", "</thi", "nk>\n\n", *pieces]
    if model == "thinks-apart":
        yield chunk({"reasoning_content": "Hmm, [7]."})
    half = len(pieces) // 2 if model in {"broken", "malformed", "unfinished", "filtered"} else len(pieces)
    if model == "slow":
        pieces = pieces * 40
        half = len(pieces)
    for piece in pieces[:half]:
        yield chunk({"content": piece})
    if model == "broken":
        return
    if model == "malformed":
        yield '{"choices": [{"delta": {"conte'
        return
    if model != "unfinished":
        yield chunk({}, finish)
    if usage and model != "no-usage":
        counts = {"prompt_tokens": 90, "completion_tokens": len(pieces), "total_tokens": 90 + len(pieces)}
        yield json.dumps({"object": "chat.completion.chunk", "choices": [], "usage": counts})
    yield "[DONE]"


def chunk(delta: dict[str, Any], finish: str | None = None) -> str:
    """One piece of a streamed completion."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]})


def check(request: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of the last message of a request that follows the protocol."""
    if unknown := set(request) - (FIELDS if request.get("stream") else TASK_FIELDS):
        raise Refused(400, f"Unrecognized request argument supplied: {', '.join(sorted(unknown))}")
    if not isinstance(request.get("model"), str) or not isinstance(request.get("messages"), list):
        raise Refused(400, "`model` and `messages` are required")
    roles = [message.get("role") for message in request["messages"]]
    turns = ["user" if n % 2 == 0 else "assistant" for n in range(len(roles) - 1)]
    if roles != ["system", *turns] or roles[-1] != "user":
        raise Refused(400, f"roles must alternate after the system's: {roles}")
    for message in request["messages"]:
        if set(message) != {"role", "content"} or not message["content"]:
            raise Refused(400, f"a message has a role and a content, not {sorted(message)}")
    content = request["messages"][-1]["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    for part in parts:
        kind = part.get("type")
        if set(part) != {"type", kind} or kind not in {"text", "image_url"}:
            raise Refused(400, f"a part is a text or an image_url, not {sorted(part)}")
    return list(parts)


def asked(request: dict[str, Any]) -> str:
    """All words of a request."""
    contents = (message["content"] for message in request["messages"])
    parts = (part for c in contents for part in ([{"text": c}] if isinstance(c, str) else c))
    return "\n".join(part.get("text", "") for part in parts)


def refuse_what_it_cannot(model: str, request: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """Errors of models and servers that take less."""
    for field in sorted(TASK_FIELDS & set(request) - {"model", "messages"} - TAKES.get(model, TASK_FIELDS)):
        instead = " Use 'max_completion_tokens' instead." if field == "max_tokens" else ""
        raise Refused(400, f"Unsupported parameter: '{field}' is not supported with this model.{instead}")
    if model == "no-vision" and any(part["type"] == "image_url" for part in parts):
        raise Refused(400, "Invalid content type. image_url is only supported by certain models.")
    if model == "one-corrupt" and len([part for part in parts if part["type"] == "image_url"]) == 3:
        raise Refused(400, "You uploaded an unsupported image. Please make sure your image is valid.")
    if model == "llava-vision":
        raise Refused(400, "llava-vision: invalid temperature")
    if model == "no-stream-options" and "stream_options" in request:
        raise Refused(400, "Unrecognized request argument supplied: stream_options")
    if model == "short" and len(json.dumps(request)) > 6_000:
        raise Refused(400, "This model's maximum context length is 1024 tokens", "context_length_exceeded")


def look(parts: list[dict[str, Any]]) -> str:
    """The answer: what each picture shows and the sources' titles, or that there is nothing to see."""
    said, announced = [], ""
    for part in parts:
        if part["type"] == "text":
            announced = part["text"]
            continue
        colour = dominant(part["image_url"]["url"])
        if source := re.fullmatch(r"Picture of source \[(\d+)\]:", announced):
            said.append(f"Source {source[1]} shows something {colour} [{source[1]}].")
        elif announced in ("Picture from the user:", "Picture from earlier in the conversation:"):
            said.append(f"Your picture shows something {colour}.")
        else:
            raise Refused(400, f"a picture was not announced: {announced!r}")
        announced = ""
    named = re.findall(r"(?m)^\[(\d+)\] (.*)$", parts[0]["text"])
    said += [f"The source {number} is called {title} [{number}]." for number, title in named[:1]]
    return " ".join(said) or "The sources do not say."


def dominant(url: str) -> str:
    """The name of the colour nearest to a picture's mean."""
    if not url.startswith("data:image/jpeg;base64,"):
        raise Refused(400, "pictures are JPEG data URLs")
    data = base64.b64decode(url.partition(",")[2], validate=True)
    with Image.open(io.BytesIO(data)) as picture:
        if picture.format != "JPEG":
            raise Refused(400, f"the picture is no JPEG but {picture.format}")
        mean = picture.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    assert isinstance(mean, tuple)
    return min(COLOURS, key=lambda name: sum((a - b) ** 2 for a, b in zip(mean, COLOURS[name], strict=True)))


def words(text: str) -> list[str]:
    """A text in the small pieces that a model streams: citations come apart."""
    return re.findall(r"\s*[\w.,]+|\s*.", text, re.DOTALL)
