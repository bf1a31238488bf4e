"""What the documents tell somebody to type does what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.conftest import DIRECTORY

ROOT = Path(__file__).resolve().parents[2]


def shell_of(readme):
    """The example, with this platform's environment in the place of `make run`'s."""
    (script,) = re.findall(r"^```sh\n(.*?)^```", (ROOT / readme).read_text(), re.MULTILINE | re.DOTALL)
    assert script.count(". .run/env") == 1
    return script.replace(".run/env", str(DIRECTORY / "env"))


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readmes_example_files_a_case(platform, readme):
    done = subprocess.run(
        ["sh", "-e", "-c", shell_of(readme)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0 and done.stdout.startswith("HTTP/1.1 202"), done.stdout + done.stderr
    (case_no,) = re.findall(r'"case_no": *"([^"]+)"', done.stdout)
    assert platform.case(case_no)["matter"] == "repair"


def test_the_operator_rebuilds_the_read_models(platform):
    platform.file(platform.repair())
    supervisor = platform.as_account("supervisor")
    platform.until(lambda: supervisor.ask("/v1/overview")["numbers"]["in_hand"], "the wall counts a case")
    done = subprocess.run(
        [sys.executable, "-m", "deploy.cli", "insight", "rebuild"],
        cwd=ROOT, env={**os.environ, **platform.env}, capture_output=True, text=True, timeout=90, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) 件", done.stdout)[1]) > 0
    assert supervisor.ask("/v1/overview")["numbers"]["in_hand"] > 0
