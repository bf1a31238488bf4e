"""Joint meetings with tracked decisions, and what has to be shown to everybody."""
