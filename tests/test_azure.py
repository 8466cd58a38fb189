"""Exceptions of Azure's libraries become one line that says what failed and what to set, without a secret."""

from __future__ import annotations

import importlib
import pkgutil
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import azure.core.exceptions
import azure.identity
import pytest
from azure.core.credentials import AccessTokenInfo, AzureKeyCredential
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.identity import CredentialUnavailableError

from imagelore._azure import Identity, Service, address, credential, explain, hidden, is_loopback, signin
from imagelore.errors import UsageError

KEY = "topsecretkey0123456789"
SEARCH = Service(
    "Azure AI Search", "https://pix.search.windows.net", "AZURE_SEARCH_ENDPOINT", "AZURE_SEARCH_API_KEY",
    "Search Index Data Reader", (KEY,),
)  # fmt: skip


def answered(status: int, message: str = f"no: {KEY}") -> HttpResponseError:
    error = HttpResponseError(message)
    error.status_code = status
    return error


def kinds() -> list[type[Exception]]:
    """Every exception class that the libraries define."""
    found: list[type[Exception]] = []
    for package in (azure.core, azure.identity):
        for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if "exceptions" in module.name:
                found += [v for v in vars(importlib.import_module(module.name)).values() if isinstance(v, type)]
    return [kind for kind in found if issubclass(kind, AzureError)]


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_the_map_is_complete(kind: type[Exception]) -> None:
    error: Any = kind.__new__(kind)
    Exception.__init__(error, f"it broke: {KEY}")
    error._error_format = None  # of ODataV4Error, which cannot be made without a response
    told = explain(error, SEARCH)
    assert "Azure AI Search" in told
    assert "\n" not in told
    assert KEY not in told


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (answered(401), "set `AZURE_SEARCH_API_KEY`, or run `az login`"),
        (answered(403), "the role 'Search Index Data Reader'"),
        (answered(404), "check `AZURE_SEARCH_ENDPOINT`"),
        (answered(429), "too many requests"),
        (answered(503), "status 503"),
        (answered(418), "status 418"),
        (ClientAuthenticationError("AADSTS700016: no such application"), "no identity could sign in"),
        (
            ClientAuthenticationError(
                "DefaultAzureCredential failed to retrieve a token from the included credentials."
            ),
            "no Azure identity was found",
        ),
        (CredentialUnavailableError("tried this\n\tand that"), "no Azure identity was found"),
        (
            ServiceRequestError("Failed to resolve 'pix' ([Errno -2] Name or service not known)"),
            "there is no such host",
        ),
        (ServiceRequestError("[Errno 111] Connection refused"), "nothing listens there"),
        (ServiceResponseError("('Connection aborted.', ConnectionResetError(104))"), "the connection broke"),
        (ServiceResponseError("Read timed out. (read timeout=1)"), "took too long"),
        (ValueError("no JSON"), "is not Azure AI Search"),
    ],
    ids=str,
)
def test_each_says_what_to_do(error: Exception, told: str) -> None:
    assert told in explain(error, SEARCH)
    assert KEY not in explain(error, SEARCH)


def test_signatures_tokens_and_keys_are_taken_out() -> None:
    token = "eyJhbGciOi.eyJhdWQiOi.c2lnbmF0dXJl"
    text = f"GET https://a.blob.core.windows.net/c/b?sv=1&sig=abc%3D with {token}; AccountKey=Zm9v== and {KEY}"
    told = hidden(text, (KEY,))
    assert not any(secret in told for secret in ("abc", token, "Zm9v", KEY))
    assert "https://a.blob.core.windows.net/c/b" in told


@pytest.mark.parametrize(
    "value",
    ["", "pix", "ftp://a", "http://example.org", "https://", "https://a:99999", "//a", r"https://a\\.b", "https://a b"],
)
def test_an_address_is_https_or_of_this_machine(value: str) -> None:
    with pytest.raises(UsageError, match="AZURE_SEARCH_ENDPOINT"):
        address(value, "AZURE_SEARCH_ENDPOINT", "https://NAME.search.windows.net")


def test_an_address_loses_what_may_be_secret() -> None:
    def clean(value: str) -> str:
        return address(value, "X", "https://NAME")

    assert clean("https://user:pass@a.example/b/?sig=1#x") == "https://a.example/b"
    assert clean(" http://127.0.0.1:80/ ") == "http://127.0.0.1:80"
    with pytest.raises(UsageError) as told:
        clean("ftp://user:hunter2@a.example?sig=abc")
    assert "hunter2" not in str(told.value)
    assert "abc" not in str(told.value)


def test_a_key_goes_before_the_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    someone: Any = object()
    monkeypatch.setattr(signin, "identity", lambda: someone)
    assert isinstance(credential("k"), AzureKeyCredential)
    assert credential("") is someone


class Slow:
    """A credential that takes its time, and can be told to fail."""

    def __init__(self, lives: float = 100.0) -> None:
        self.calls = 0
        self.fails = False
        self._lives = lives

    def get_token_info(self, *scopes: str, options: object) -> AccessTokenInfo:
        self.calls += 1
        time.sleep(0.02)
        if self.fails:
            raise ClientAuthenticationError("az timed out")
        return AccessTokenInfo(f"token {self.calls} for {scopes[0]}", int(time.time() + self._lives))


def test_of_many_threads_one_signs_in() -> None:
    slow = Slow()
    identity = Identity(slow)
    with ThreadPoolExecutor(16) as pool:
        tokens = set(pool.map(lambda _: identity.get_token("search").token, range(64)))
    assert tokens == {"token 1 for search"}
    assert identity.get_token_info("vision").token == "token 2 for vision"


def test_a_sign_in_that_fails_leaves_the_token_that_still_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signin, "_HELD", -1.0)
    slow = Slow()
    identity = Identity(slow)
    identity.get_token("search")
    slow.fails = True
    assert identity.get_token("search").token == "token 1 for search"
    with pytest.raises(ClientAuthenticationError):
        identity.get_token("vision")
    slow.fails = False
    assert identity.get_token("search").token == "token 4 for search"


def test_those_who_waited_for_a_sign_in_that_failed_hear_the_same() -> None:
    slow = Slow()
    slow.fails = True
    identity = Identity(slow)

    def ask(_: int) -> str:
        try:
            return identity.get_token("search").token
        except ClientAuthenticationError as error:
            return str(error)

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(ask, range(16))) == {"az timed out"}
    assert slow.calls < 16


def test_an_expired_token_is_not_handed_out() -> None:
    slow = Slow(lives=-1.0)
    identity = Identity(slow)
    identity.get_token("search")
    slow.fails = True
    with pytest.raises(ClientAuthenticationError):
        identity.get_token("search")


def test_a_service_shows_no_secret() -> None:
    assert KEY not in f"{SEARCH} {SEARCH!r}"


def test_loopback() -> None:
    assert [is_loopback(h) for h in ("localhost", "127.0.0.2", "::1", "10.0.0.1", "localhost.evil")] == [
        True, True, True, False, False,
    ]  # fmt: skip
