"""Blob Storage beyond the source contract: against Azurite, and against a listing of many blobs."""

from __future__ import annotations

import itertools
import threading
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from azure.storage.blob import ContainerClient, ContainerSasPermissions, StandardBlobTier, generate_container_sas

from imagelore.errors import ImageloreError, SourceError, UnreadableError
from imagelore.settings import Settings
from imagelore.source import azure_blob
from imagelore.source.azure_blob import BlobSource, container
from imagelore.source.azure_blob.address import Place
from imagelore.source.azure_blob.values import decoded, encoded
from imagelore.types import Asset
from tests.fakes.azurite import ACCOUNT, KEY, Azurite, Relay
from tests.fakes.blob_listing import BlobListing
from tests.fakes.identity_server import FakeIdentity

WRONG = "d3Jvbmc="  # a well-formed key


@pytest.fixture
def blobs(azurite: Azurite) -> ContainerClient:
    """A container of its own."""
    return azurite.client().create_container(azurite.fresh())


@pytest.fixture
def relay(azurite: Azurite) -> Iterator[Relay]:
    server = Relay(azurite)
    yield server
    server.close()


def address(blobs: ContainerClient, prefix: str = "") -> str:
    return f"az://{ACCOUNT}/{blobs.container_name}{prefix}"


def told(source: BlobSource) -> str:
    """The one line with which a listing ends."""
    with pytest.raises(SourceError) as error:
        list(source.list())
    line = str(error.value)
    assert "\n" not in line
    assert KEY not in line
    return line


# ---------------------------------------------------------------- listing


def test_a_prefix_is_a_folder(azurite: Azurite, blobs: ContainerClient) -> None:
    for name in ("birds/a.jpg", "birds/deep/b.jpg", "birds2/c.jpg", "birdsong.jpg", "birds"):
        blobs.upload_blob(name, b"x")
    source = azure_blob.create(address(blobs, "/birds/"), azurite.settings())
    assert [asset.path for asset in source.list()] == ["a.jpg", "deep/b.jpg"]
    assert source.root == address(blobs, "/birds")
    assert source.uri("deep/b.jpg") == address(blobs, "/birds/deep/b.jpg")
    again = azure_blob.create(source.root, azurite.settings())
    assert [asset.path for asset in again.list()] == ["a.jpg", "deep/b.jpg"]


def test_what_is_no_file_of_a_folder_is_passed_over(azurite: Azurite, blobs: ContainerClient) -> None:
    blobs.upload_blob("good.jpg", b"x")
    blobs.upload_blob(".hidden/a.jpg", b"x")
    blobs.upload_blob("placeholder/", b"")
    blobs.upload_blob("folder", b"", metadata={"hdi_isfolder": "true"})
    blobs.upload_blob("folder2", b"", metadata={"Hdi_IsFolder": "true"})
    blobs.upload_blob("a//b.jpg", b"x")
    blobs.upload_blob("not a folder/", b"x")
    blobs.upload_blob("tab\t.jpg", b"x")
    blobs.upload_blob("cold.jpg", b"x", standard_blob_tier=StandardBlobTier.ARCHIVE)
    source = azure_blob.create(address(blobs), azurite.settings())
    assert [asset.path for asset in source.list()] == ["good.jpg"]
    skipped = dict(source.skipped)
    assert set(skipped) == {"a//b.jpg", "not a folder/", "tab\t.jpg", "cold.jpg"}
    assert "archive tier" in skipped["cold.jpg"]
    assert "empty part" in skipped["a//b.jpg"]


def test_pages_are_fetched_as_they_are_needed(
    blobs: ContainerClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "PAGE", 3)
    for number in range(10):
        blobs.upload_blob(f"{number}.jpg", b"x" * number)
    listing = azure_blob.create(address(blobs), relay.settings()).list()
    first = next(listing)
    assert relay.count("GET", "comp=list") == 1
    assert [first.path, *(asset.path for asset in listing)] == [f"{number}.jpg" for number in range(10)]
    assert relay.count("GET", "maxresults=3") == 4


def test_facts_are_metadata_and_tags(azurite: Azurite, blobs: ContainerClient) -> None:
    words = encoded({"title": "Rotkehlchen, grün", "place": "大阪", "kind": "bird"})
    blobs.upload_blob("a.jpg", b"x", metadata=words, tags={"kind": "Robin", "project": "a b"})
    blobs.upload_blob("b.jpg", b"x")
    source = azure_blob.create(address(blobs), azurite.settings())
    facts = {asset.path: dict(asset.facts) for asset in source.list()}
    assert facts == {
        "a.jpg": {"title": "Rotkehlchen, grün", "place": "大阪", "kind": "Robin", "project": "a b"},
        "b.jpg": {},
    }
    assert not source.notes


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AuthorizationPermissionMismatch"), (409, "FeatureNotYetSupportedForHierarchicalNamespaceAccounts")],
)
def test_without_leave_for_tags_the_rest_is_listed(
    blobs: ContainerClient, relay: Relay, status: int, code: str
) -> None:
    blobs.upload_blob("a.jpg", b"x", metadata={"title": "A"}, tags={"kind": "Robin"})
    relay.before = lambda _method, path: (status, code) if "tags" in path else None
    source = azure_blob.create(address(blobs), relay.settings())
    assert [dict(asset.facts) for asset in source.list()] == [{"title": "A"}]
    assert len(source.notes) == 1
    assert code in source.notes[0]
    assert "Storage Blob Data Owner" in source.notes[0]


def test_the_etag_is_the_version(azurite: Azurite, blobs: ContainerClient) -> None:
    source = azure_blob.create(address(blobs), azurite.settings())
    versions = []
    for content in (b"one", b"two"):
        written = blobs.upload_blob("a.jpg", content, overwrite=True)
        [asset] = source.list()
        versions.append(asset.version)
        assert asset.version == written.get_blob_properties().etag.strip('"')
    assert versions[0] != versions[1]


def test_memory_does_not_grow_with_the_number_of_blobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "PAGE", 20)
    fake = BlobListing(400)
    try:
        settings = Settings(azure_storage_endpoint=fake.endpoint, azure_storage_key=KEY)
        listing = azure_blob.create(f"az://{ACCOUNT}/many/birds", settings).list()
        assert next(listing) == Asset(
            "0000000.jpg", "0x8DD00000000", 0, {"title": "Picture 0", "place": "Leeds", "project": "p0"}
        )
        assert fake.pages == 1
        tracemalloc.start()
        seen = 1 + sum(1 for _ in itertools.islice(listing, 79))
        early = tracemalloc.get_traced_memory()[1]
        seen += sum(1 for _ in listing)
        late = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        fake.close()
    assert (seen, fake.pages) == (400, 20)
    assert late < 1.5 * early, f"{early / 1e6:.1f} MB after 4 pages, {late / 1e6:.1f} MB after 20"


def test_a_listing_that_breaks_off_is_told_after_what_it_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "PAGE", 10)
    fake = BlobListing(50, broken_after=2)
    try:
        settings = Settings(azure_storage_endpoint=fake.endpoint, azure_storage_key=KEY, azure_retries=0)
        listing = azure_blob.create(f"az://{ACCOUNT}/many", settings).list()
        assert len(list(itertools.islice(listing, 20))) == 20
        with pytest.raises(SourceError, match="failed with status 503"):
            next(listing)
    finally:
        fake.close()


# ---------------------------------------------------------------- reading


def test_a_large_blob_comes_in_ranges_of_one_version(
    blobs: ContainerClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "BLOCK", 100_000)
    data = bytes(range(256)) * 2_000
    etag = blobs.upload_blob("big.tif", data).get_blob_properties().etag
    assert azure_blob.create(address(blobs), relay.settings()).read(Asset("big.tif", "", 0)) == data
    ranges = [headers for method, path, headers in relay.seen if method == "GET" and "big.tif" in path]
    assert len(ranges) == 10
    assert [headers.get("If-Match") for headers in ranges] == [None] + [etag] * 9


def test_a_blob_that_changes_between_its_ranges_is_read_again(
    blobs: ContainerClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "BLOCK", 100_000)
    old, new = b"a" * 150_000, b"b" * 150_000
    blobs.upload_blob("a.tif", old)

    def overwrite(_method: str, _path: str) -> None:
        if relay.count("GET", "a.tif") == 2:
            blobs.upload_blob("a.tif", new, overwrite=True)

    relay.before = overwrite
    assert azure_blob.create(address(blobs), relay.settings()).read(Asset("a.tif", "", 0)) == new
    assert relay.count("GET", "a.tif") == 4


def test_a_blob_that_never_holds_still_is_skipped(
    blobs: ContainerClient, relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "BLOCK", 100_000)
    blobs.upload_blob("a.tif", b"a" * 150_000)

    def overwrite(_method: str, _path: str) -> None:
        if relay.count("GET", "a.tif") % 2 == 0:
            blobs.upload_blob("a.tif", b"b" * 150_000, overwrite=True)

    relay.before = overwrite
    with pytest.raises(UnreadableError, match="changes while it is read"):
        azure_blob.create(address(blobs), relay.settings()).read(Asset("a.tif", "", 0))
    assert relay.count("GET", "a.tif") == 8


def test_reading_is_bounded(azurite: Azurite, blobs: ContainerClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(azure_blob, "MAX_BYTES", 1_000)
    blobs.upload_blob("a.jpg", b"x" * 1_001)
    with pytest.raises(UnreadableError, match="larger than"):
        azure_blob.create(address(blobs), azurite.settings()).read(Asset("a.jpg", "", 0))


@pytest.mark.parametrize("path", ["../secret.jpg", "a/../../secret.jpg", "..\\secret.jpg", "", "a//b"])
def test_a_path_never_leads_out_of_the_prefix(azurite: Azurite, blobs: ContainerClient, path: str) -> None:
    blobs.upload_blob("secret.jpg", b"secret")
    with pytest.raises(UnreadableError):
        azure_blob.create(address(blobs, "/public"), azurite.settings()).read(Asset(path, "", 0))


def test_one_blob_that_is_archived_or_gone_stops_nothing(azurite: Azurite, blobs: ContainerClient) -> None:
    blobs.upload_blob("cold.jpg", b"x", standard_blob_tier=StandardBlobTier.ARCHIVE)
    source = azure_blob.create(address(blobs), azurite.settings())
    with pytest.raises(UnreadableError, match="archive tier"):
        source.read(Asset("cold.jpg", "", 0))
    with pytest.raises(UnreadableError, match="gone"):
        source.read(Asset("gone.jpg", "", 0))


def test_a_refusal_while_reading_stops_the_run(blobs: ContainerClient, relay: Relay) -> None:
    blobs.upload_blob("a.jpg", b"x")
    relay.before = lambda _method, path: (403, "AuthorizationFailure") if "a.jpg" in path else None
    with pytest.raises(SourceError, match="AuthorizationFailure"):
        azure_blob.create(address(blobs), relay.settings()).read(Asset("a.jpg", "", 0))


@pytest.mark.parametrize("status", [429, 500, 503])
def test_throttling_is_waited_out(blobs: ContainerClient, relay: Relay, status: int) -> None:
    blobs.upload_blob("a.jpg", b"x")
    relay.faults.fail_next(status, {"Retry-After": "0.01"}, times=2)
    assert azure_blob.create(address(blobs), relay.settings(azure_retries=2)).read(Asset("a.jpg", "", 0)) == b"x"
    assert relay.count("GET", "a.jpg") == 3


def test_throttling_without_an_end_is_told(blobs: ContainerClient, relay: Relay) -> None:
    relay.faults.fail_next(429, {"Retry-After": "0.01"}, times=9)
    line = told(azure_blob.create(address(blobs), relay.settings(azure_retries=2)))
    assert "too many requests" in line
    assert len(relay.seen) == 3


# ---------------------------------------------------------------- who we are


def test_entra_lets_us_in(secure_azurite: Azurite, identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_azurite.certificate))
    with secure_azurite.client() as client:
        blobs = client.create_container(secure_azurite.fresh())
        blobs.upload_blob("a.jpg", b"x", metadata={"title": "A"})
    source = azure_blob.create(address(blobs), secure_azurite.settings(azure_storage_key=""))
    [asset] = source.list()
    assert source.read(asset) == b"x"
    assert identity.asked == ["https://storage.azure.com"]


def test_an_expired_token_is_asked_for_again(
    secure_azurite: Azurite, identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_azurite.certificate))
    with secure_azurite.client() as client:
        blobs = client.create_container(secure_azurite.fresh())
    source = azure_blob.create(address(blobs), secure_azurite.settings(azure_storage_key=""))
    identity.lifetime = -10
    assert "role" in told(source) or "az login" in told(source)
    identity.lifetime = 3600
    assert list(source.list()) == []


def test_a_signature_lets_us_in(azurite: Azurite, blobs: ContainerClient) -> None:
    blobs.upload_blob("a.jpg", b"x")
    sas = generate_container_sas(
        ACCOUNT,
        blobs.container_name,
        account_key=KEY,
        permission=ContainerSasPermissions(read=True, list=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    settings = azurite.settings(azure_storage_key="", azure_storage_sas=f"?{sas}")
    source = azure_blob.create(address(blobs), settings)
    assert [source.read(asset) for asset in source.list()] == [b"x"]


def test_a_connection_string_lets_us_in(azurite: Azurite, blobs: ContainerClient) -> None:
    blobs.upload_blob("a.jpg", b"x")
    string = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={azurite.endpoint};"
    settings = Settings(azure_storage_connection_string=string)
    source = azure_blob.create(f"az:///{blobs.container_name}", settings)
    assert source.root == address(blobs)
    assert [asset.path for asset in source.list()] == ["a.jpg"]
    with pytest.raises(SourceError, match="'devstoreaccount1', the address names 'another'") as error:
        azure_blob.create("az://another/pictures", settings)
    assert KEY not in str(error.value)


@pytest.mark.parametrize("page", [b"<html><p>Sign in</p></html>", b"<html><p>Sign in", b""])
def test_a_page_that_is_no_listing_is_told(page: bytes) -> None:
    class Login(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Login) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        endpoint = f"http://127.0.0.1:{server.server_address[1]}/{ACCOUNT}"
        settings = Settings(azure_storage_endpoint=endpoint, azure_storage_key=KEY, azure_retries=0)
        line = told(azure_blob.create(f"az://{ACCOUNT}/pictures", settings))
        server.shutdown()
        thread.join()
    assert "is not Azure Blob Storage" in line


def test_a_wrong_key_is_named(azurite: Azurite, blobs: ContainerClient) -> None:
    line = told(azure_blob.create(address(blobs), azurite.settings(azure_storage_key=WRONG)))
    assert "`AZURE_STORAGE_KEY`" in line
    assert WRONG not in line


def test_without_an_identity_it_is_told_at_once(secure_azurite: Azurite, identity: FakeIdentity) -> None:
    identity.failing = "no identity is assigned"
    settings = secure_azurite.settings(azure_storage_key="", azure_retries=9)  # waiting for each would take minutes
    assert "az login" in told(azure_blob.create(f"az://{ACCOUNT}/pictures", settings))


@pytest.mark.usefixtures("identity")
def test_a_missing_role_is_named(secure_azurite: Azurite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(secure_azurite.certificate))
    relay = Relay(secure_azurite)
    relay.before = lambda _method, _path: (403, "AuthorizationPermissionMismatch")
    try:
        line = told(azure_blob.create(f"az://{ACCOUNT}/pictures", relay.settings(azure_storage_key="")))
    finally:
        relay.close()
    assert "'Storage Blob Data Reader'" in line
    assert "(Told to. AuthorizationPermissionMismatch)" in line


def test_a_missing_container_is_named(azurite: Azurite) -> None:
    line = told(azure_blob.create(f"az://{ACCOUNT}/not-there/x", azurite.settings()))
    assert line.startswith(f"az://{ACCOUNT}/not-there/x: there is no such container")


def test_nothing_listens_there(azurite: Azurite) -> None:
    endpoint = f"http://127.0.0.1:1/{ACCOUNT}"
    line = told(
        azure_blob.create(
            "az:///pics",
            azurite.settings(azure_storage_endpoint=endpoint, azure_storage_account=ACCOUNT, azure_retries=0),
        )
    )
    assert "nothing listens there" in line


@pytest.mark.parametrize(
    "wrong",
    [
        "az://evil.example/pictures",
        "az://user@evil/pictures",
        "az://acct:443/pictures",
        "az://acct#/pictures",
        "az://acct",
        "az://acct/",
        "az:///pictures",
        "az://acct/Pictures",
        "az://acct/..",
        "az://acct/pictures/../secret",
        "az://acct/pictures/a//b",
    ],
)
def test_an_address_cannot_become_another_host(wrong: str) -> None:
    with pytest.raises(SourceError) as error:
        azure_blob.create(wrong, Settings(azure_storage_key=KEY))
    assert "\n" not in str(error.value)


def test_a_signature_in_the_address_is_not_shown() -> None:
    with pytest.raises(SourceError, match="AZURE_STORAGE_SAS_TOKEN") as error:
        azure_blob.create("az://acct/pictures?sv=2026&sig=c2VjcmV0", Settings())
    assert "c2VjcmV0" not in str(error.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"azure_storage_connection_string": "AccountKey=c2VjcmV0"}, "`AZURE_STORAGE_CONNECTION_STRING` is malformed"),
        (
            {"azure_storage_connection_string": "AccountName=acct;AccountKey=c2VjcmV0!"},
            "`AZURE_STORAGE_CONNECTION_STRING` is malformed",
        ),
        ({"azure_storage_key": "c2VjcmV0!"}, "`AZURE_STORAGE_KEY` is malformed"),
        ({"azure_storage_endpoint": "http://blobs.example"}, "no https address"),
        ({"azure_storage_endpoint": "http://127.0.0.1:1/acct"}, "an identity needs https"),
        ({"azure_storage_endpoint": "https://other.blob.core.windows.net", "azure_storage_key": WRONG}, "'other'"),
    ],
)
def test_settings_that_cannot_work_are_named(values: dict[str, str], said: str) -> None:
    with pytest.raises(ImageloreError, match=said) as error:
        azure_blob.create("az://acct/pictures", Settings(**values))  # type: ignore[arg-type]
    assert "c2VjcmV0" not in str(error.value)


def test_the_public_cloud_is_the_default() -> None:
    opened = azure_blob.create("az://Acct1/pictures/birds/", Settings(azure_storage_key=WRONG))
    assert opened.root == "az://acct1/pictures/birds"
    assert opened.container.place == Place("acct1", "pictures", "birds")
    assert opened.container.url == "https://acct1.blob.core.windows.net/pictures"


# ---------------------------------------------------------------- doctor


def test_check_says_what_is_there(azurite: Azurite, blobs: ContainerClient) -> None:
    [empty] = azure_blob.check(address(blobs), azurite.settings())
    assert empty.ok
    assert "empty" in empty.said
    blobs.upload_blob("a.jpg", b"x")
    [found] = azure_blob.check(address(blobs), azurite.settings())
    assert found.ok
    assert "`AZURE_STORAGE_KEY`" in found.said
    with pytest.raises(SourceError, match=r"no such container: .*`imagelore upload`"):
        list(azure_blob.check(f"az://{ACCOUNT}/not-there", azurite.settings()))


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    "value", ["", "plain", "100% wool", " edge ", "grün", "日本", "=?utf-8?b?eA==?=", "a\nb", "=?x?="]
)
def test_values_come_back(value: str) -> None:
    written = encoded({"k": value})["k"]
    assert written.isascii()
    assert written.isprintable()
    assert decoded({"k": written}) == {"k": value}


def test_values_of_others_are_understood() -> None:
    assert decoded({"k": "=?iso-8859-1?q?gr=FCn?="}) == {"k": "grün"}
    assert decoded({"k": "=?utf-8?b?Z3I=?= =?utf-8?q?=C3=BCn?="}) == {"k": "grün"}
    assert decoded({"k": "=?nonsense?b?eA==?="}) == {"k": "=?nonsense?b?eA==?="}
