"""What other programs read of our events is what the code says, and stays readable."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from schemas import generate
from schemas.asyncapi import document, schema_path
from schemas.compatibility import breaks
from schemas.envelope import event_type, from_record
from schemas.events import EVENTS
from schemas.flow import TOPICS

SAMPLES = sorted((Path(__file__).parent / "samples").glob("*.json"))


def test_the_files_in_the_tree_are_those_generated_now() -> None:
    for path, text in generate.generated().items():
        assert (generate.FOLDER / path).read_text() == text, path


def test_no_schema_file_is_left_over() -> None:
    kept = {
        path.relative_to(generate.FOLDER).as_posix()
        for path in (generate.FOLDER / "json").rglob("*.json")
    }
    newest = {path for path in generate.generated() if path.endswith(".json")}
    # An older version of a topic may stay for its readers; another topic may not.
    assert newest <= kept
    assert {path.split("/")[1] for path in kept} == set(EVENTS)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_an_event_said_earlier_still_decodes_and_fits_its_schema(path: Path) -> None:
    sample = json.loads(path.read_text())
    topic, _, version = path.stem.rpartition(".v")
    headers = {name: value.encode() for name, value in sample["headers"].items()}

    if int(version) == EVENTS[topic].version:
        received = from_record(topic, headers, json.dumps(sample["data"]).encode())
        assert str(received.id) == sample["headers"]["ce_id"]
        assert received.event.model_dump(mode="json", exclude_unset=True) == sample["data"]
    schema = json.loads((generate.FOLDER / "json" / topic / f"{version}.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(sample["data"])


def test_every_event_has_a_sample() -> None:
    assert {f"{event.topic}.v{event.version}" for event in EVENTS.values()} <= {
        path.stem for path in SAMPLES
    }


def every_reference(node: object) -> list[str]:
    if isinstance(node, dict):
        here = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
        return here + [found for value in node.values() for found in every_reference(value)]
    if isinstance(node, list):
        return [found for value in node for found in every_reference(value)]
    return []


def resolve(root: dict[str, Any], reference: str) -> object:
    if reference.startswith("#/"):
        node: Any = root
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]
        return node
    return json.loads((generate.FOLDER / reference).read_text())


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    text = yaml.safe_load((generate.FOLDER / "asyncapi.yaml").read_text())
    references = every_reference(text)
    assert len(references) > len(TOPICS)
    for reference in references:
        assert resolve(text, reference)


def test_the_asyncapi_document_has_the_parts_its_specification_wants() -> None:
    text = document()
    assert text["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= text["info"].keys()
    for operation in text["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in text["channels"]
    for server in text["servers"].values():
        assert {"host", "protocol"} <= server.keys()


def test_the_asyncapi_document_says_what_the_flow_table_says() -> None:
    text = document()
    assert list(text["channels"]) == [topic.name for topic in TOPICS]
    for topic in TOPICS:
        kafka = text["channels"][topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == topic.partitions
        assert kafka["topicConfiguration"]["retention.ms"] == topic.retention_ms
        for action, programs in (("sends", topic.writers), ("receives", topic.readers)):
            told = {
                name.split(".")[0]
                for name in text["operations"]
                if name.split(".", 2)[1:] == [action, topic.name]
            }
            assert told == set(programs), (topic.name, action)


def test_each_message_names_its_type_and_its_schema() -> None:
    messages = document()["components"]["messages"]
    for topic, event in EVENTS.items():
        assert messages[topic]["payload"]["$ref"] == f"./json/{schema_path(event)}"
        types = [part.get("properties", {}) for part in messages[topic]["headers"]["allOf"]]
        assert {"ce_type": {"const": event_type(event)}} in types


def schema(**properties: object) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": ["a"]}


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (schema(a={"type": "string"}), None),
        (schema(a={"type": "string", "description": "other words"}), None),
        (schema(a={"type": "string"}, b={"type": "integer"}), None),
        (schema(b={"type": "string"}), "/properties/a: is gone"),
        (schema(a={"type": "integer"}), "/properties/a/type: was 'string', is 'integer'"),
        (schema(a={"type": "string", "pattern": "x"}), "/properties/a/pattern: was None, is 'x'"),
        (
            schema(a={"type": "string"}, b={"type": "integer"}) | {"required": ["a", "b"]},
            "/required: was ['a'], is ['a', 'b']",
        ),
        (schema(a={"type": "string"}) | {"required": []}, "/required: was ['a'], is []"),
    ],
)
def test_a_schema_only_gains_optional_fields(new: dict[str, Any], fault: str | None) -> None:
    old = schema(a={"type": "string"})
    assert breaks(old, new) == ([fault] if fault else [])


def test_a_change_inside_a_definition_or_a_choice_is_seen() -> None:
    old = {"$defs": {"D": schema(a={"anyOf": [{"type": "string"}, {"type": "null"}]})}}
    new = {"$defs": {"D": schema(a={"anyOf": [{"type": "number"}, {"type": "null"}]})}}
    assert breaks(old, new) == ["/$defs/D/properties/a/anyOf/0/type: was 'string', is 'number'"]


def test_the_generator_refuses_to_break_readers_and_writes_nothing(tmp_path: Path) -> None:
    assert generate.write(tmp_path)
    kept = tmp_path / "json" / "dead.letter" / "1.json"
    older = json.loads(kept.read_text())
    older["properties"]["size"] = {"type": "integer"}
    kept.write_text(json.dumps(older))
    (tmp_path / "asyncapi.yaml").unlink()

    with pytest.raises(ValueError, match=r"dead.letter/1.json/properties/size: is gone"):
        generate.write(tmp_path)
    assert not (tmp_path / "asyncapi.yaml").exists()


def test_generating_twice_changes_nothing(tmp_path: Path) -> None:
    assert generate.write(tmp_path)
    assert generate.write(tmp_path) == []
