"""`.run/env` survives a round through the file, the shell and our own reader, and nobody else can read it."""

import stat
import subprocess

from hypothesis import given
from hypothesis import strategies as st

from deploy.local import environment

VALUES = st.text(st.characters(exclude_characters="\r\0", exclude_categories=["Cs"]), max_size=40)


def test_a_missing_file_is_an_empty_environment(tmp_path):
    assert environment.read(tmp_path / "env") == {}


@given(values=st.dictionaries(st.from_regex(r"[A-Z][A-Z_0-9]{0,20}", fullmatch=True), VALUES, max_size=5))
def test_what_is_written_is_read(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("run") / "env"
    environment.write(path, values)
    assert environment.read(path) == values


def test_a_shell_reads_what_we_wrote(tmp_path):
    nasty = "a b'c\"d $HOME `id` # 社区"
    environment.write(tmp_path / "env", {"YIKOU_X": nasty, "YIKOU_URL": "http://127.0.0.1:1"})
    script = f'. "{tmp_path}/env"; printf %s "$YIKOU_X"'
    assert subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout == nasty


def test_only_the_owner_may_read_it_even_after_a_rewrite(tmp_path):
    for _ in range(2):
        environment.write(tmp_path / "env", {"A": "b"})
        assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
