"""Where the platform is: the environment, or else the `.run/env` that `make run` wrote."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from deploy.local import environment

ENV = Path(__file__).resolve().parents[2] / ".run" / "env"


class NotRunning(Exception):
    """A setting of the platform is unknown: nothing was started here."""


@cache
def surroundings() -> Mapping[str, str]:
    return {**environment.read(ENV), **os.environ}


def needed(name: str) -> str:
    try:
        return surroundings()[name]
    except KeyError:
        raise NotRunning(
            f"没有找到运行中的平台，请先 make run · No running platform was found, `make run` first ({name})"
        ) from None
