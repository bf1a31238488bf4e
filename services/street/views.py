"""The tray as screens see it."""

from services.backoffice import tray
from services.street.tables import items

QUERIES = tray.queries(items)
