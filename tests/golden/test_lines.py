import json

import pytest

from evalh.golden.lines import counted_up, edited, readable
from evalh.models import Case, Conversation


def test_a_record_is_one_line_without_defaults_and_hides_nothing() -> None:
    line = readable(Case(id="c-1", title="a\u202eb\nc \U0001f60a", goal="é"))

    assert line == '{"id": "c-1", "title": "a\\u202eb\\nc \U0001f60a", "goal": "é"}\n'
    assert json.loads(line)["title"] == "a\u202eb\nc \U0001f60a"


def test_turns_are_not_numbered() -> None:
    held = Conversation.model_validate({"id": "x", "turns": [{"role": "agent", "text": "a"}, {"role": "customer"}]})

    assert json.loads(readable(held))["turns"] == [{"role": "agent", "text": "a"}, {"role": "customer"}]


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ('{"a": 1, "by": "x", "ok": false}', '{"a": 1, "by": "ann", "ok": true}'),
        ('{ "by" :"x\\"}" ,\t"ok":false, "n": {"by": "in"} }\r', '{ "by" :"ann" ,\t"ok":true, "n": {"by": "in"} }\r'),
        ('{"a": [1, {"ok": 2}]}', '{"a": [1, {"ok": 2}], "by": "ann", "ok": true}'),
        ("{}", '{"by": "ann", "ok": true}'),
        ('\ufeff{"ok": null, "by": "é"}', '\ufeff{"ok": true, "by": "ann"}'),
    ],
)
def test_only_the_values_that_change_are_written(line: str, after: str) -> None:
    assert edited(line, {"by": "ann", "ok": True}) == after


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ('id: x\nversion: "1"\n', "1", "2"),
        ("version: v9 # the tenth\nid: x\n", "v9", "v10"),
        ("version: '2026.09'\r\n", "2026.09", "2026.10"),
    ],
)
def test_a_version_counts_up_and_the_rest_of_the_file_stays(text: str, old: str, new: str) -> None:
    assert counted_up(text) == (text.replace(old, new), old, new)


@pytest.mark.parametrize("text", ["id: x\n", "version: spring\n", "metadata:\n  version: 1\n", "{version: 1}\n"])
def test_a_version_that_does_not_count_is_left(text: str) -> None:
    assert counted_up(text) is None
