"""Where a container is, and who we are there: from an address and the settings to the SDK's client."""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from azure.core.credentials import AzureNamedKeyCredential, AzureSasCredential
from azure.storage.blob import BlobServiceClient

from imagelore import _azure
from imagelore.errors import SourceError
from imagelore.settings import Settings
from imagelore.source.azure_blob.names import unfit

FORM = "az://ACCOUNT/CONTAINER[/PREFIX]"
_ACCOUNT = re.compile(r"[a-z0-9]{3,24}")
_CONTAINER = re.compile(r"\$web|(?=.{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*")
_EXAMPLE = "https://ACCOUNT.blob.core.windows.net"
_ENDPOINT, _STRING = "AZURE_STORAGE_BLOB_ENDPOINT", "AZURE_STORAGE_CONNECTION_STRING"
_KEY, _SAS = "AZURE_STORAGE_KEY", "AZURE_STORAGE_SAS_TOKEN"


class Place(NamedTuple):
    """A container, or a folder of it."""

    account: str
    container: str
    prefix: str = ""  # without slashes at its ends

    @classmethod
    def parse(cls, address: str, settings: Settings) -> Place:
        """The place that an address names; an account that it leaves out comes from the settings.

        Raises:
            SourceError: it has another form, a name that Azure does not allow, or a signature in it.
        """
        if re.search(r"\?.*\bsig=", address):  # it would be remembered, and shown
            raise SourceError(f"the address holds a signature: take off what follows the `?`, and set `{_SAS}` to it")
        account, _, rest = address.removeprefix("az://").partition("/")
        container, _, prefix = rest.partition("/")
        account = account or settings.azure_storage_account or _in_string(settings.azure_storage_connection_string)
        place = cls(account.lower(), container, prefix.strip("/"))
        if not account:
            raise SourceError(f"{address!r} names no account, and `AZURE_STORAGE_ACCOUNT` is not set: {FORM}")
        if not _ACCOUNT.fullmatch(place.account):
            raise SourceError(f"{place.account!r} is no storage account's name (3 to 24 letters and digits): {FORM}")
        if not _CONTAINER.fullmatch(container):
            raise SourceError(f"{container!r} is no container's name (3 to 63 of a-z, 0-9 and -): {FORM}")
        if place.prefix and (reason := unfit(place.prefix)):
            raise SourceError(f"{place.prefix!r} cannot be a folder of a container: {reason}")
        return place

    @property
    def root(self) -> str:
        """The whole address."""
        return f"az://{self.account}/{self.container}" + (f"/{self.prefix}" if self.prefix else "")

    def full(self, path: str) -> str:
        """A blob's name in the container."""
        return f"{self.prefix}/{path}" if self.prefix else path

    def inner(self, name: str) -> str:
        """A blob's path in this place."""
        return name.removeprefix(f"{self.prefix}/") if self.prefix else name


class Access(NamedTuple):
    """A client, and what messages may say about it."""

    client: BlobServiceClient
    service: _azure.Service
    key: str  # the variable that holds what lets us in; "": the identity does


def connect(place: Place, settings: Settings, role: str, **options: Any) -> Access:
    """A client for the account of a place: with a connection string, a key, a shared access signature, or Entra.

    Raises:
        SourceError: one of them is malformed, or belongs to another account.
        UsageError: the endpoint is no https address.
    """
    string, key, sas = (
        settings.azure_storage_connection_string,
        settings.azure_storage_key,
        settings.azure_storage_sas.lstrip("?"),
    )
    variable = next((name for name, value in ((_STRING, string), (_KEY, key), (_SAS, sas)) if value), "")
    secret = _parts(string).get("accountkey", "") if string else key
    try:
        b64decode(secret, validate=True)  # here, not at the first request
        if string:
            client = BlobServiceClient.from_connection_string(string, **options)
            url = _azure.address(client.url, _STRING, "DefaultEndpointsProtocol=https;AccountName=...")
        else:
            url = settings.azure_storage_endpoint or f"https://{place.account}.blob.core.windows.net"
            url = _azure.address(url, _ENDPOINT, _EXAMPLE)
            client = BlobServiceClient(url, credential=_credential(place.account, key, sas), **options)
    except (ValueError, KeyError, binascii.Error):  # without its words: they may hold the key
        if variable:
            raise SourceError(
                f"`{variable}` is malformed: copy it again from the account's page in the portal"
            ) from None
        raise SourceError(
            f"an identity needs https: set `{_KEY}` for {url}, or `{_ENDPOINT}` to an https address"
        ) from None
    named = _in_string(string) or _in_url(url)
    if named not in ("", place.account):
        source = _STRING if string else _ENDPOINT
        raise SourceError(
            f"`{source}` is of the account {named!r}, the address names {place.account!r}: mend one of them"
        )
    service = _azure.Service("Azure Blob Storage", url, _ENDPOINT, _KEY, role, (string, secret, sas))
    return Access(client, service, variable)


def _credential(account: str, key: str, sas: str) -> Any:
    if key:
        return AzureNamedKeyCredential(account, key)
    return AzureSasCredential(sas) if sas else _azure.identity()


def _parts(connection: str) -> dict[str, str]:
    """The values of a connection string by their names in lower case."""
    pairs = (part.split("=", 1) for part in connection.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _in_string(connection: str) -> str:
    """The account that a connection string names, or "" where it names none."""
    parts = _parts(connection)
    return "devstoreaccount1" if "usedevelopmentstorage" in parts else parts.get("accountname", "")


def _in_url(url: str) -> str:
    """The account that an endpoint names: in its path (an emulator), or as its host; "" where that cannot be told."""
    parts = urlsplit(url)
    if parts.path.strip("/"):
        return parts.path.strip("/")
    name, _, rest = (parts.hostname or "").partition(".")
    return name.removesuffix("-secondary") if rest.startswith("blob.") else ""
