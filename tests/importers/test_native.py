import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalh.errors import BadConfig, NotFound
from evalh.importers import Imported, Rejected, open_source


def line(**fields: Any) -> str:
    return json.dumps({"id": "a", "turns": [{"role": "customer", "text": "hi"}], **fields}, ensure_ascii=False)


def imported(path: Path, raw: str | bytes, **options: Any) -> list[Imported | Rejected]:
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode("utf-8"))
    return list(open_source(path, **options))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def said(found: Imported | Rejected, path: Path) -> str:
    assert isinstance(found, Rejected), found
    return str(found.error).replace(str(path), "calls.jsonl")


def test_a_conversation_per_line_is_read_with_its_place(path: Path) -> None:
    first, second = imported(path, line() + "\n\n" + line(id="b") + "\n")
    assert isinstance(first, Imported)
    assert isinstance(second, Imported)
    assert (first.place, second.place) == (f"{path}:1", f"{path}:3")
    assert second.conversation.turns[0].text == "hi"


def test_messages_user_and_assistant_are_accepted(path: Path) -> None:
    raw = json.dumps({"messages": [{"role": "user", "text": "hi"}, {"role": "assistant", "content": "hello"}]})
    (found,) = imported(path, raw, format="native")
    assert isinstance(found, Imported)
    assert [(turn.role, turn.text) for turn in found.conversation.turns] == [("customer", "hi"), ("agent", "hello")]


def test_each_turn_knows_where_it_came_from(path: Path) -> None:
    (found,) = imported(path, line())
    assert isinstance(found, Imported)
    origin = found.conversation.turns[0].origin
    assert origin is not None
    assert (origin.format, origin.id, origin.raw_index) == ("native", "a", 0)


def test_the_same_conversation_gets_the_same_id_wherever_the_file_lies(tmp_path: Path) -> None:
    raw = '{"turns": [{"role": "customer", "text": "hi"}]}'
    (one,), (two,) = imported(tmp_path / "a", raw), imported(tmp_path / "b", "\n" + raw)
    assert isinstance(one, Imported)
    assert isinstance(two, Imported)
    assert one.conversation.id == two.conversation.id


def test_a_truncated_line_57_is_one_sentence_and_the_others_are_read(path: Path) -> None:
    lines = [line(id=f"c{number}") for number in range(1, 61)]
    lines[56] = lines[56][:20]
    found = imported(path, "\n".join(lines))
    assert len(found) == 60
    assert said(found[56], path) == (
        "calls.jsonl:57: the JSON stops in the middle (after column 20); write the whole record again"
    )
    assert sum(isinstance(item, Rejected) for item in found) == 1


@pytest.mark.parametrize(
    ("second", "sentence"),
    [
        (line(id=5), "id: should be text, found 5; put it in quotes"),
        (line(id="b", turns=5), "turns: should be a list, found 5; write it as a list"),
        (line(id="b", turn=[]), "unknown key 'turn'; did you mean 'turns'?"),
        (
            line(id="b", turns=[{"role": "agent", "text": "x" * 70_000}]),
            "turns[0].text: has 70,000 characters, at most 65,536 are read; split or shorten it",
        ),
        (line(id="b")[:-1] + ', "trial": NaN}', "NaN is not a JSON number; write null where a value is unknown"),
        (line(id="b")[:-1] + ', "id": "c"}', "the key 'id' stands twice in one object; keep one of the two"),
        ("[" * 200_000, "the JSON is nested more than 64 deep; flatten it"),
        (
            line(id="b")[:-1] + ', "trial": 1e999}',
            "the number 1e999 is not finite; write a finite number, null or a string",
        ),
        ("5", 'should be an object; write {"id": ..., "turns": [...]}'),
        (
            line(id="b", started_at="0001-01-01T00:00:00+23:00"),
            "started_at: the date is out of range; correct the value",
        ),
    ],
)
def test_each_bad_line_is_one_sentence_with_its_field_and_remedy(path: Path, second: str, sentence: str) -> None:
    first, bad, third = imported(path, f"{line()}\n{second}\n{line(id='z')}\n")
    assert said(bad, path) == f"calls.jsonl:2: {sentence}"
    assert isinstance(first, Imported)
    assert isinstance(third, Imported)


def test_invalid_utf8_is_named_with_its_byte(path: Path) -> None:
    (_, bad) = imported(path, line().encode() + b'\n{"id": "\xff"}\n')
    assert said(bad, path) == "calls.jsonl:2: invalid UTF-8 at byte 8 (0xff); save the file as UTF-8"


def test_a_turn_of_50_mb_is_refused_and_the_next_line_is_read(path: Path) -> None:
    raw = line(turns=[{"role": "agent", "text": "x" * 50 * 1024**2}])
    bad, good = imported(path, f"{raw}\n{line(id='b')}")
    assert said(bad, path) == (
        "calls.jsonl:1: line too long (50.0 MiB, at most 8.0 MiB); split the conversation or shorten its turns"
    )
    assert isinstance(good, Imported)


def test_an_id_used_before_is_refused(path: Path) -> None:
    _, bad, good = imported(path, f"{line()}\n{line()}\n{line(id='b')}")
    assert said(bad, path) == (
        "calls.jsonl:2: id: the id 'a' was used before, at calls.jsonl:1; give each conversation an id of its own"
    )
    assert isinstance(good, Imported)


@pytest.mark.parametrize("raw", ["", "\n\n  \n", "\ufeff", "\ufeff\n"])
def test_an_empty_file_is_called_empty(path: Path, raw: str) -> None:
    (bad,) = imported(path, raw)
    assert said(bad, path) == "calls.jsonl: is empty; put at least one conversation in it"


def test_a_mark_windows_line_ends_and_u2028_change_nothing(path: Path) -> None:
    raw = "\ufeff" + line(turns=[{"role": "customer", "text": "one\u2028two"}]) + "\r\n" + line(id="b") + "\r\n"
    first, second = imported(path, raw)
    assert isinstance(first, Imported)
    assert isinstance(second, Imported)
    assert first.conversation.turns[0].text == "one\u2028two"


def test_a_lone_surrogate_is_replaced(path: Path) -> None:
    (found,) = imported(path, r'{"id": "a\ud800", "turns": [{"role": "customer", "text": "\udfff"}]}')
    assert isinstance(found, Imported)
    assert (found.conversation.id, found.conversation.turns[0].text) == ("a\ufffd", "\ufffd")


def test_a_gzip_file_is_read_by_content(path: Path) -> None:
    (found,) = imported(path, gzip.compress(line().encode()))
    assert isinstance(found, Imported)


def test_a_gzip_bomb_is_one_sentence(path: Path) -> None:
    (bad,) = imported(path, gzip.compress(b" " * 40_000_000))
    assert said(bad, path) == (
        "calls.jsonl: unpacks to more than 100 times its size; unpack it yourself if you trust it"
    )


def test_a_missing_file_and_an_unknown_format_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such file or folder; check the path"):
        open_source(tmp_path / "nope.jsonl")
    with pytest.raises(NotFound, match="no such file or folder"):
        open_source("a\x00b")
    with pytest.raises(BadConfig, match=r"format: unknown format 'vapi'; use one of native, openai_chat"):
        open_source(tmp_path, format="vapi")


def test_an_unknown_shape_is_named_by_its_keys(path: Path) -> None:
    (bad,) = imported(path, '{"convo": 1, "original": []}')
    assert said(bad, path) == (
        "calls.jsonl:1: is in no known transcript format, found the keys 'convo', 'original'; "
        "use a key turns (evalh), messages (OpenAI), items (LiveKit) or Transcript (Amazon)"
    )


KEYS = [
    "id", "turns", "messages", "role", "content", "text", "tool_calls", "function", "name", "arguments", "items",
    "type", "from", "value", "Transcript", "ParticipantRole", "conversations", "start", "started_at", "channel",
    "metadata",
]  # fmt: skip
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 10**12) | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    raw=st.one_of(
        st.binary(),
        st.lists(PLAIN).map(json.dumps),
        st.lists(PLAIN).map(lambda values: "\n".join(map(json.dumps, values))),
        st.text(alphabet='{}[]",:\n\t id1;|'),
    )
)
def test_whatever_is_in_the_file_comes_as_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, raw: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed"
    for item in imported(path, raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")):
        assert isinstance(item, Imported) or "\n" not in str(item.error)
