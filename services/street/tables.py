"""The tray."""

from services.backoffice import tray
from services.chassis.database import new_metadata

metadata = new_metadata()
items = tray.add_table(metadata)
