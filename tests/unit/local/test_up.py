"""What `make run` says last. What it starts is tested where it is started."""

import pytest
from typer.testing import CliRunner

from deploy.local import __main__ as local


@pytest.mark.parametrize("once", [False, True])
def test_the_last_line_is_the_closed_cases_number(monkeypatch, tmp_path, once):
    monkeypatch.setattr(local, "_start", lambda directory: {"YIKOU_URL": "http://127.0.0.1:1"})
    monkeypatch.setattr(local, "_demonstrate", lambda env: print("closed 件号 20261123-0000018"))
    said = CliRunner().invoke(local.app, ["up", "--directory", str(tmp_path), *(["--once"] if once else [])])
    assert said.exit_code == 0, said.output
    assert said.output.splitlines()[-1] == "closed 件号 20261123-0000018"
    assert ("http://127.0.0.1:1" in said.output) is not once
