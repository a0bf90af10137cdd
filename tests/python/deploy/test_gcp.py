"""deploy/gcp: formatted, parsed, and held against the rules: least privilege, versions, lifecycle, no key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

FOLDER = Path(__file__).resolve().parents[3] / "deploy" / "gcp"
FILES = sorted(FOLDER.glob("*.tf"))

NOT_BROAD = {
    # What each role is for; a role that is not here is not granted.
    "roles/storage.objectViewer", "roles/storage.objectUser", "roles/storage.legacyBucketReader", "roles/bigquery.jobUser",
    "roles/bigquery.dataEditor", "roles/bigquery.dataViewer", "roles/bigquery.connectionUser", "roles/aiplatform.user",
    "roles/serviceusage.serviceUsageConsumer", "roles/pubsub.publisher", "roles/run.invoker", "roles/eventarc.eventReceiver",
}  # fmt: skip
ON_A_PROJECT = {
    # These exist on a project only, or are of use there only.
    "roles/bigquery.jobUser", "roles/aiplatform.user", "roles/serviceusage.serviceUsageConsumer", "roles/eventarc.eventReceiver",
}  # fmt: skip


def plain(value: Any) -> Any:
    """Without the quotes that the parser keeps around names and texts."""
    if isinstance(value, dict):
        return {plain(key): plain(each) for key, each in value.items() if key != "__is_block__"}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value[1:-1] if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"' else value


def parse(text: str) -> dict[str, Any]:
    return plain(hcl2.loads(text))


def resources(*kinds: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path in FILES:
        for block in parse(path.read_text()).get("resource", []):
            for kind, named in block.items():
                for name, said in named.items():
                    if not kinds or kind in kinds:
                        yield kind, name, said


def roles(said: dict[str, Any]) -> list[str]:
    return re.findall(r"roles/[\w.]+", f"{said['role']} {said.get('for_each', '')}")


def test_everything_parses_and_names_are_used_once() -> None:
    found = [f"{kind}.{name}" for kind, name, _ in resources()]
    assert len(found) > 20
    assert len(found) == len(set(found))


def test_every_reference_is_to_something() -> None:
    text = "\n".join(path.read_text() for path in FILES)
    declared = {f"{kind}.{name}" for kind, name, _ in resources()}
    assert set(re.findall(r"(?<!data\.)\b(google_\w+\.\w+)", text)) - declared == set()
    variables = {name for path in FILES for block in parse(path.read_text()).get("variable", []) for name in block}
    assert set(re.findall(r"\bvar\.(\w+)", text)) == variables


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_it_is_formatted_as_terraform_formats(path: Path) -> None:
    """Two spaces for each open bracket, `=` in one column within a run of lines, one line end at the end."""
    depth, run, wrong = 0, [], []
    text = path.read_text()
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    for number, line in enumerate([*text.splitlines(), ""], 1):
        code = re.sub(r'"[^"]*"', '""', line.split("#")[0] if line.lstrip().startswith("#") else line)
        closing = len(re.match(r"\s*([}\])]*)", code)[1])
        if line.strip() and len(line) - len(line.lstrip()) != 2 * (depth - min(closing, depth)):
            wrong.append(f"{path.name}:{number} is not indented by {2 * (depth - closing)}")
        opens = sum(code.count(each) for each in "{[(") - sum(code.count(each) for each in "}])")
        attribute = re.match(r"\s*[\w.]+(\s*)= ", line)
        if attribute and opens == 0:
            run.append((number, line.index("=")))
        else:
            if len({column for _, column in run}) > 1:
                wrong.append(f"{path.name}:{run[0][0]} ff.: `=` is not in one column")
            run = []
        depth += opens
    assert wrong == []
    assert depth == 0


def test_buckets_keep_versions_take_old_ones_away_and_are_private() -> None:
    found = list(resources("google_storage_bucket"))
    assert [name for _, name, _ in found] == ["landing", "lake"]
    for _, _, said in found:
        assert said["versioning"] == [{"enabled": True}]
        assert said["uniform_bucket_level_access"] is True
        assert said["public_access_prevention"] == "enforced"
        assert said["force_destroy"] is False
        actions = [rule["action"][0]["type"] for rule in said["lifecycle_rule"]]
        assert "Delete" in actions
        for rule in said["lifecycle_rule"]:
            deletes = rule["action"][0]["type"] == "Delete"
            assert not deletes or list(rule["condition"][0]) == ["days_since_noncurrent_time"], (
                "nothing current is deleted"
            )


def test_datasets_with_tables_are_not_deleted() -> None:
    for _, name, said in resources("google_bigquery_dataset"):
        assert said["delete_contents_on_destroy"] is False, name


def test_permissions_are_the_least_that_are_needed() -> None:
    given = [(kind, name, said) for kind, name, said in resources() if "_iam_" in kind]
    assert given
    for kind, name, said in given:
        assert kind.endswith("_iam_member"), f"{name}: a binding or policy would take away what others gave"
        assert roles(said), name
        for role in roles(said):
            assert role in NOT_BROAD, f"{name} gives {role}"
            assert kind != "google_project_iam_member" or role in ON_A_PROJECT, (
                f"{name} gives {role} on the whole project"
            )
        assert "allUsers" not in said["member"]
        assert "allAuthenticatedUsers" not in said["member"]


def test_the_landing_zone_is_only_read() -> None:
    for _, name, said in resources("google_storage_bucket_iam_member"):
        if "landing" in said["bucket"]:
            assert said["role"] == "roles/storage.objectViewer", name


def test_there_is_no_key() -> None:
    kinds = {kind for kind, _, _ in resources()}
    assert not {kind for kind in kinds if "key" in kind or "secret" in kind}
    for path in [*FILES, FOLDER / "convert_to_usd" / "main.py", FOLDER / "convert_to_usd" / "Dockerfile"]:
        assert not re.search(r"(?i)private_key|password|secret|credentials\s*=|BEGIN |AIza", path.read_text()), (
            path.name
        )


def test_everything_is_in_one_location() -> None:
    for kind, name, said in resources():
        if "location" in said:
            assert said["location"] == "${var.location}", f"{kind}.{name}"


def test_an_arrival_leads_to_a_message() -> None:
    ((_, _, notification),) = resources("google_storage_notification")
    assert notification["event_types"] == ["OBJECT_FINALIZE"]
    assert "pubsub_topic.arrivals" in notification["topic"]
    assert "storage_publishes" in str(notification["depends_on"])
    ((_, _, trigger),) = resources("google_eventarc_trigger")
    assert "pubsub_topic.arrivals" in str(trigger["transport"])


def test_only_bigquery_calls_the_remote_function() -> None:
    invokers = [
        said["member"]
        for _, _, said in resources("google_cloud_run_v2_service_iam_member")
        if "convert_to_usd" in said["name"]
    ]
    assert len(invokers) == 1
    assert "google_bigquery_connection.functions" in invokers[0]
