"""Numbers of people and organisations: what makes one valid, and how it is shown to those who need not know it."""

from __future__ import annotations

import re
from datetime import date

_ID_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_ID_CHECKS = "10X98765432"
_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I O S V Z (GB 32100-2015)
_CREDIT_WEIGHTS = tuple(pow(3, place, 31) for place in range(17))
EARLIEST_BIRTH = date(1880, 1, 1)

_ID = re.compile(r"[1-9][0-9]{16}[0-9X]")
_CREDIT_CODE = re.compile(rf"[{_CREDIT_ALPHABET}]{{18}}")
MOBILE = re.compile(r"1[3-9][0-9]{9}")
LANDLINE = re.compile(r"0[0-9]{2,3}-?[0-9]{7,8}")


def id_check_digit(first_17: str) -> str:
    """The last character of a resident ID number (GB 11643-1999, ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_ID_WEIGHTS, first_17, strict=True))
    return _ID_CHECKS[total % 11]


def check_id_number(number: str) -> bool:
    """True for an 18-character resident ID number: form, birth date and check digit (X as a capital)."""
    return (
        bool(_ID.fullmatch(number))
        and birth_date(number) is not None
        and id_check_digit(number[:17]) == number[17]
    )


def birth_date(number: str) -> date | None:
    """The birth date an ID number states; None when there is no such day."""
    try:
        day = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None
    return day if day >= EARLIEST_BIRTH else None


def sex(number: str) -> str:
    """`male` or `female`: the seventeenth digit is odd for men."""
    return "male" if int(number[16]) % 2 else "female"


def credit_check_character(first_17: str) -> str:
    """The last character of a unified social credit code (GB 32100-2015)."""
    total = sum(w * _CREDIT_ALPHABET.index(char) for w, char in zip(_CREDIT_WEIGHTS, first_17, strict=True))
    return _CREDIT_ALPHABET[-total % 31]


def check_credit_code(code: str) -> bool:
    """True for an 18-character unified social credit code with the right check character."""
    return bool(_CREDIT_CODE.fullmatch(code)) and credit_check_character(code[:17]) == code[17]


def check_phone(number: str) -> bool:
    """True for a mobile number of the mainland, or a landline with its area code."""
    return bool(MOBILE.fullmatch(number) or LANDLINE.fullmatch(number))


def mask_name(name: str) -> str:
    """袁小明 -> 袁**: the first character stays, so that a clerk can still call the person by name."""
    name = name.strip()
    return name[:1] + "*" * max(len(name) - 1, 1) if name else ""


def mask_phone(phone: str) -> str:
    """13500000000 -> 135****0000."""
    return _middle_hidden(phone.strip(), head=3, tail=4)


def mask_id(number: str) -> str:
    """110101199003070011 -> 1101**********0011: neither birth date nor order number is left whole."""
    return _middle_hidden(number.strip(), head=4, tail=4)


def _middle_hidden(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail:  # too short to show both ends and still hide anything
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[-tail:]
