"""A JSON body is read by us exactly as by everybody after us, or it is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import hygiene
from gateway.hygiene import (
    DEPTH_LIMIT,
    LARGEST_INTEGER,
    DuplicateKey,
    InvalidJson,
    NestedTooDeep,
    NumberOutOfRange,
    UnreadableText,
)

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
numbers = st.integers(-LARGEST_INTEGER, LARGEST_INTEGER) | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@given(values)
def test_what_is_clean_is_read_as_it_is(value):
    assert hygiene.parse(json.dumps(value).encode()) == value
    assert hygiene.parse(json.dumps(value, ensure_ascii=False).encode()) == value


@given(texts, values, values)
def test_a_key_that_appears_twice_is_refused_at_any_depth(key, one, other):
    name = json.dumps(key)
    twice = f'[{{"a": {{{name}: {json.dumps(one)}, {name}: {json.dumps(other)}}}}}]'
    with pytest.raises(DuplicateKey):
        hygiene.parse(twice.encode())


def test_the_same_key_spelled_with_an_escape_is_the_same_key():
    with pytest.raises(DuplicateKey):
        hygiene.parse(rb'{"name": 1, "n\u0061me": 2}')


@given(st.characters(categories=["Cs"]), st.sampled_from(['["%s"]', '{"%s": 1}', '[[{"a": "x%s"}]]']))
def test_half_a_surrogate_pair_is_refused(half, template):
    with pytest.raises(UnreadableText):
        hygiene.parse((template % f"\\u{ord(half):04x}").encode())


def test_a_whole_surrogate_pair_is_one_character():
    assert hygiene.parse(rb'["\ud83d\ude00"]') == ["\U0001f600"]


@pytest.mark.parametrize("body", [rb'["a\u0000b"]', rb'{"\u0000": 1}'])
def test_a_nul_is_refused(body):
    with pytest.raises(UnreadableText):
        hygiene.parse(body)


@given(st.integers(1, DEPTH_LIMIT))
def test_nesting_up_to_the_limit_is_read(levels):
    hygiene.parse(nested(levels))


@given(st.integers(DEPTH_LIMIT + 1, 400_000))
def test_nesting_beyond_the_limit_is_refused_however_deep(levels):
    with pytest.raises(NestedTooDeep):
        hygiene.parse(nested(levels))


@pytest.mark.parametrize("text", ["1e999", "-1e999", str(2**63), str(-(2**63)), "9" * 5000])
def test_a_number_nobody_can_keep_is_refused(text):
    with pytest.raises(NumberOutOfRange):
        hygiene.parse(f"[{text}]".encode())


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"{'a': 1}", b"[1,]", b"NaN", b"[Infinity]", b'["\t"]', b"\xff\xfe", b"\xef\xbb\xbf{}"],
)
def test_what_is_not_json_is_refused_with_the_reason(body):
    with pytest.raises(InvalidJson) as refusal:
        hygiene.parse(body)
    assert len(refusal.value.en) > len("The body is not valid JSON: .")


@given(st.binary(max_size=200))
def test_whatever_is_sent_the_answer_is_a_value_or_a_problem(body):
    try:
        hygiene.parse(body)
    except hygiene.Problem as problem:
        assert problem.status in (400, 422)
