from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts import citizens

births = st.dates(min_value=citizens.EARLIEST_BIRTH, max_value=date(2099, 12, 31))
regions = st.integers(100000, 999999).map(str)
orders = st.integers(0, 999).map("{:03d}".format)


@st.composite
def id_numbers(draw):
    first_17 = draw(regions) + draw(births).strftime("%Y%m%d").rjust(8, "0") + draw(orders)
    return first_17 + citizens.id_check_digit(first_17)


credit_alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@st.composite
def credit_codes(draw):
    first_17 = draw(st.text(credit_alphabet, min_size=17, max_size=17))
    return first_17 + citizens.credit_check_character(first_17)


def replaced(text: str, place: int, char: str) -> str:
    return text[:place] + char + text[place + 1 :]


# -- resident ID numbers -------------------------------------------------------------------------------


def test_the_example_of_the_standard_is_valid():
    assert citizens.check_id_number("11010519491231002X")
    assert citizens.check_id_number("440524188001010014")


@given(id_numbers())
def test_a_well_made_id_number_is_valid(number):
    assert citizens.check_id_number(number)
    assert citizens.birth_date(number).strftime("%Y%m%d").rjust(8, "0") == number[6:14]


@given(id_numbers(), st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_single_wrong_character_is_caught(number, place, char):
    if char != number[place]:
        assert not citizens.check_id_number(replaced(number, place, char))


@given(id_numbers(), st.integers(0, 16))
def test_every_swap_of_neighbours_is_caught(number, place):
    """MOD 11-2 weights are powers of two, so no two neighbours weigh the same modulo 11."""
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped != number:
        assert not citizens.check_id_number(swapped)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "11010519491231002x",  # the caller capitalises
        "1101051949123100",
        "11010519491231002X0",
        "11010519491331002X",
        "１１０１０５１９４９１２３１００２X",  # full-width digits are not digits of a number
        "11010519491231002X\n",
        "010105194912310021",
    ],
)
def test_what_is_no_id_number_is_refused(number):
    assert not citizens.check_id_number(number)


def test_a_day_that_never_was_is_refused_even_with_a_right_check_digit():
    first_17 = "11010519490230002"
    assert not citizens.check_id_number(first_17 + citizens.id_check_digit(first_17))


def test_sex_is_in_the_seventeenth_digit():
    assert citizens.sex("11010519491231002X") == "female"
    assert citizens.sex("440524188001010014") == "male"


@given(st.text(max_size=30))
def test_any_text_gets_an_answer(text):
    assert citizens.check_id_number(text) in (True, False)
    assert citizens.check_credit_code(text) in (True, False)
    assert citizens.check_phone(text) in (True, False)


# -- unified social credit codes -----------------------------------------------------------------------


def test_a_known_credit_code_is_valid():
    assert citizens.check_credit_code("91350100M000100Y43")  # the example of GB 32100-2015


@given(credit_codes())
def test_a_well_made_credit_code_is_valid(code):
    assert citizens.check_credit_code(code)


@given(credit_codes(), st.integers(0, 17), st.sampled_from(credit_alphabet))
def test_every_single_wrong_character_of_a_credit_code_is_caught(code, place, char):
    """31 is prime and no weight is a multiple of it, so one changed character always changes the sum."""
    if char != code[place]:
        assert not citizens.check_credit_code(replaced(code, place, char))


@pytest.mark.parametrize("code", ["", "91350100M000100Y4", "91350100M000100YI3", "91350100m000100y43"])
def test_what_is_no_credit_code_is_refused(code):
    assert not citizens.check_credit_code(code)


# -- phones and masks ----------------------------------------------------------------------------------


@pytest.mark.parametrize("phone", ["13500000000", "01012345678", "010-12345678", "0371-1234567"])
def test_phones(phone):
    assert citizens.check_phone(phone)


@pytest.mark.parametrize(
    "phone", ["", "12345", "12500000000", "135000000000", "13500000000 ", "+8613500000000"]
)
def test_what_is_no_phone(phone):
    assert not citizens.check_phone(phone)


def test_masks():
    assert citizens.mask_name("袁隆") == "袁*"
    assert citizens.mask_name("欧阳小明") == "欧***"
    assert citizens.mask_name("袁") == "袁*"
    assert citizens.mask_name("") == ""
    assert citizens.mask_phone("13512340000") == "135****0000"
    assert citizens.mask_phone("110") == "***"
    assert citizens.mask_id("11010519491231002X") == "1101**********002X"


@given(id_numbers())
def test_a_masked_id_number_shows_no_birth_date(number):
    shown = citizens.mask_id(number)
    assert len(shown) == 18
    assert number[6:14] not in shown and shown[4:14] == "*" * 10
