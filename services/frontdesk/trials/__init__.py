"""Matters tried out before they are in force: the course a case of them would take."""
