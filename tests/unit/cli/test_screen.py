import io

from rich.console import Console

from deploy.cli.screen import CASE_WORDS, ENDED, TASK_WORDS, ends, lanes
from services.contracts.tasks import STATUSES
from services.frontdesk import model


def shown(face):
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(lanes("20260302-0000017", face))
    return console.export_text()


def test_a_lane_tells_its_state_by_shape_and_word_in_both_languages():
    face = {"status": "handling", "title_zh": "入住一件事", "title_en": "Moving in",
            "lanes": [{"unit": "property", "status": "done"}, {"unit": "meters", "status": "handling", "overdue": True}]}  # fmt: skip
    text = shown(face)
    assert "入住一件事 Moving in" in text and "20260302-0000017" in text
    assert "● " in text and "已办结 done" in text and "物业 Property management" in text
    assert "◑" in text and "超期 overdue" in text


def test_states_tell_apart_without_colour():
    open_words = [TASK_WORDS[status][:2] for status in STATUSES]
    assert len(set(open_words)) == len(STATUSES)


def test_the_words_cover_every_status_of_the_front_desk():
    assert set(ENDED) == set(model.ENDED)
    assert set(model.TRANSITIONS.values()) <= set(CASE_WORDS)
    assert set(model.TASK_MOVES.values()) <= set(TASK_WORDS)


def test_one_units_refusal_does_not_end_the_case():
    assert ends({"kind": "closed"})
    assert not ends({"kind": "refused", "task_id": "x.party"})
