import pytest
import requests
from typer.testing import CliRunner

from deploy import cli
from deploy.cli import app, screen
from deploy.cli.hall import NotInTime
from services.chassis.errors import NotFound


def yikou(*words):
    return CliRunner().invoke(app, list(words), catch_exceptions=False)


def test_the_catalogue_of_matters_is_without_fault():
    assert "没有问题 No faults" in yikou("matters", "check").output


def test_a_faulty_matter_is_named_and_fails(tmp_path):
    (tmp_path / "x.yaml").write_text("code: '0'\nslug: x\n")
    result = yikou("matters", "check", str(tmp_path))
    assert result.exit_code == 1
    assert "x.yaml" in result.output


def test_help_names_every_command_in_both_languages():
    for words in (["--help"], ["demo", "--help"], ["dead", "--help"], ["cases", "--help"]):
        output = yikou(*words).output
        assert any("\u4e00" <= letter <= "\u9fff" for letter in output)


class NoSuchThing(NotFound):
    """There is no {thing}."""

    zh = "没有{thing}。"


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (NoSuchThing(thing="x"), "没有x。 There is no x."),
        (NotInTime("没有等到"), "没有等到"),
        (requests.ConnectionError("refused"), "平台没有应答 The platform does not answer"),
    ],
)
def test_trouble_is_one_sentence_and_an_exit_code(monkeypatch, capsys, trouble, said):
    def fail():
        raise trouble

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr(screen.err, "_file", None)  # `file` would come back as this capture, closed by then
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 1
    assert said in capsys.readouterr().err


def test_a_matter_is_tried_out_on_a_form_and_nothing_is_needed_for_it(tmp_path):
    form = tmp_path / "form.yaml"
    form.write_text("applicant: { name: 张某 }\nform: { address: 110105001001001-3-502 }\n")
    result = yikou("matters", "try", "1", "--form", str(form), "--at", "2026-09-30T16:00:00")
    assert result.exit_code == 1, "the form is not complete"
    assert "✗ form.reason" in result.output
    assert "网格 Grid" in result.output and "2026-10-08 12:00" in result.output
    draft = tmp_path / "draft.yaml"
    draft.write_text("code: '0'\nslug: x\n")
    assert "draft.yaml:1: .: " in yikou("matters", "try", str(draft), "--form", str(form)).output
