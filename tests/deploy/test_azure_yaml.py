"""`azure.yaml`: valid, and it names what is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import jsonschema
import pytest
import yaml

from tests.deploy.files import ROOT, resource, text

SCHEMA = json.loads((Path(__file__).parent / "azure_yaml.schema.json").read_text(encoding="utf-8"))


@pytest.fixture
def azure() -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8")))


def test_azure_yaml_is_valid(azure: dict[str, Any]) -> None:
    jsonschema.validate(azure, SCHEMA)


@pytest.mark.parametrize("change", [{"docker": {}}, {"image": "x"}, {"host": "containerapp"}, {"port": 1}])
def test_the_schema_refuses_what_azd_refuses_for_app_service(azure: dict[str, Any], change: dict[str, Any]) -> None:
    azure["services"]["web"] |= change
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(azure, SCHEMA)


def test_it_names_the_template_and_the_tagged_site(azure: dict[str, Any]) -> None:
    infra = azure["infra"]
    assert (ROOT / infra["path"] / f"{infra['module']}.bicep").is_file()
    assert (ROOT / infra["path"] / f"{infra['module']}.parameters.json").is_file()
    (service,) = azure["services"]
    assert resource("modules/web.bicep", "Microsoft.Web/sites")["name"] == "name"
    assert f"'azd-service-name': '{service}'" in text("modules/web.bicep")  # how azd finds the site of a service
