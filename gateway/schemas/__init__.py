"""Shapes that exist only in HTTP; where a body is a command, the contract itself is used."""
