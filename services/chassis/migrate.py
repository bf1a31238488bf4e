"""Migrations of every service's own database, through Alembic.

python -m services.chassis.migrate upgrade [SERVICE…]
python -m services.chassis.migrate make SERVICE "what changes"
python -m services.chassis.migrate check [SERVICE…]
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, create_engine

from services.chassis.settings import settings
from services.contracts.catalogue import SERVICES

ROOT = Path(__file__).resolve().parent.parent


def metadata_of(service: str) -> MetaData:
    found: MetaData = importlib.import_module(f"services.{service}.tables").metadata
    return found


def config_for(service: str, connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "chassis" / "alembic"))
    config.set_main_option("version_locations", str(ROOT / service / "migrations"))
    config.set_main_option("version_path_separator", "os")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(connection=connection, metadata=metadata_of(service))
    return config


def upgrade(services: list[str]) -> None:
    for service in services:
        engine = create_engine(settings().database_url(service))
        with engine.begin() as connection:
            command.upgrade(config_for(service, connection), "head")
            bring_shipped(service, connection)
        engine.dispose()


def bring_shipped(service: str, connection: Connection) -> None:
    """Rows that come with the code rather than with the schema: `services.{service}.shipped` adds what is missing."""
    name = f"services.{service}.shipped"
    if importlib.util.find_spec(name):
        importlib.import_module(name).bring(connection)


def make(service: str, message: str) -> None:
    (ROOT / service / "migrations").mkdir(exist_ok=True)
    number = 1 + len(list((ROOT / service / "migrations").glob("[0-9]*.py")))
    engine = create_engine(settings().database_url(service))
    with engine.begin() as connection:
        command.revision(config_for(service, connection), message, autogenerate=True, rev_id=f"{number:04}")
    engine.dispose()


def differences(service: str) -> list[object]:
    """What the migrated database lacks of the tables in code; empty when they agree."""
    engine = create_engine(settings().database_url(service))
    with engine.connect() as connection:
        found: list[object] = list(
            compare_metadata(MigrationContext.configure(connection), metadata_of(service))
        )
    engine.dispose()
    return found


def main(arguments: list[str]) -> int:
    match arguments:
        case ["upgrade", *services]:
            upgrade(services or list(SERVICES))
        case ["make", service, message]:
            make(service, message)
        case ["check", *services]:
            found = {service: differences(service) for service in services or SERVICES}
            for service, lines in found.items():
                for line in lines:
                    print(f"{service}: {line}")
            return 1 if any(found.values()) else 0
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
