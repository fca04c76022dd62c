"""The codebook defines exactly the closed vocabularies, with an example on each side of every line."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from evalh.models.golden import GoldenLabel
from evalh.models.vocabulary import CONSTRUCTS

CODEBOOK = Path(__file__).parents[2] / "docs" / "codebook.md"
HEADER = ["label", "definition", "yes", "no"]
VERDICT = re.compile(r"\bbecause\b.+→ (?:`(?P<label>\w+)`|no label)$")


@dataclass(frozen=True)
class Row:
    """One label of one construct, as the codebook's table has it."""

    construct: str
    label: str
    definition: str
    yes: str
    no: str

    @property
    def place(self) -> str:
        return f"{self.construct}-{self.label}"


def sections() -> dict[str, str]:
    parts = re.split(r"^## (.+)$", CODEBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def rows() -> Iterator[Row]:
    for construct in CONSTRUCTS.keys() & sections().keys():
        table = [cells(line) for line in sections()[construct].splitlines() if line.startswith("|")]
        assert table[:1] == [HEADER], f"the table of {construct} has the columns {HEADER}"
        yield from (Row(construct, *line) for line in table[2:])


ROWS = sorted(rows(), key=lambda row: row.place)
each_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.place)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_every_construct_has_a_section_that_says_what_is_labelled(construct: str) -> None:
    introduction = sections()[construct].split("|")[0]
    assert re.search(r"turn|conversation|pitch", introduction)


@pytest.mark.parametrize("construct", CONSTRUCTS)
def test_a_table_has_exactly_the_labels_of_its_construct_in_order(construct: str) -> None:
    written = [line[0] for line in map(cells, sections()[construct].splitlines()) if len(line) == 4]
    assert tuple(written[2:]) == CONSTRUCTS[construct]


@each_row
def test_every_label_has_a_definition_and_an_example_that_is_one(row: Row) -> None:
    assert len(row.definition) > 10
    assert len(row.yes) > 10


@each_row
def test_every_label_has_an_example_that_is_none_and_says_why_and_what_it_is_instead(row: Row) -> None:
    found = VERDICT.search(row.no)
    assert found, f"write 'example because reason → `other`', not {row.no!r}"
    other = found["label"]
    assert other != row.label
    assert other is None or other in CONSTRUCTS[row.construct]


def test_no_example_is_used_twice() -> None:
    examples = [example for row in ROWS for example in (row.yes, row.no)]
    assert len(set(examples)) == len(examples)


@pytest.mark.parametrize("construct", ["objection_handling", "eligibility", "offer_quality"])
def test_the_order_in_which_labels_win_names_every_label_once(construct: str) -> None:
    line = next(line for line in sections()[construct].splitlines() if re.search(r"[Ff]irst( that applies|,)", line))
    ordered = re.findall(r"`(\w+)`", line.partition(":")[2])
    assert sorted(ordered) == sorted(CONSTRUCTS[construct])


def test_the_constructs_listed_for_labelling_are_all_constructs_once() -> None:
    listed = sections()["Writing `labels.jsonl`"].partition("### What is labelled")[2].partition("### How")[0]
    words = re.findall(r"`(\w+)`", listed)
    assert sorted(words) == sorted(CONSTRUCTS)


def example_rows() -> list[str]:
    found = re.search(r"```jsonl\n(.+?)```", CODEBOOK.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert found
    return found[1].splitlines()


def test_the_example_rows_are_valid_labels_with_every_field_written() -> None:
    for line in example_rows():
        label = GoldenLabel.model_validate_json(line)
        assert json.loads(line) == label.model_dump(by_alias=True)


def test_there_are_three_example_rows() -> None:
    assert len(example_rows()) == 3
