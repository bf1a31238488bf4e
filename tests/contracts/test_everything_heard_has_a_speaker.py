"""Contracts, code and READMEs say the same: who hears what, who says it, who answers which call."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from deploy.local.processes import SERVICES as RUN
from services.chassis.database import new_metadata
from services.chassis.entrances import Service, find
from services.chassis.migrate import metadata_of
from services.contracts import asyncapi, catalogue, tasks
from services.contracts.catalogue import SERVICES
from services.contracts.messages import Event

SERVICES_FOLDER = Path(__file__).resolve().parents[2] / "services"

each_service = pytest.mark.parametrize("name", SERVICES)
each_event = pytest.mark.parametrize("event", catalogue.events().values(), ids=list(catalogue.events()))


@cache
def plate(name: str) -> type[Service]:
    return find(name)


def hears(name: str) -> set[str]:
    return {event.__name__ for event in plate(name).events}


def answers(name: str) -> set[str]:
    return {call.__name__ for call in (*plate(name).commands, *plate(name).queries)}


@cache
def says(name: str) -> frozenset[str]:
    """Events that the code of a service hands to a call of something that says: `work.say(party.BranchDue, …)`,
    `_answer(work, tasks.TaskSigned, …)`, or that a table of its own names for that (`SAID_AS[kind]`)."""
    folders = [SERVICES_FOLDER / name]
    if name in tasks.OFFICES:
        folders.append(SERVICES_FOLDER / "backoffice")
    return frozenset(
        found for folder in folders for file in folder.rglob("*.py") for found in said_in(file.read_text())
    )


def said_in(text: str) -> set[str]:
    tree = ast.parse(text)
    found: set[str] = set()
    tables = {
        target.id: event_names(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            for argument in node.args:
                if isinstance(argument, ast.Subscript) and isinstance(argument.value, ast.Name):
                    found |= tables.get(argument.value.id, set())
                elif isinstance(argument, (ast.Attribute, ast.Name)):
                    found |= event_names(argument)
    return found


def event_names(node: ast.AST) -> set[str]:
    """Events named in an expression, except as the key of a table (that is hearing)."""
    if isinstance(node, ast.Dict):
        return set().union(*map(event_names, node.values)) if node.values else set()
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)
    return {name} & catalogue.events().keys()


# -- contracts and code --------------------------------------------------------------------------------


def test_the_services_that_run_are_those_of_the_contracts() -> None:
    assert set(RUN) == set(SERVICES)


@each_service
def test_a_service_has_a_handler_for_exactly_what_its_contracts_say_it_hears(name: str) -> None:
    promised = {
        event.__name__
        for event in catalogue.events().values()
        if name in (*event.heard_by, *event.heard_by_all)
    }
    assert hears(name) == promised


@each_service
def test_a_service_answers_exactly_the_calls_of_its_contracts(name: str) -> None:
    promised = {call.__name__ for call, offices in asyncapi.calls() if name in offices}
    assert answers(name) == promised


@each_event
def test_every_event_has_a_speaker_whose_code_says_it(event: type[Event]) -> None:
    assert event.said_by, "nobody says it"
    assert [speaker for speaker in event.said_by if event.__name__ not in says(speaker)] == []


@each_service
def test_a_service_says_only_what_its_contracts_allow_it(name: str) -> None:
    allowed = {event.__name__ for event in catalogue.events().values() if name in event.said_by}
    assert says(name) - allowed == set()


@each_event
def test_speakers_and_hearers_are_services(event: type[Event]) -> None:
    assert {*event.said_by, *event.heard_by, *event.heard_by_all} <= set(SERVICES)


# -- READMEs -------------------------------------------------------------------------------------------

SECTIONS = ("Owns", "Hears", "Says", "Answers")


def readme(name: str) -> str:
    return (SERVICES_FOLDER / name / "README.md").read_text()


def section(name: str, title: str) -> str:
    """From `**Title**` to the next of the four, or to the next heading or bold word at a line's start."""
    found = re.search(rf"^\*\*{title}\*\*(.*?)(?=^\*\*\w|^#|\Z)", readme(name), re.MULTILINE | re.DOTALL)
    assert found, f"services/{name}/README.md has no paragraph that begins with **{title}**"
    return found[1]


def names_in(text: str) -> set[str]:
    return {
        word for code in re.findall(r"`([^`]+)`", text) for word in re.findall(r"\b[A-Z][A-Za-z]+\b", code)
    }


@each_service
def test_a_readme_lists_what_the_service_hears(name: str) -> None:
    assert names_in(section(name, "Hears")) & catalogue.events().keys() == hears(name)


@each_service
def test_a_readme_lists_what_the_service_says(name: str) -> None:
    listed = names_in(section(name, "Says")) & catalogue.events().keys()
    assert listed == says(name)


@each_service
def test_a_readme_lists_what_the_service_answers(name: str) -> None:
    known = {call.__name__ for call, _ in asyncapi.calls()}
    assert names_in(section(name, "Answers")) & known == answers(name)


@each_service
def test_a_readme_lists_the_tables_the_service_owns(name: str) -> None:
    """One line under **Owns**: Tables: `cases` `tasks` …; those of the chassis are everybody's and not listed."""
    line = re.search(r"^Tables: (.+)$", section(name, "Owns"), re.MULTILINE)
    assert line, f"services/{name}/README.md has no line `Tables: …` under **Owns**"
    own = metadata_of(name).tables.keys() - new_metadata().tables.keys()
    assert set(re.findall(r"`(\w+)`", line[1])) == own
