"""AsyncAPI 3.0 from the contracts: who says what where, who hears it, who answers which call.

`python -m services.contracts.asyncapi > docs/asyncapi.json`
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterator
from decimal import Decimal as ExactNumber
from typing import Any

import msgspec
from marshmallow import Schema
from marshmallow.fields import Decimal, Field

import services.contracts as here
from services.contracts import catalogue, envelope, tasks
from services.contracts.messages import Command, Event, Page, Query

DESCRIPTION = """\
Events are facts and travel in CloudEvents 1.0 envelopes (structured JSON) on one topic exchange a speaker,
`{speaker}.events`, routing key `EventName` or, when addressed to one office, `EventName.{office}`. Every service hears in
one queue, `{service}.events`. Commands and queries are calls in nameko's RPC protocol on the exchange `nameko-rpc`.
Readers are tolerant of event fields they do not know; calls are strict.
"""
AMQP = "0.3.0"
BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
RPC_EXCHANGE = "nameko-rpc"

Plain = dict[str, Any]


def build() -> Plain:
    book = _Book()
    channels: Plain = {}
    operations: Plain = {}
    messages: Plain = {}
    for name, event in catalogue.events().items():
        messages[name] = _event_message(name, event, book)
        for speaker in event.said_by:
            channel = f"{speaker}.events.{name}"
            channels[channel] = _event_channel(speaker, event)
            operations[f"{speaker}.says.{name}"] = _operation("send", channel, name)
            for hearer in sorted({*event.heard_by, *event.heard_by_all}):
                heard = _operation("receive", channel, name) | {"description": f"queue `{hearer}.events`"}
                operations[f"{hearer}.hears.{speaker}.{name}"] = heard
    for call, offices in calls():
        key = _schema_name(call)
        channels[f"rpc.{key}"] = _rpc_channel(call, offices, key)
        messages[key] = _call_message(call, book)
        for office in offices:
            operations[f"{office}.answers.{call.__name__}"] = _operation("receive", f"rpc.{key}", key) | {
                "reply": {
                    "address": {"location": "$message.header#/reply_to"},
                    "channel": _ref("channels", "rpc.reply"),
                }
            }
    channels["rpc.reply"] = {
        "address": None,
        "description": "the caller's own queue; its name is the message property reply_to",
        "messages": {"Reply": _ref("components/messages", "Reply")},
    }
    messages["Reply"] = _reply_message()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Yikou 一口",
            "version": "1",
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{broker}",
                "protocol": "amqp",
                "variables": {"broker": {"default": "localhost"}},
            }
        },
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": {"Envelope": _envelope(), **book.schemas()}},
    }


def calls() -> Iterator[tuple[type[Command] | type[Query], tuple[str, ...]]]:
    """Every command and query with the services that answer it; the tray's are answered by every office."""
    for module in sorted(pkgutil.iter_modules(here.__path__), key=lambda module: module.name):
        found = vars(importlib.import_module(f"{here.__name__}.{module.name}")).values()
        for thing in sorted(filter(_is_call, found), key=lambda thing: thing.__name__):
            if thing.__module__ == f"{here.__name__}.{module.name}":
                yield thing, tasks.OFFICES if module.name == "tasks" else (thing.office(),)


def _is_call(thing: Any) -> bool:
    if not inspect.isclass(thing) or thing in (Command, Query, Page):
        return False
    return issubclass(thing, (Command, Query)) and not thing.__name__.startswith("_")


# -- parts of the document -----------------------------------------------------------------------------


class _Book:
    """The schemas of the components, made by apispec; names are those of the classes, told apart by their file."""

    def __init__(self) -> None:
        from apispec import (
            APISpec,
        )  # only here: the catalogue imports every file of this folder, in every process
        from apispec.ext.marshmallow import MarshmallowPlugin

        plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
        self._spec = APISpec(title="", version="", openapi_version="3.1.0", plugins=[plugin])
        assert plugin.converter is not None
        plugin.converter.add_attribute_function(_decimal)
        self._converter = plugin.converter

    def ref(self, schema: type[Schema]) -> Plain:
        return self._converter.resolve_nested_schema(schema)

    def schemas(self) -> Plain:
        found: Plain = self._spec.to_dict().get("components", {}).get("schemas", {})
        return {name: _plain(found[name]) for name in sorted(found)}


def _decimal(_converter: Any, field: Field, **_: Any) -> Plain:
    """What we write of it is a string; what we read may be either."""
    if not isinstance(field, Decimal) or not field.as_string:
        return {}
    return {"type": ["string", "null"] if field.allow_none else "string", "format": "decimal"}


def _plain(part: Any) -> Any:
    """Without the bounds of decimals that travel as strings (the reader checks them), the others as JSON numbers."""
    if isinstance(part, list):
        return [_plain(one) for one in part]
    if isinstance(part, ExactNumber):
        return float(part)
    if not isinstance(part, dict):
        return part
    dropped = BOUNDS if part.get("format") == "decimal" else ()
    return {name: _plain(value) for name, value in part.items() if name not in dropped}


def _schema_name(schema: type[Schema] | Schema) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return (
        kind.__name__ if issubclass(kind, Event) else f"{kind.__module__.rsplit('.', 1)[-1]}.{kind.__name__}"
    )


def _event_channel(speaker: str, event: type[Event]) -> Plain:
    name = event.__name__
    exchange = {"name": f"{speaker}.events", "type": "topic", "durable": True, "vhost": "/"}
    channel: Plain = {
        "address": f"{name}.{{office}}" if event.addressed else name,
        "messages": {name: _ref("components/messages", name)},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": AMQP}},
    }
    if event.addressed:
        channel["parameters"] = {"office": {"enum": sorted(event.heard_by)}}
    return channel


def _rpc_channel(call: type[Command] | type[Query], offices: tuple[str, ...], message: str) -> Plain:
    exchange = {"name": RPC_EXCHANGE, "type": "topic", "durable": True, "vhost": "/"}
    channel: Plain = {
        "address": f"{offices[0] if len(offices) == 1 else '{office}'}.{call.method()}",
        "messages": {message: _ref("components/messages", message)},
        "bindings": {"amqp": {"is": "routingKey", "exchange": exchange, "bindingVersion": AMQP}},
    }
    if len(offices) > 1:
        channel["parameters"] = {"office": {"enum": sorted(offices)}}
    return channel


def _operation(action: str, channel: str, message: str) -> Plain:
    part = f"channels/{channel}/messages"
    return {"action": action, "channel": _ref("channels", channel), "messages": [_ref(part, message)]}


def _event_message(name: str, event: type[Event], book: _Book) -> Plain:
    own = {
        "type": "object",
        "properties": {"type": {"const": f"{envelope.TYPE_PREFIX}{name}"}, "data": book.ref(event)},
    }
    return {
        "name": name,
        "title": name,
        "summary": _summary(event),
        "contentType": envelope.CONTENT_TYPE,
        "payload": {"allOf": [_ref("components/schemas", "Envelope"), own]},
    }


def _call_message(call: type[Command] | type[Query], book: _Book) -> Plain:
    payload = {
        "type": "object",
        "required": ["args", "kwargs"],
        "properties": {"args": {"type": "array", "maxItems": 0}, "kwargs": book.ref(call)},
    }
    kind = "command" if issubclass(call, Command) else "query"
    return {
        "name": call.method(),
        "title": call.__name__,
        "summary": _summary(call),
        "contentType": "application/json",
        "tags": [{"name": kind}],
        "headers": _call_headers(),
        "payload": payload,
    }


def _call_headers() -> Plain:
    text = {"type": "string"}
    return {
        "type": "object",
        "properties": {
            "nameko.caller": {"type": "object", "description": "who asks: account, kind, department, roles"},
            "nameko.language": text,
            "nameko.idempotency_key": text | {"description": "a call that carries one is done once"},
            "traceparent": text,
            "x-deadline": {"type": "integer", "description": "epoch ms; nobody waits for the answer longer"},
            "reply_to": text | {"description": "AMQP property: where the answer goes"},
        },
    }


def _reply_message() -> Plain:
    error = {
        "type": ["object", "null"],
        "required": ["exc_type", "exc_path", "exc_args", "value"],
        "properties": {
            "exc_type": {"type": "string"},
            "exc_path": {"type": "string"},
            "exc_args": {"type": "array"},
            "value": {"type": "string"},
        },
    }
    return {
        "name": "Reply",
        "title": "Reply",
        "summary": "The result, or the error, of a call.",
        "contentType": "application/json",
        "payload": {
            "type": "object",
            "required": ["result", "error"],
            "properties": {"result": {}, "error": error},
        },
    }


def _envelope() -> Plain:
    text = {"type": "string"}
    return {
        "type": "object",
        "description": "CloudEvents 1.0, structured JSON; (source, id) is unique for ever",
        "required": ["specversion", "id", "source", "type", "time", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": text | {"minLength": 1},
            "source": text | {"pattern": "^/yikou/[a-z]+$"},
            "type": text | {"pattern": r"^yikou\.[A-Z][A-Za-z]+$"},
            "subject": text,
            "time": text | {"format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "traceparent": text,
            "data": {"type": "object"},
        },
    }


def _summary(thing: type) -> str:
    """The class's own docstring, not an inherited one."""
    return " ".join((thing.__dict__.get("__doc__") or "").split())


def _ref(where: str, name: str) -> Plain:
    return {"$ref": f"#/{where}/{name}"}


def document() -> bytes:
    return msgspec.json.format(msgspec.json.encode(build()), indent=1) + b"\n"


if __name__ == "__main__":
    sys.stdout.buffer.write(document())
