import json
from pathlib import Path

import pytest

from evalh.errors import NotFound
from evalh.importers import Imported, Rejected, open_source


def line(name: str, **fields: object) -> str:
    return json.dumps({"id": name, "turns": [{"role": "agent", "text": "hi"}], **fields}) + "\n"


def told(found: list[Imported | Rejected], folder: Path) -> list[str]:
    said = [item.conversation.id if isinstance(item, Imported) else str(item.error) for item in found]
    return [text.replace(f"{folder}/", "") for text in said]


def test_the_files_of_a_folder_are_read_each_by_its_content(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.jsonl").write_text(line("one"))
    (tmp_path / "b" / "c.jsonl").write_text(line("two", customer={"tenure": 3}))
    (tmp_path / "d.csv").write_text("conversation_id,speaker,text\nthree,agent,hi\n")
    (tmp_path / "notes.txt").write_text("not a transcript")
    (tmp_path / ".hidden.jsonl").write_text("{")
    assert told(list(open_source(tmp_path)), tmp_path) == ["one", "two", "three"]


def test_what_is_wrong_in_a_folder_names_file_and_line_and_the_rest_follows(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line("one") + "{\n")
    (tmp_path / "b.jsonl").write_text(line("two"))
    assert told(list(open_source(tmp_path)), tmp_path) == [
        "one",
        "a.jsonl:2: the JSON stops in the middle (after column 1); write the whole record again",
        "two",
    ]


def test_an_id_that_two_files_use_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(line("one"))
    (tmp_path / "b.jsonl").write_text(line("one"))
    assert told(list(open_source(tmp_path)), tmp_path)[1].startswith(
        "b.jsonl:1: id: the id 'one' was used before, at a.jsonl:1"
    )


def test_no_name_is_not_the_current_folder() -> None:
    with pytest.raises(NotFound):
        list(open_source(""))
