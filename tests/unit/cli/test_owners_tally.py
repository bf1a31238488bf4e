"""`yikou property tally`: the result from the published document alone, and one's own ballot in it."""

import json

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from tests.unit.property.test_owners import MIXED, published


@pytest.fixture
def recount(tmp_path):
    def run(document, receipt=None):
        (tmp_path / "vote.json").write_text(json.dumps(document))
        arguments = ["property", "tally", str(tmp_path / "vote.json")]
        if receipt:
            (tmp_path / "receipt.json").write_text(json.dumps(receipt))
            arguments += ["--receipt", str(tmp_path / "receipt.json")]
        return CliRunner().invoke(app, arguments)

    return run


def test_a_right_result_is_said_to_be_right(recount):
    document, receipts = published(MIXED)
    done = recount(document, receipts[1])
    assert done.exit_code == 0 and "passed" in done.output and "90.09" in done.output


def test_a_false_result_and_a_missing_ballot_end_with_an_error(recount):
    document, receipts = published(MIXED)
    assert recount(document | {"outcome": "rejected"}).exit_code == 1
    assert recount(document, receipts[0] | {"choice": "against"}).exit_code == 1


@pytest.mark.parametrize("document", [{"scheme": "pedersen-modp2048-v1"}, {"scheme": "other"}, []])
def test_a_file_that_is_no_published_vote_is_an_error_and_no_traceback(recount, document):
    done = recount(document)
    assert done.exit_code == 2 and "not a published vote" in done.output
