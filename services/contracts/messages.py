"""The three kinds of thing that are said: an event (a fact), a command (an order), a query (a question).

Each is a marshmallow schema. `load` turns plain data into a `Message`, whose attributes are the schema's
fields; `dump_checked` turns attributes into plain data and refuses what the schema refuses.
"""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import Any, ClassVar

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

REGISTRY: dict[str, type[Event]] = {}


class Message(SimpleNamespace):
    """What a handler is given: one attribute a field (None when absent), plus `.envelope` for an event."""

    envelope: Any = None

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"this message has no field {name!r}")


class _Spoken(Schema):
    _instance: ClassVar[Any] = None

    @classmethod
    def schema(cls) -> Any:
        """The one shared instance of this schema (marshmallow schemas are safe to reuse)."""
        if cls.__dict__.get("_instance") is None:
            cls._instance = cls()
        return cls._instance

    @classmethod
    def read(cls, data: Any) -> Message:
        """Plain data to a message. Raises marshmallow's ValidationError with every fault."""
        schema = cls.schema()
        loaded = schema.load(data)
        for name in schema.fields:
            loaded.setdefault(name, None)
        return Message(**loaded)

    @classmethod
    def title(cls) -> str:
        return cls.__name__


class Event(_Spoken):
    """A fact, in the past tense. Readers are tolerant: fields they do not know are dropped."""

    class Meta:
        unknown = EXCLUDE

    said_by: ClassVar[tuple[str, ...]] = ()
    heard_by: ClassVar[tuple[str, ...]] = ()
    addressed: ClassVar[bool] = False
    """True when each one is meant for one service; those in `heard_by_all` hear it whoever it is for."""
    heard_by_all: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cls.__name__.startswith("_"):  # a common part of several events, not an event
            return
        if cls.__name__ in REGISTRY:
            raise TypeError(f"two events are called {cls.__name__}")
        REGISTRY[cls.__name__] = cls

    @classmethod
    def write(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Attributes to plain data; a field that is missing or wrong is the speaker's bug and raises."""
        schema = cls.schema()
        plain = schema.dump(data)
        unknown = data.keys() - schema.fields.keys()
        missing = [
            name for name, field in schema.fields.items() if field.required and plain.get(name) is None
        ]
        if unknown or missing:
            raise ValidationError(f"{cls.__name__}: unknown {sorted(unknown)}, missing {missing}")
        return {key: value for key, value in plain.items() if value is not None}

    @classmethod
    def routing_key(cls, to: str | None = None) -> str:
        if cls.addressed and not to:
            raise ValueError(f"{cls.__name__} needs an addressee")
        return f"{cls.__name__}.{to}" if cls.addressed else cls.__name__

    @classmethod
    def bindings(cls) -> list[tuple[str, str, str]]:
        """(speaker, routing key, hearer) of every binding this event needs."""
        found = []
        for speaker in cls.said_by:
            for hearer in cls.heard_by:
                found.append((speaker, f"{cls.__name__}.{hearer}" if cls.addressed else cls.__name__, hearer))
            for hearer in cls.heard_by_all:
                found.append((speaker, f"{cls.__name__}.#", hearer))
        return found


class _Call(_Spoken):
    """Strict: a field nobody asked for is a mistake of the sender, told at once."""

    class Meta:
        unknown = RAISE

    @classmethod
    def method(cls) -> str:
        """The RPC method that answers: FileCase -> file_case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @classmethod
    def office(cls) -> str:
        """The service that answers: the contract's own file, unless that names another `OFFICE`."""
        own_file = sys.modules[cls.__module__]
        return getattr(own_file, "OFFICE", None) or cls.__module__.rsplit(".", 1)[-1]


class Command(_Call):
    """An order, in the imperative; its effect and its answer are one transaction."""

    remembered: ClassVar[bool] = True
    """False where question or answer holds a secret: neither it nor its fingerprint is stored for a repetition."""


class Query(_Call):
    """A question; changes nothing."""


class Page(Query):
    """A question whose answer comes in pages: `{items, next}`; `next` is the cursor of the following page."""

    cursor = fields.String(
        load_default=None, metadata={"description": "opaque; from `next` of the page before"}
    )
    limit = fields.Integer(load_default=50, validate=validate.Range(1, 200))


def at(**options: Any) -> fields.AwareDateTime:
    """A moment, with an offset, in ISO 8601."""
    return fields.AwareDateTime(format="iso", **options)


def money(**options: Any) -> fields.Decimal:
    """Yuan, exact to the fen, as a decimal string."""
    return fields.Decimal(places=2, as_string=True, **options)


def volume(**options: Any) -> fields.Decimal:
    """A register value or consumption in the register's unit, as a decimal string."""
    return fields.Decimal(as_string=True, **options)
