import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.errors import BadInput
from evalh.importers.records import Piece, array_elements, json_records


def pieces(raw: bytes, size: int) -> list[Any]:
    chunks: Iterator[bytes] = (raw[start : start + size] for start in range(0, len(raw), size))
    found = []
    for piece in array_elements(chunks, Path("a.json")):
        assert isinstance(piece, Piece), piece
        found.append(json.loads(bytes(piece.held)))
    return found


JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='a"\\[]{},:é\n'),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet='a"\\,]'), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=5), st.integers(1, 9), st.sampled_from([None, 1]))
def test_an_array_cut_anywhere_gives_its_elements(values: list[Any], size: int, indent: int | None) -> None:
    assert pieces(json.dumps(values, indent=indent, ensure_ascii=False).encode(), size) == values


def test_each_element_knows_its_first_line() -> None:
    found = array_elements(iter([b'[\n {"a": 1},\n\n {"a":\n', b" 2}\n]"]), Path("a.json"))
    assert [piece.line for piece in found if isinstance(piece, Piece)] == [2, 4]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            b'[{"a": 1},\n{"a"',
            "a.json:2: the list stops in the middle, after 1 whole records; write the file "
            "again; its closing ] is missing",
        ),
        (b'[{"a": 1}] x', "a.json:1: there is more text after the list; correct the JSON there"),
        (b"[1,,2]", "a.json:1: a comma stands where a record was expected; correct the JSON there"),
        (b"[1,]", "a.json:1: a comma stands where a record was expected; correct the JSON there"),
        (b"[1}", "a.json:1: a } stands where the list should go on or end; correct the JSON there"),
    ],
)
def test_a_broken_array_is_one_sentence(raw: bytes, said: str) -> None:
    last = list(array_elements(iter([raw]), Path("a.json")))[-1]
    assert str(last) == said


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        (b'{"a": 1}\n{"a": 2}\n', 2),
        (b'{\n "a": 1\n}\n', 1),
        (b'{"a":\n 1\n}\n', 1),
        (b'[{"a": 1}, {"a": 2}, {"a": 3}]', 3),
        (b'[\n{"a": 1},\n{"a": 2}\n]', 2),
        (b'[{"role": "user", "content": "hi"},\n {"role": "assistant", "content": "hello"}]', 1),
        (b'[{"role": "user"}]\n[{"role": "user"}]\n', 2),
        (b'\n\n{"a": 1}\n\n{"a": 2}', 2),
    ],
)
def test_lines_arrays_and_single_objects_are_told_apart(tmp_path: Path, raw: bytes, count: int) -> None:
    path = tmp_path / "any.name"
    path.write_bytes(raw)
    found = list(json_records(path))
    assert len(found) == count
    assert not any(isinstance(record, BadInput) for record in found)


def test_an_element_over_the_cap_is_rejected_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"a": "' + b"x" * 9_000_000 + b'"}, {"a": 1}]')
    first, second = json_records(path)
    assert str(first) == (
        f"{path}[0]: record too long (8.6 MiB, at most 8.0 MiB); split the conversation or shorten its turns"
    )
    assert not isinstance(second, BadInput)


def test_a_single_object_over_the_cap_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{\n"a": "' + b"x" * 9_000_000 + b'"}')
    assert [str(record) for record in json_records(path)] == [
        f"{path}: one JSON object of more than 8.0 MiB; write one conversation per line (JSONL)"
    ]
