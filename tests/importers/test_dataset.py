from pathlib import Path
from typing import Any

import pytest

from evalh.errors import NotFound
from evalh.importers import Imported, Rejected, open_source

datasets: Any = pytest.importorskip("datasets")

ROWS = [
    {"task": "bill", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "hello"}]},
    {"task": "plan", "messages": [{"role": "user", "content": "bye"}]},
]


def ids_and_texts(found: list[Imported | Rejected]) -> list[list[str]]:
    assert all(isinstance(item, Imported) for item in found), found
    return [[turn.text for turn in item.conversation.turns] for item in found if isinstance(item, Imported)]


def test_a_parquet_file_is_read_by_content(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    datasets.Dataset.from_list(ROWS).to_parquet(str(path))
    found = list(open_source(path))
    assert ids_and_texts(found) == [["hi", "hello"], ["bye"]]
    assert isinstance(found[0], Imported)
    assert found[0].place == f"{path}[0]"
    assert found[0].conversation.metadata == {"task": "bill"}


def test_a_saved_folder_is_read(tmp_path: Path) -> None:
    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    assert len(ids_and_texts(list(open_source(tmp_path / "saved")))) == 2


def test_a_split_and_a_chat_column_can_be_named(tmp_path: Path) -> None:
    rows = [{"dialog": row["messages"]} for row in ROWS]
    datasets.DatasetDict({"held_out": datasets.Dataset.from_list(rows)}).save_to_disk(str(tmp_path / "saved"))
    found = list(open_source(f"hf:{tmp_path / 'saved'}:held_out", mapping={"messages": "dialog"}))
    assert ids_and_texts(found) == [["hi", "hello"], ["bye"]]


def test_a_split_that_is_not_there_is_named(tmp_path: Path) -> None:
    datasets.DatasetDict({"held_out": datasets.Dataset.from_list(ROWS)}).save_to_disk(str(tmp_path / "saved"))
    (bad,) = open_source(f"hf:{tmp_path / 'saved'}:test")
    assert isinstance(bad, Rejected)
    assert str(bad.error) == (
        f"{tmp_path}/saved: has no split 'test'; name one of held_out, as in hf:{tmp_path}/saved:held_out"
    )


def test_a_data_set_that_cannot_be_reached_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    (bad,) = open_source("hf:nobody/nothing-here")
    assert isinstance(bad, Rejected)
    assert str(bad.error) == (
        "nobody/nothing-here: the data set cannot be reached; check the network, or download it and name the folder"
    )


def test_an_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    (bad,) = open_source(tmp_path)
    assert isinstance(bad, Rejected)
    assert str(bad.error) == (
        f"{tmp_path}: there are no transcripts in this folder; "
        "put .json, .jsonl, .ndjson, .csv, .tsv or .parquet files in it"
    )


def test_a_data_set_without_a_name_is_one_sentence() -> None:
    with pytest.raises(NotFound):
        open_source("hf:")
    (bad,) = open_source("hf:/")
    assert isinstance(bad, Rejected)
