"""The desk's list: what is sought is found, by whichever index it goes."""

import pytest

from services.contracts import frontdesk
from services.frontdesk import views
from tests.integration.frontdesk.conftest import CLERK, id_number


def file(desk, name):
    person = {"name": name, "id_number": id_number(1), "phone": "13500000000"}
    return desk.complain(applicant=person)["case_no"]


def found(desk, **query):
    return {row["case_no"] for row in desk.ask(frontdesk.ListCases, CLERK, **query)["items"]}


def test_a_word_of_any_length_finds_its_cases_and_no_others(desk):
    mine, other = file(desk, "欧阳某某"), file(desk, "张某某")
    for words in ("欧", "欧阳", "阳某", "欧阳某某"):
        assert found(desk, q=words) == {mine}, words
    assert found(desk, q="某某") == {mine, other}
    assert found(desk, q="欧某") == found(desk, q="阳欧") == set()


def test_a_number_is_found_by_its_beginning_and_its_end_as_people_read_it_out(desk):
    mine, other = file(desk, "张某"), file(desk, "王某")
    assert found(desk, q=mine) == found(desk, q=mine[-4:]) == {mine}
    assert found(desk, q=mine[:9]) == {mine, other}


@pytest.mark.parametrize(
    "name", ["O'某某", '某"某', "某\\某", "某%某", "某_某", "某:x某", "{某},某", "某%(a)s某", "A某a"]
)
def test_words_are_words_and_never_a_part_of_the_question(desk, name):
    mine = file(desk, name)
    file(desk, "张某")
    assert found(desk, q=name) == {mine}
    assert found(desk, q=name + "'") == set()


def test_words_are_taken_apart_as_the_index_takes_them_apart(desk):
    with desk.engine.connect() as connection:
        for words in ("欧阳某", "A某a", "某 1-2某", "ab 3"):
            asked = "SELECT grams(%s)"
            known = set(connection.exec_driver_sql(asked, (words,)).scalar_one())
            ours = {one for one in views._grams(words.lower()) if not views._NOT_A_GRAM.search(one)}
            assert ours <= known, words
