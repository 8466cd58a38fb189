"""Settings: where a value comes from, and what a wrong one says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from imagelore import Settings
from imagelore.errors import UsageError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_flags_beat_the_environment_beats_the_file_beats_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings.load().top == 8
    Path("imagelore.toml").write_text("top = 3")
    assert Settings.load().top == 3
    monkeypatch.setenv("IMAGELORE_TOP", "4")
    assert Settings.load().top == 4
    assert Settings.load(top=5).top == 5
    assert Settings.load(top=None).top == 4


def test_vendors_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    settings = Settings.load()
    assert (settings.openai_api_key, settings.openai_base_url) == ("sk-1", "http://127.0.0.1:1/v1")
    monkeypatch.setenv("IMAGELORE_OPENAI_API_KEY", "sk-2")
    assert Settings.load().openai_api_key == "sk-2"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = 1", "unknown setting `colour`"),
        ('top = "many"', "`top` wants a whole number, not 'many'"),
        ("gps = 3", "`gps` wants true or false"),
        ("top = true", "`top` wants a whole number"),
        ("top = ", "imagelore.toml"),
        ("[section]", "unknown setting `section`"),
    ],
)
def test_what_is_wrong_is_one_line(text: str, says: str) -> None:
    Path("imagelore.toml").write_text(text)
    with pytest.raises(UsageError) as raised:
        Settings.load()
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("name", ["kb", "host"])
def test_what_must_not_be_empty(name: str) -> None:
    with pytest.raises(UsageError, match="must not be empty"):
        Settings(**{name: " "})  # type: ignore[arg-type]


def test_a_folder_cannot_send_the_key_to_an_address_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("imagelore.toml").write_text('openai_base_url = "http://elsewhere.example/v1"')
    assert Settings.load().openai_base_url == "http://elsewhere.example/v1"
    monkeypatch.setenv("OPENAI_API_KEY", "sk-1")
    with pytest.raises(UsageError, match="openai_base_url"):
        Settings.load()
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    assert Settings.load().openai_base_url == "http://127.0.0.1:1/v1"


LURES = [
    (r"https://evil.example\.search.windows.net", "", "AZURE_SEARCH_ENDPOINT"),
    ("https://evil.example#.search.windows.net", "", "AZURE_SEARCH_ENDPOINT"),
    ("https://pix.search.windows.net@evil.example", "", "AZURE_SEARCH_ENDPOINT"),
    ("http://pix.search.windows.net", "", "AZURE_SEARCH_ENDPOINT"),
    ("https://search.evil.example", "", "AZURE_SEARCH_ENDPOINT"),
    ("https://pix.search.windows.net.evil.example", "", "AZURE_SEARCH_ENDPOINT"),
    ("https://evil.example/.search.windows.net", "", "AZURE_SEARCH_ENDPOINT"),
    ("https://pix.search.windows.net", "k", "the key comes from the environment"),
]


@pytest.mark.parametrize(("endpoint", "key", "told"), LURES)
def test_a_folder_leads_neither_key_nor_sign_in_elsewhere(
    endpoint: str, key: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("imagelore.toml").write_text(f"azure_search_endpoint = '{endpoint}'")
    if key:
        monkeypatch.setenv("AZURE_SEARCH_API_KEY", key)
    with pytest.raises(UsageError, match=told):
        Settings.load()


@pytest.mark.parametrize("service", ["storage", "vision", "cohere", "search", "openai"])
@pytest.mark.parametrize("key", ["", " "])
def test_an_empty_key_is_no_key(service: str, key: str) -> None:
    lines = [f'azure_{service}_endpoint = "https://evil.example"', f'azure_{service}_key = "{key}"']
    Path("imagelore.toml").write_text("\n".join(lines))
    with pytest.raises(UsageError, match="the identity comes from the environment"):
        Settings.load()


def test_a_question_mark_is_no_signature() -> None:
    lines = ['azure_storage_endpoint = "https://evil.example"', 'azure_storage_sas = " ? "']
    Path("imagelore.toml").write_text("\n".join(lines))
    with pytest.raises(UsageError, match="the identity comes from the environment"):
        Settings.load()


def test_a_signature_of_the_environment_stays_too(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("imagelore.toml").write_text('azure_storage_endpoint = "https://other.blob.core.windows.net"')
    monkeypatch.setenv("AZURE_STORAGE_SAS_TOKEN", "sig=abc")
    with pytest.raises(UsageError, match="the key comes from the environment"):
        Settings.load()


def test_a_folder_may_name_services_of_azure_and_bring_its_own_key(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("imagelore.toml").write_text('azure_search_endpoint = "https://pix.search.windows.net"')
    assert Settings.load().azure_search_endpoint == "https://pix.search.windows.net"
    Path("imagelore.toml").write_text('azure_search_endpoint = "https://other.example"\nazure_search_key = "k"')
    assert Settings.load().azure_search_key == "k"


@pytest.mark.parametrize("end", ["\r", "\n", "  "])
def test_what_was_pasted_along_is_taken_off(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_SEARCH_API_KEY", f" abc{end}")
    monkeypatch.setenv("AZURE_SEARCH_ENDPOINT", f"https://pix.search.windows.net{end}")
    assert Settings.load().azure_search_key == Settings(azure_search_key=f"abc{end}").azure_search_key == "abc"
    assert Settings.load().azure_search_endpoint == "https://pix.search.windows.net"


@pytest.mark.parametrize("key", ["a\nb", "“abc”", "schlüssel", "a\x00b"])
def test_a_key_that_no_request_can_carry_is_refused_unseen(key: str) -> None:
    with pytest.raises(UsageError, match=r"`azure_search_key` \(AZURE_SEARCH_API_KEY, .*\) is malformed") as told:
        Settings(azure_search_key=key)
    assert key not in str(told.value)


def test_the_vendors_names_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_CHAT_DEPLOYMENT", "eyes")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT", "pix")
    assert (Settings.load().azure_openai_deployment, Settings.load().azure_storage_account) == ("eyes", "pix")


@pytest.mark.parametrize(("name", "value"), [("workers", -1), ("top", 0), ("openai_timeout", float("nan"))])
def test_numbers_have_a_least(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"`{name}` must be at least"):
        Settings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("word", ["1", "true", "Yes"])
def test_truth_in_words(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGELORE_GPS", word)
    assert Settings.load().gps is True


def test_secrets_are_not_shown() -> None:
    secrets = [f.name for f in dataclasses.fields(Settings) if not f.repr]
    assert {"openai_api_key", "azure_search_key", "azure_storage_connection_string", "azure_storage_sas"} < set(secrets)
    assert "sk-secret" not in repr(Settings(**dict.fromkeys(secrets, "sk-secret")))  # type: ignore[arg-type]
