"""Telling companies' own software: endpoints, what is sent to them, and how. Rules in `model`, the wire in `sender`."""
