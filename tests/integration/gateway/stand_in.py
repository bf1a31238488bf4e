"""What the stand-in offices know."""

CASE = "20261123-0000018"
TOKEN = "tracking-token-of-the-case"
