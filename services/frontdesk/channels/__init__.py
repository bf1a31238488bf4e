"""How applications reach the desk, and where those go that have a way of their own by law."""
