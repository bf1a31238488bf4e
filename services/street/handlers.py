"""Community and street staff, and the outside units they enter for, have the tray and no rules beside it."""

from services.backoffice import tray

EVENTS = tray.events(rules={}, undos={})
COMMANDS = tray.COMMANDS
