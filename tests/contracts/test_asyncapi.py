"""docs/asyncapi.json is what the contracts say, and is a sound AsyncAPI 3.0 document."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from services.contracts import asyncapi, catalogue, identity
from services.contracts.envelope import CONTENT_TYPE, Envelope

COMMITTED = Path(__file__).resolve().parents[2] / "docs" / "asyncapi.json"


@pytest.fixture(scope="module")
def document() -> dict:
    return json.loads(asyncapi.document())


def resolve(document: dict, reference: str) -> object:
    found: object = document
    for word in reference.removeprefix("#/").split("/"):
        assert isinstance(found, dict) and word in found, reference
        found = found[word]
    return found


def references(part: object) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values())) if part else own
    return set().union(*map(references, part)) if isinstance(part, list) and part else set()


def test_the_committed_document_is_the_generated_one() -> None:
    assert COMMITTED.read_bytes() == asyncapi.document(), (
        "python -m services.contracts.asyncapi > docs/asyncapi.json"
    )


def test_every_reference_leads_somewhere(document: dict) -> None:
    for reference in references(document):
        resolve(document, reference)


def test_it_has_the_shape_of_asyncapi_3(document: dict) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    key = re.compile(r"[\w.-]+")
    for part in (document["channels"], document["operations"], *document["components"].values()):
        assert all(key.fullmatch(name) for name in part)
    for name, channel in document["channels"].items():
        asked = set(re.findall(r"{(\w+)}", channel["address"] or ""))
        assert asked == set(channel.get("parameters", {})), name
        assert channel["messages"], name
    for name, operation in document["operations"].items():
        assert operation["action"] in ("send", "receive"), name
        channel = operation["channel"]["$ref"]
        assert all(message["$ref"].startswith(f"{channel}/messages/") for message in operation["messages"]), (
            name
        )


def test_every_schema_is_a_json_schema(document: dict) -> None:
    for name, schema in document["components"]["schemas"].items():
        Draft202012Validator.check_schema(schema)
        assert schema["type"] == "object", name


def test_every_event_call_speaker_and_hearer_is_in_it(document: dict) -> None:
    operations, channels = document["operations"], document["channels"]
    for name, event in catalogue.events().items():
        for speaker in event.said_by:
            assert operations[f"{speaker}.says.{name}"]["action"] == "send"
            exchange = channels[f"{speaker}.events.{name}"]["bindings"]["amqp"]["exchange"]
            assert exchange["name"] == f"{speaker}.events"
            for hearer in (*event.heard_by, *event.heard_by_all):
                assert operations[f"{hearer}.hears.{speaker}.{name}"]["action"] == "receive"
    for call, offices in asyncapi.calls():
        for office in offices:
            assert "reply" in operations[f"{office}.answers.{call.__name__}"]


def test_every_message_says_what_it_is_for(document: dict) -> None:
    silent = [
        name
        for name, message in document["components"]["messages"].items()
        if name in catalogue.events() and not message["summary"]
    ]
    assert silent == []


def test_an_envelope_as_we_write_it_is_what_the_document_describes(document: dict) -> None:
    said = identity.CredentialRevoked.write({"name": "a", "kind": "session", "until": 1})
    now = datetime.now(UTC)
    body = Envelope("1", "/yikou/identity", "yikou.CredentialRevoked", "a", now, "", said).encode()
    message = document["components"]["messages"]["CredentialRevoked"]
    assert message["contentType"] == CONTENT_TYPE
    schema = {**message["payload"], "components": document["components"]}
    Draft202012Validator(schema).validate(json.loads(body))
    wrong = json.loads(body) | {"type": "yikou.SomethingElse"}
    assert not Draft202012Validator(schema).is_valid(wrong)
