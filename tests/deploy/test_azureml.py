"""The Azure ML files: they hang together, and the job's command is one that our CLI understands."""

from __future__ import annotations

import re
import shlex
from typing import Any, cast

import pytest
import yaml

from tests.deploy.files import ROOT, command
from tests.deploy.test_bicep import ours

FOLDER = ROOT / "deploy" / "azureml"


def read(name: str) -> dict[str, Any]:
    return cast(dict[str, Any], yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8")))


@pytest.mark.parametrize(
    ("name", "schema"),
    [("job", "commandJob"), ("environment", "environment"), ("compute", "amlCompute"), ("schedule", "schedule")],
)
def test_each_file_names_its_schema(name: str, schema: str) -> None:
    assert read(name)["$schema"] == f"https://azuremlschemas.azureedge.net/latest/{schema}.schema.json"


def test_the_command_is_one_that_the_cli_knows() -> None:
    job = read("job")
    filled = re.sub(r"\$\{\{inputs\.(\w+)\}\}", lambda name: str(job["inputs"][name[1]]), job["command"])
    assert "${{" not in filled
    words = shlex.split(filled)
    assert words[0] == "AZURE_CLIENT_ID=$DEFAULT_IDENTITY_CLIENT_ID"  # the identity that Azure ML gives the job
    assert words[1:4] == ["python", "-m", "imagelore"]
    context = command(words[4:])
    assert context.info_name == "index"
    assert context.params["source"].startswith("az://")
    assert context.params["kb"].startswith("azure-search://")


def test_its_variables_are_ones_that_something_reads() -> None:
    assert read("job")["environment_variables"].keys() - {"AZURE_TOKEN_CREDENTIALS"} <= ours()


def test_the_job_the_machine_the_environment_and_the_schedule_belong_together() -> None:
    job = read("job")
    assert job["compute"] == f"azureml:{read('compute')['name']}"
    assert job["environment"] == f"azureml:{read('environment')['name']}@latest"
    assert job["identity"] == {"type": "managed"}
    assert read("compute")["identity"]["type"] == "system_assigned"
    assert (FOLDER / read("schedule")["create_job"]).resolve() == FOLDER / "job.yml"


def test_the_environment_is_built_from_what_is_uploaded() -> None:
    build = read("environment")["build"]
    context = (FOLDER / build["path"]).resolve()
    assert context == ROOT
    dockerfile = (context / build["dockerfile_path"]).read_text(encoding="utf-8")
    kept = {line[1:] for line in (ROOT / ".amlignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"}
    for source in re.findall(r"(?m)^COPY (\S+) ", dockerfile):
        assert (ROOT / source).exists()
        assert any(f"/{source}".startswith(name) for name in kept), source
