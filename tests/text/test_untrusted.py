import gzip
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from evalh.errors import BadInput, NotFound
from evalh.models import Conversation
from evalh.text.untrusted import explain, field_path, parse_json, read_lines, scan_lines


def sentence(text: str | bytes) -> str:
    with pytest.raises(BadInput) as caught:
        parse_json(text, file="calls.jsonl", line=57)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "a', "the JSON stops in the middle (after column 9); write the whole record again"),
        ('{"id": "a"', "the JSON stops in the middle (after column 10); write the whole record again"),
        ('{"a": NaN}', "NaN is not a JSON number; write null where a value is unknown"),
        ('{"a": -Infinity}', "-Infinity is not a JSON number; write null where a value is unknown"),
        ('{"a": 1e999}', "the number 1e999 is not finite; write a finite number, null or a string"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice in one object; keep one of the two"),
        ("9" * 5000, "the integer 99999999999999999999999… does not fit 64 bits; write it as a string"),
        ("9223372036854775808", "the integer 9223372036854775808 does not fit 64 bits; write it as a string"),
        ("[" * 200_000, "the JSON is nested more than 64 deep; flatten it"),
        ('{"a":' * 200_000, "the JSON is nested more than 64 deep; flatten it"),
        (b'{"a": "\xff"}', "invalid UTF-8 at byte 7 (0xff); save the file as UTF-8"),
        ('{"a": 1} {', "there is more text after the JSON value (at column 10); write one value per line"),
        ("  ", "there is no JSON here, only white space; write one JSON value"),
        (
            "{id: 1}",
            "this is not JSON: expecting property name enclosed in double quotes (at column 2); correct the JSON there",
        ),
    ],
)
def test_each_bad_json_is_one_sentence_with_file_line_and_remedy(text: str | bytes, said: str) -> None:
    assert sentence(text) == f"calls.jsonl:57: {said}"


def test_a_record_over_the_cap_is_refused_before_it_is_parsed() -> None:
    assert sentence(b'"' + b"x" * 9_000_000) == (
        "calls.jsonl:57: the record has 8.6 MiB, at most 8.0 MiB are read; split it"
    )


def test_the_line_of_an_error_inside_a_document_is_named() -> None:
    with pytest.raises(BadInput, match=r"^calls.json:12: "):
        parse_json('{"a": 1,\n"b": tru\n}', file="calls.json", line=11)


@pytest.mark.parametrize("text", ["[" * 64 + "]" * 64, '"' + "[" * 500 + '"', r'"\"[[' + "[" * 500 + '"'])
def test_nesting_up_to_the_limit_and_brackets_in_text_are_read(text: str) -> None:
    assert parse_json(text) == json.loads(text)


def test_a_lone_surrogate_is_replaced_and_a_pair_is_kept() -> None:
    assert parse_json(r'{"\ud800": ["\udfff", "\ud83d\ude42"]}') == {"\ufffd": ["\ufffd", "🙂"]}


def test_a_byte_order_mark_is_dropped() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_line_separator_inside_text_is_kept() -> None:
    assert parse_json('"one\u2028two"') == "one\u2028two"


@settings(max_examples=300)
@given(st.one_of(st.binary(), st.text(), st.text(alphabet='{}[]",:\\u0123456789eE+-. \n\tntrufalsNaI')))
def test_nothing_but_bad_input_escapes(text: str | bytes) -> None:
    with suppress(BadInput):
        parse_json(text)


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_every_good_value_comes_back(value: Any) -> None:
    assert parse_json(json.dumps(value)) == value
    assert parse_json(json.dumps(value, ensure_ascii=False).encode()) == value


def test_lines_end_with_a_line_feed_only(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes("\ufeffone\r\ntwo\u2028still\u0085two\x0b\rtwo\n\nfour".encode())
    assert list(read_lines(path)) == [
        (1, b"one"),
        (2, "two\u2028still\u0085two\x0b\rtwo".encode()),
        (3, b""),
        (4, b"four"),
    ]


def test_a_line_over_the_cap_is_named_and_the_next_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"x" * 9_000_000 + b"\nsecond\n")
    (_, first), (_, second) = scan_lines(path)
    assert str(first) == (
        f"{path}:1: line too long (8.6 MiB, at most 8.0 MiB); split the conversation or shorten its turns"
    )
    assert second == b"second"


def test_a_gzip_file_is_read_as_its_content(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b"one\ntwo"))
    assert list(read_lines(path)) == [(1, b"one"), (2, b"two")]


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"\n" * 30_000_000))
    with pytest.raises(BadInput, match="unpacks to more than 100 times its size; unpack it yourself if you trust it"):
        list(read_lines(path))


def test_a_damaged_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\ntwo" * 100)[:-9])
    with pytest.raises(BadInput, match=r"the gzip data is damaged .*; pack the file again"):
        list(read_lines(path))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file; check the path"):
        list(read_lines(tmp_path / "nope"))
    with pytest.raises(BadInput, match="is a folder, not a file; name a file in it"):
        list(read_lines(tmp_path))


def explained(data: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Conversation.model_validate(data)
    return str(explain(caught.value, file="calls.jsonl", line=3, model=Conversation))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"idd": "a", "turns": []}, "unknown key 'idd'; did you mean 'id'?"),
        (
            {"turns": [{"role": "agent", "txt": "hi"}]},
            "turns[0]: unknown key 'txt'; did you mean 'text'?",
        ),
        ({"id": "a"}, "turns: is missing; add it"),
        ({"turns": "hello"}, "turns: should be a list, found 'hello'; write it as a list"),
        ({"turns": [3]}, "turns[0]: should be an object, found 3; write it as key: value pairs"),
        ({"turns": [{"role": "agent", "text": 5}]}, "turns[0].text: should be text, found 5; put it in quotes"),
        (
            {"turns": [{"role": "agent", "text": "x" * 70_000}]},
            "turns[0].text: has 70,000 characters, at most 65,536 are read; split or shorten it",
        ),
        ({"turns": [{"role": "agent"}] * 2001}, "turns: has 2,001 items, at most 2,000 are read; split it"),
        (
            {"turns": [{"role": "customr"}]},
            "turns[0].role: should be 'customer', 'agent', 'human_agent', 'system' or 'tool', found 'customr'; "
            "did you mean 'customer'?",
        ),
        (
            {"turns": [], "outcome": {"csat": "high"}},
            "outcome.csat: should be a valid number, unable to parse string as a number, found 'high'; "
            "correct the value",
        ),
        ([], "should be an object, found an empty list; write it as key: value pairs"),
    ],
)
def test_what_pydantic_found_is_one_sentence(data: Any, said: str) -> None:
    assert explained(data) == f"calls.jsonl:3: {said}"


def test_several_problems_are_counted() -> None:
    assert "(one of 2 problems here)" in explained({"id": 5, "turns": 5})


def test_a_strange_key_is_shown_safely_in_a_path() -> None:
    assert field_path(("turns", 3, "a\x1b[2J b")) == r"turns[3]['a\x1b[2J b']"


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadInput, match="is a pipe or a device, not a file; write it to a file first"):
        list(scan_lines(tmp_path / "pipe"))
