"""What a department imports of the tray, under one short name."""

from services.backoffice.handlers import COMMANDS, events, finish, sign
from services.backoffice.model import Finished, Item
from services.backoffice.repository import TrayRepository as Repository
from services.backoffice.tables import add_table
from services.backoffice.views import queries

__all__ = ["COMMANDS", "Finished", "Item", "Repository", "add_table", "events", "finish", "queries", "sign"]
