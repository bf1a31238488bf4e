"""`.run/env`: what every process of the stack is told, readable by a shell and by nobody but its owner."""

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

HEADER = "# Written by deploy.local. In a shell:  set -a; . .run/env; set +a\n"


def read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = shlex.split(path.read_text(), comments=True)
    return dict(pair.split("=", 1) for pair in pairs)


def write(path: Path, values: Mapping[str, str]) -> None:
    text = HEADER + "".join(f"{name}={shlex.quote(value)}\n" for name, value in sorted(values.items()))
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    fresh.rename(path)  # a reader sees the old file or the new one, never a half
