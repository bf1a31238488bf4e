import json

from typer.testing import CliRunner

from deploy.cli import app
from services.census import sampling

SEED, CENSUS = "a seed of sixteen letters", "019a0000-0000-7000-8000-000000000001"


def yikou(*words):
    return CliRunner().invoke(app, ["census", "sample", "--seed", SEED, "--census", CENSUS, *words])


def test_the_sample_of_a_block_is_computed_again():
    told = json.loads(yikou("--block", "2", "--households", "97").output)
    assert told == {"block": 2, "households": 97, "serials": sampling.sample(SEED, CENSUS, 2, 97, 10)}


def test_of_a_file_of_blocks_too_and_a_bad_line_is_named(tmp_path):
    file = tmp_path / "blocks.csv"
    file.write_text("block,households\n1,40\n2,0\n", encoding="utf-8-sig")
    lines = [json.loads(line) for line in yikou("--blocks", str(file)).output.splitlines()]
    assert [(one["block"], len(one["serials"])) for one in lines] == [(1, 4), (2, 0)]
    file.write_text("block,households\n1,x\n")
    bad = yikou("--blocks", str(file))
    assert bad.exit_code == 2 and "2" in bad.output


def test_another_seed_than_the_one_shown_is_refused():
    fine = yikou("--block", "1", "--households", "9", "--fingerprint", sampling.fingerprint(SEED))
    assert fine.exit_code == 0
    assert yikou("--block", "1", "--households", "9", "--fingerprint", "0" * 64).exit_code == 1
    assert yikou().exit_code == 2
