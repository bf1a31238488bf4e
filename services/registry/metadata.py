"""The registry's one collection of tables: each room adds its own, and `tables.py` knows them all."""

from services.chassis.database import new_metadata

metadata = new_metadata()
