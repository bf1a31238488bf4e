"""Waiting for a condition, never for a time."""

import time


def until(condition, seconds=15.0, what="the condition", pause=0.05):
    """Returns the condition's first true value; fails naming what was waited for."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s in vain until {what}")
        time.sleep(pause)
