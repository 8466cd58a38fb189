"""Who we are to Entra: one identity for the whole process."""

from __future__ import annotations

import time
from collections import defaultdict
from functools import cache
from threading import Lock
from typing import Any, cast

from azure.core.credentials import (
    AccessToken,
    AccessTokenInfo,
    AzureKeyCredential,
    TokenCredential,
    TokenRequestOptions,
)
from azure.core.exceptions import AzureError
from azure.identity import DefaultAzureCredential

_HELD = 30.0  # seconds


@cache
def identity() -> Identity:
    """As `DefaultAzureCredential` finds it: environment, workload or managed identity, `az login`, `azd auth login`."""
    return Identity(DefaultAzureCredential(process_timeout=20))


def credential(key: str) -> AzureKeyCredential | TokenCredential:
    """The key where there is one, else the identity."""
    return AzureKeyCredential(key) if key else identity()


class Identity:
    """A credential that many threads may ask at once: one of them signs in, the others take what it got.

    Azure's policies ask for a new token in each thread when the old one nears its end, and `az`, which is then run for
    each, keeps nothing. Those that waited for a sign-in that failed hear the same. One that fails while the last token
    still holds is tried again later.
    """

    def __init__(self, credential: Any) -> None:
        self._credential = credential
        self._locks: defaultdict[object, Lock] = defaultdict(Lock)
        self._last: dict[object, tuple[float, AccessTokenInfo]] = {}  # when, and what was got
        self._failed: dict[object, tuple[float, AzureError]] = {}  # when, and why nothing was

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """A token, at most `_HELD` seconds old or new.

        Raises:
            AzureError: nobody can sign in.
        """
        asked = (scopes, tuple(sorted((options or {}).items())))
        began = time.monotonic()
        with self._locks[asked]:
            when, why = self._failed.get(asked, (0.0, None))
            if why is not None and when > began:
                raise why
            when, token = self._last.get(asked, (0.0, None))
            lives = token is not None and token.expires_on > time.time()
            if token is None or not lives or time.monotonic() - when > _HELD:
                try:
                    token = self._credential.get_token_info(*scopes, options=options or {})
                except AzureError as error:
                    if not lives:
                        self._failed[asked] = (time.monotonic(), error)
                        raise
                self._last[asked] = (time.monotonic(), cast(AccessTokenInfo, token))
            return cast(AccessTokenInfo, token)

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """The same in the older shape."""
        found = self.get_token_info(*scopes, options=cast(TokenRequestOptions, options))
        return AccessToken(found.token, found.expires_on)

    def close(self) -> None:
        """Closes its connections."""
        self._credential.close()

    def __enter__(self) -> Identity:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
