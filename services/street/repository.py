"""The tray's items."""

from services.backoffice import tray
from services.street.tables import items


class Repository(tray.Repository):
    items = items
