from pathlib import Path
from typing import Any

import pytest

from evalh.errors import BadConfig
from evalh.importers import Imported, Rejected, open_source
from evalh.models import Conversation

HEAD = "conversation_id,speaker,text\n"


def read(tmp_path: Path, raw: str | bytes, **options: Any) -> list[Imported | Rejected]:
    path = tmp_path / "calls.csv"
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return list(open_source(path, **options))


def conversations(found: list[Imported | Rejected]) -> list[Conversation]:
    assert all(isinstance(item, Imported) for item in found), found
    return [item.conversation for item in found if isinstance(item, Imported)]


def refused(tmp_path: Path, raw: str | bytes, **options: Any) -> list[str]:
    found = read(tmp_path, raw, **options)
    return [str(item.error).replace(f"{tmp_path}/", "") for item in found if isinstance(item, Rejected)]


def test_rows_that_stand_together_are_one_conversation(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + "a,customer,hi\na,agent,hello\nb,customer,bye\n")
    assert [(one.id, len(one.turns)) for one in conversations(found)] == [("a", 2), ("b", 1)]
    assert [item.place.rpartition(":")[2] for item in found if isinstance(item, Imported)] == ["2", "4"]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_the_delimiter_is_found_in_the_header(tmp_path: Path, delimiter: str) -> None:
    raw = (HEAD + "a,customer,hi\n").replace(",", delimiter)
    assert conversations(read(tmp_path, raw))[0].turns[0].text == "hi"


def test_a_quoted_cell_may_hold_commas_quotes_and_lines(tmp_path: Path) -> None:
    raw = HEAD + 'a,customer,"well, I said ""no""\nand no\u2028again"\r\na,agent,ok\r\n'
    first, second = conversations(read(tmp_path, "\ufeff" + raw))[0].turns
    assert first.text == 'well, I said "no"\nand no\u2028again'
    assert second.origin is not None
    assert second.origin.id == "line 4"


def test_columns_and_speakers_are_mapped(tmp_path: Path) -> None:
    mapping = {
        "conversation_id": "Case", "speaker": "Who", "text": "Said", "roles": {"IVR": "system", "Rep": "human_agent"},
    }  # fmt: skip
    (found,) = conversations(read(tmp_path, "Case,Who,Said\n7,ivr,press 1\n7,REP,hello\n", mapping=mapping))
    assert [turn.role for turn in found.turns] == ["system", "human_agent"]


def test_a_mapping_is_read_from_a_yaml_file(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("conversation_id: Case\nspeaker: Who\ntext: Said\n")
    found = read(tmp_path, "Case,Who,Said\n7,Agent,hello\n", mapping=tmp_path / "map.yaml")
    assert conversations(found)[0].id == "7"


def test_a_misspelt_mapping_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text("speaker: Who\ntxt: Said\n")
    with pytest.raises(BadConfig, match=r"map.yaml:2: unknown key 'txt'; did you mean 'text'\?"):
        open_source(tmp_path, mapping=tmp_path / "map.yaml")


def test_turns_are_ordered_by_index_and_timed_from_the_first(tmp_path: Path) -> None:
    raw = (
        "call_id,turn,role,utterance,timestamp\n"
        "a,2,agent,hello,2026-10-31T09:00:05\n"
        "a,1,caller,hi,2026-10-31T09:00:00\n"
        "a,10,caller,bye,2026-10-31T09:01:00\n"
    )
    (found,) = conversations(read(tmp_path, raw))
    assert [(turn.text, turn.start) for turn in found.turns] == [("hi", 0.0), ("hello", 5.0), ("bye", 60.0)]
    assert found.started_at is not None
    assert found.started_at.isoformat() == "2026-10-31T09:00:00+00:00"


def test_channel_language_and_extra_columns_are_kept(tmp_path: Path) -> None:
    raw = (
        "id "
        "x,conversation_id,speaker,text,channel,language,queue\n1,a,customer,hi,Phone,en-GB,billing\n2,a,agent,ok,Phone,en-GB,billing\n"
    )
    (found,) = conversations(read(tmp_path, raw))
    assert (found.channel, found.language) == ("voice", "en-GB")
    assert found.metadata == {"id x": ["1", "2"], "queue": "billing"}


def test_an_index_column_without_a_name_is_left_out(tmp_path: Path) -> None:
    (found,) = conversations(read(tmp_path, "," + HEAD + "0,a,customer,hi\n1,a,agent,hello\n"))
    assert (len(found.turns), found.metadata) == (2, {})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (
            HEAD + "a,IVR,hi\n",
            "calls.csv:2: speaker: unknown speaker 'IVR'; map it to customer, agent, "
            "human_agent, system or tool with roles: {'IVR': agent}",
        ),
        (
            HEAD + "a,agent,hi,there\n",
            "calls.csv:2: has 4 cells, but the header has 3; put text that holds the delimiter in quotes",
        ),
        (HEAD + ",agent,hi\n", "calls.csv:2: conversation_id: the row has no conversation id; fill it in"),
        (
            HEAD + 'a,agent,"hi\nb,agent,bye\n',
            "calls.csv:2: a quote that is opened here is never closed; "
            "close it, or double the quotes that are part of the text",
        ),
        (HEAD, "calls.csv: has a header and no rows; put at least one conversation in it"),
        (
            "who,words\nagent,hi\n",
            "calls.csv:1: conversation_id: no column is known to hold the conversation id; "
            "name it in the mapping (conversation_id: COLUMN); columns are 'who', 'words'",
        ),
        ("text,text\n", "calls.csv:1: the column 'text' stands twice; rename one of the two"),
        (
            HEAD.encode() + b"a,agent,Gr\xfc\xdfe\n",
            "calls.csv:2: invalid UTF-8 at byte 10 (0xfc); save the file as UTF-8",
        ),
        (
            "conversation_id,speaker,text,start\na,agent,hi,soon\n",
            "calls.csv:2: start: should be a number from 0, found 'soon'; correct it or leave the column out",
        ),
        (
            "conversation_id,speaker,text,time\na,agent,hi,soon\n",
            "calls.csv:2: timestamp: should be a time, found 'soon'; write it as 2026-10-31T09:30:00",
        ),
        (
            HEAD + "a,agent," + "x" * 200_000,
            "calls.csv:2: a cell has more than 131,072 characters; close its quotes or shorten it",
        ),
        (
            HEAD + "a,agent," + "x" * 70_000,
            "calls.csv:2: turns[0].text: has 70,000 characters, at most 65,536 are read; split or shorten it",
        ),
    ],
)
def test_each_bad_table_is_one_sentence(tmp_path: Path, raw: str | bytes, said: str) -> None:
    assert refused(tmp_path, raw) == [said]


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path, HEAD + "a,agent,hi\n", mapping={"text": "txt"}) == [
        "calls.csv:1: text: there is no column 'txt'; did you mean 'text'?"
    ]


def test_a_conversation_that_goes_on_later_is_refused_and_the_rest_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, HEAD + "a,customer,hi\nb,customer,hi\na,agent,hello\nc,customer,hi\n")
    assert [isinstance(item, Imported) for item in found] == [True, True, False, True]
    assert isinstance(found[2], Rejected)
    assert str(found[2].error).endswith(
        ":4: conversation_id: the conversation 'a' goes on after another one began; sort the rows by conversation"
    )


def test_a_conversation_of_too_many_turns_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, HEAD + "a,agent,hi\n" * 2001 + "b,agent,hi\n") == [
        "calls.csv:2002: the conversation has more than 2,000 turns or 8.0 MiB; split it"
    ]


def test_text_that_is_neither_json_nor_a_table_is_one_sentence(tmp_path: Path) -> None:
    assert refused(tmp_path, "Agent hello\nCustomer hi\n") == [
        "calls.csv: is neither JSON nor a table; give JSON, JSONL or CSV, or name its format"
    ]


@pytest.mark.parametrize("bad", [b"b,agent,caf\xe9\n", b"b,agent,one,two\n", b'b,agent,"one"two\n'])
def test_rows_after_a_bad_one_are_still_read(tmp_path: Path, bad: bytes) -> None:
    rows = [f"{name},agent,hi\n".encode() for name in "aceg"]
    found = read(tmp_path, HEAD.encode() + b"".join([*rows[:2], bad, *rows[2:]]))
    assert [item.conversation.id for item in found if isinstance(item, Imported)] == ["a", "g"]


def test_a_conversation_beside_a_bad_row_is_not_taken_for_whole(tmp_path: Path) -> None:
    said = refused(tmp_path, HEAD + "a,agent,hi\na,agent,one,two\na,agent,bye\nb,agent,hi\n")
    assert said == [
        "calls.csv:3: has 4 cells, but the header has 3; put text that holds the delimiter in quotes",
        "calls.csv:2: the conversation 'a' may lack the row at line 3; correct that row",
    ]


def test_lines_are_counted_right_after_a_bad_one(tmp_path: Path) -> None:
    said = refused(tmp_path, HEAD.encode() + b"a,agent,\xe9\nb,agent,hi\nc,nobody,hi\n")
    assert said[-1].startswith("calls.csv:4: speaker: unknown speaker 'nobody'")
