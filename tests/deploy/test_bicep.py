"""The Bicep files: syntax, what the modules are given, the settings of the web app, and that no key is to be had."""

from __future__ import annotations

import dataclasses
import json
import re
import shlex
from typing import Any

import pytest

from imagelore.flows.knowledge import embedder_name, generator_name, index_name
from imagelore.settings import Settings
from imagelore.ui.guard import NAME, USER
from imagelore.ui.health import PATH as HEALTH
from tests.deploy.files import BICEP, INFRA, ROOT, body, command, parsed, resource, text

PLATFORM = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "ApplicationInsightsAgent_EXTENSION_VERSION",
    "AZURE_CLIENT_ID",  # azure-identity
    "AZURE_TOKEN_CREDENTIALS",  # azure-identity
    "CUSTOM_REQUIREMENTSTXT_PATH",  # Oryx
    "GRADIO_TEMP_DIR",  # Gradio
    "OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID",  # App Service authentication
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
    "WEBSITES_CONTAINER_START_TIME_LIMIT",
    "WEBSITES_ENABLE_APP_SERVICE_STORAGE",
    "WEBSITES_PORT",
}


WORDS = {
    *("param", "var", "resource", "module", "output", "extension", "existing", "if", "for", "in"),
    *("true", "false", "null", "string", "int", "bool", "object", "array"),
}


def ours() -> set[str]:
    """Every name of the environment that a setting reads."""
    fields = dataclasses.fields(Settings)
    return {n for f in fields for n in (f"IMAGELORE_{f.name.upper()}", *f.metadata["env"])}


def given() -> dict[str, Any]:
    """The application settings of the web app."""
    variables = parsed("modules/web.bicep")["variables"]
    own = (variables[name]["value"] for name in ("common", "forCode", "forImage"))
    settings: dict[str, Any] = body(parsed("main.bicep")["modules"]["web"])["params"]["settings"]
    return {name: value for part in (settings, *own) for name, value in part.items()}


def parameters() -> dict[str, str]:
    """Parameter -> what azd puts there: `${VARIABLE=default}`."""
    file = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    return {name: entry["value"] for name, entry in file["parameters"].items()}


@pytest.mark.parametrize("name", BICEP)
def test_the_syntax_is_right(name: str) -> None:
    assert parsed(name)["resources"] or parsed(name)["modules"]


@pytest.mark.parametrize("name", BICEP)
def test_modules_exist_and_get_the_parameters_they_declare(name: str) -> None:
    for called, module in parsed(name).get("modules", {}).items():
        there = parsed(module["detail"]["path"])
        passed, declared = body(module)["params"].keys(), there["parameters"]
        assert passed <= declared.keys(), called
        assert {p for p, facts in declared.items() if facts["default"] is None} <= passed, called
        for output in re.findall(rf"\b{called}\.outputs\.(\w+)", text(name)):
            assert output in there["outputs"], f"{called}.outputs.{output}"


def test_every_module_is_used() -> None:
    used = {module["detail"]["path"] for module in parsed("main.bicep")["modules"].values()}
    assert used == {name for name in BICEP if name != "main.bicep"}


@pytest.mark.parametrize("name", BICEP)
def test_what_is_declared_is_used_and_what_is_used_is_declared(name: str) -> None:
    file, source = parsed(name), text(name)
    for declared in (*file["parameters"], *file.get("variables", {})):
        assert len(re.findall(rf"\b{declared}\b", source)) > 1, declared
    known = {name for section in file.values() for name in section} | {"targetScope"}
    assert identifiers(source) - known - set(re.findall(r"\[for (\w+) in", source)) == set()


def identifiers(source: str) -> set[str]:
    """The names that a Bicep file uses: not its strings, property names and functions."""
    inside = re.compile(r"\$\{([^}]*)\}")
    code = re.sub(r"'(?:[^'$\n]|\$\{[^}]*\}|\$)*'", lambda literal: f" {' '.join(inside.findall(literal[0]))} ", source)
    words = re.findall(r"(?<![\w.@])([A-Za-z_]\w*)\b(?![:(])", code)
    return set(words) - WORDS


def test_the_parameters_that_azd_fills_in_are_the_templates() -> None:
    declared = parsed("main.bicep")["parameters"]
    assert parameters().keys() == declared.keys()
    for name, value in parameters().items():
        variable = re.fullmatch(r"\$\{([A-Z_]+)(?:=(.*))?\}", value)
        assert variable, value
        default = declared[name]["default"]
        if variable[2] is not None:  # in both files, or azd and `az deployment` would make different things
            assert variable[2] == (json.dumps(default) if not isinstance(default, str) else default), name


def test_every_application_setting_is_one_that_something_reads() -> None:
    assert given().keys() - PLATFORM <= ours()
    outputs = parsed("main.bicep")["outputs"].keys()
    azds = {"AZURE_RESOURCE_GROUP", "AZURE_CONTAINER_REGISTRY_ENDPOINT", "SITE"}
    assert outputs - azds <= ours()


def test_the_laptop_hears_every_service_that_the_web_app_does() -> None:
    services = {name for name in given() if re.fullmatch(r"IMAGELORE_KB|AZURE_.*_(ACCOUNT|ENDPOINT|DEPLOYMENT)", name)}
    assert len(services) >= 6
    assert services <= parsed("main.bicep")["outputs"].keys()


def deployed(value: Any) -> str:
    """What a deployment with the default parameters puts in the place of an expression of `main.bicep`."""
    match value:
        case {"function": {"type": "string", "parameters": {"value_to_convert": name}}}:
            return str(parsed("main.bicep")["parameters"][name]["default"])
        case {"operator": {"type": "conditional"}}:  # what only `COHERE` or `IMAGE` bring
            return ""
        case {"operator": {"type": "property_accessor"}}:
            return "https://made.example/" if "ndpoint" in str(value) else "made"
        case _:
            return "" if value == "visionRate" else re.sub(r"\$\{[^}]*\}", "made", value)


@pytest.mark.parametrize("where", ["site", "laptop"])
def test_the_environment_alone_chooses_every_provider(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    main = parsed("main.bicep")
    told = {
        "site": body(main["modules"]["web"])["params"]["settings"],
        "laptop": {name: output["value"] for name, output in main["outputs"].items()},
    }
    for name, value in told[where].items():
        monkeypatch.setenv(name, deployed(value))
    settings = Settings.load()
    assert settings.kb == "azure-search://made/made"
    assert index_name(settings.kb) == "azure_search"
    assert embedder_name(settings) == "azure_vision"
    assert settings.embedder == ""  # the index says which embedder a question needs
    assert generator_name(settings) == "azure_openai"
    assert settings.azure_openai_deployment == settings.azure_storage_account == "made"
    assert settings.azure_vision_rate == Settings().azure_vision_rate


@pytest.mark.parametrize("name", BICEP)
def test_no_key_is_asked_for_or_handed_on(name: str) -> None:
    assert not re.search(r"list\w*Keys?\b|listAdmin|listSecrets|@secure|adminUserEnabled: true", text(name))
    assert not {n for n in given() if n in secrets()}


def secrets() -> set[str]:
    """The names that hold keys."""
    hidden = [f for f in dataclasses.fields(Settings) if not f.repr]
    return {n for f in hidden for n in (f"IMAGELORE_{f.name.upper()}", *f.metadata["env"])}


def test_the_roles_that_messages_ask_for_are_the_ones_that_are_given() -> None:
    """A message that names a role must name one that this template knows, by the same name."""
    given = set(re.findall(r"= '[0-9a-f-]{36}' // ([A-Za-z ]+)", (INFRA / "modules/access.bicep").read_text("utf-8")))
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src" / "imagelore").rglob("*.py"))
    asked = set(
        re.findall(
            r"""["']((?:Storage Blob|Search|Cognitive Services) [A-Za-z ]*(?:User|Reader|\w*tor))["']""", sources
        )
    )
    assert len(asked) >= 5
    assert asked <= {name.strip() for name in given}


def test_the_services_have_no_keys() -> None:
    storage = resource("modules/storage.bicep", "Microsoft.Storage/storageAccounts")["properties"]
    assert storage["allowSharedKeyAccess"] is False
    assert storage["allowBlobPublicAccess"] is False
    for name, kind in (
        ("vision", "Microsoft.CognitiveServices/accounts"),
        ("foundry", "Microsoft.CognitiveServices/accounts"),
        ("search", "Microsoft.Search/searchServices"),
    ):
        assert resource(f"modules/{name}.bicep", kind)["properties"]["disableLocalAuth"] is True


def test_the_site_is_what_a_gradio_chat_needs() -> None:
    site = resource("modules/web.bicep", "Microsoft.Web/sites")["properties"]
    assert site["httpsOnly"] is True
    assert site["clientAffinityEnabled"] is True
    config = site["siteConfig"]
    assert config["alwaysOn"] is True
    assert config["webSocketsEnabled"] is True
    assert config["ftpsState"] == "Disabled"
    assert config["minTlsVersion"] == "1.2"
    assert config["healthCheckPath"] == HEALTH
    assert 230 < int(given()["WEBSITES_CONTAINER_START_TIME_LIMIT"]) <= 1800  # the default; the most there is


def test_the_sign_in_lets_the_health_check_pass_and_has_no_secret() -> None:
    source = text("modules/web.bicep")
    assert re.search(rf"excludedPaths: \[\s*'{HEALTH}'\s*\]", source)
    assert "requireAuthentication: true" in source
    assert "clientSecretSettingName: 'OVERRIDE_USE_MI_FIC_ASSERTION_CLIENTID'" in source
    assert "IMAGELORE_BEHIND_SIGN_IN: string(!allowAnonymous)" in source
    assert (USER, NAME) == ("x-ms-client-principal-id", "x-ms-client-principal-name")  # which App Service sets
    assert parsed("main.bicep")["parameters"]["allowAnonymous"]["default"] is False


def test_the_start_up_command_is_one_that_the_cli_knows() -> None:
    words = shlex.split(parsed("modules/web.bicep")["variables"]["startCode"]["value"])
    start = words.index("-m")
    assert words[start - 1 : start + 2] == ["python", "-m", "imagelore"]
    context = command(words[start + 2 :])
    assert context.info_name == "serve"
    assert context.params["host"] == "0.0.0.0"
    assert str(context.params["port"]) == parsed("modules/web.bicep")["variables"]["forImage"]["value"]["WEBSITES_PORT"]


def test_the_requirements_that_the_build_reads_are_there() -> None:
    assert (ROOT / given()["CUSTOM_REQUIREMENTSTXT_PATH"]).is_file()


def test_the_guide_names_every_knob() -> None:
    guide = (ROOT / "docs" / "azure.md").read_text(encoding="utf-8")
    azds = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_PRINCIPAL_ID", "AZURE_PRINCIPAL_TYPE"}
    for variable in set(re.findall(r"\$\{([A-Z_]+)", " ".join(parameters().values()))) - azds:
        assert f"`{variable}`" in guide, variable
