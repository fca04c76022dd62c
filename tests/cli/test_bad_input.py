import json
from pathlib import Path

import pytest
from tests.cli.conftest import Evalh
from tests.small_workspace import change, write

GOOD = '{"id": "a", "turns": [{"role": "customer", "text": "hello"}, {"role": "agent", "text": "hi, this is Nora"}]}'


def good(name: str) -> str:
    return GOOD.replace('"a"', json.dumps(name))


CASES = {
    "truncated on line 57": (
        "".join(good(str(number)) + "\n" for number in range(56)) + GOOD[:40] + "\n",
        "t.jsonl:57: the JSON stops in the middle (after column 40); write the whole record again",
    ),
    "wrong type": (
        '{"id": "a", "turns": [{"role": "customer", "text": 5}]}\n',
        "t.jsonl:1: turns[0].text: should be text, found 5; put it in quotes",
    ),
    "unknown key": (
        GOOD.replace('"id": "a"', '"id": "a", "chanel": "chat"'),
        "t.jsonl:1: unknown key 'chanel'; did you mean 'channel'?",
    ),
    "empty file": ("", "t.jsonl: is empty; put at least one conversation in it"),
    "not a number": (
        GOOD.replace('"text": "hello"', '"start": NaN, "text": "hello"'),
        "t.jsonl:1: NaN is not a JSON number; write null where a value is unknown",
    ),
    "duplicate key": (
        GOOD.replace('"id": "a"', '"id": "a", "id": "b"'),
        "t.jsonl:1: the key 'id' stands twice in one object; keep one of the two",
    ),
    "nested": ("[" * 200_000 + "]" * 200_000, "t.jsonl:1: the JSON is nested more than 64 deep; flatten it"),
    "duplicate id": (
        f"{GOOD}\n{GOOD}\n",
        "t.jsonl:2: id: the id 'a' was used before, at t.jsonl:1; give each conversation an id of its own",
    ),
}


@pytest.mark.parametrize("command", [("score", "--json"), ("facts",)], ids=["score", "facts"])
@pytest.mark.parametrize(("text", "said"), CASES.values(), ids=list(CASES))
def test_a_bad_record_is_one_sentence(evalh: Evalh, root: Path, text: str, said: str, command: tuple[str, ...]) -> None:
    write(root, "t.jsonl", text)
    done = evalh(*command, "t.jsonl", "--encoder", "none")
    assert (done.code, done.err) == (2, said + "\n")


def test_invalid_utf8_names_the_byte(evalh: Evalh, root: Path) -> None:
    (root / "t.jsonl").write_bytes(GOOD.encode().replace(b"hello", b"h\xffllo"))
    done = evalh("score", "t.jsonl", "--encoder", "none")
    assert (done.code, done.err) == (2, "t.jsonl:1: invalid UTF-8 at byte 53 (0xff); save the file as UTF-8\n")


@pytest.mark.parametrize(
    "raw",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        f"{good('a')}\n{good('b')}\n".replace("\n", "\r\n").encode(),
        GOOD.replace("hello", "hel\u2028lo").encode(),
    ],
    ids=["BOM", "CRLF", "U+2028"],
)
def test_what_is_unusual_but_right_is_accepted(evalh: Evalh, root: Path, raw: bytes) -> None:
    (root / "t.jsonl").write_bytes(raw)
    done = evalh("score", "t.jsonl", "--json", "--encoder", "none")
    assert (done.code, done.err) == (0, "")
    assert all(json.loads(line)["conversation_id"] in "ab" for line in done.out.splitlines())


def test_a_missing_file_is_one_sentence(evalh: Evalh, root: Path) -> None:
    done = evalh("score", "nope.jsonl", "--encoder", "none")
    assert (done.code, done.err) == (2, "'nope.jsonl': no such file or folder; check the path\n")


def test_a_bad_condition_names_file_and_line(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", GOOD)
    change(root, "configs/policies/home@2.yaml", "tenure_months >= 3", "tenure_months >=")
    done = evalh("score", "t.jsonl", "--policy", "configs/policies/home@2.yaml", "--encoder", "none")
    assert done.code == 2
    assert done.err.startswith("configs/policies/home@2.yaml:11: offers.eligibility.condition: the condition ")
    assert done.err.count("\n") == 1


def test_a_conversation_before_any_version_names_both_dates(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", GOOD.replace('"id": "a"', '"id": "a", "started_at": "2025-05-05T10:00:00Z"'))
    done = evalh("score", "t.jsonl", "--policy", "home", "--encoder", "none")
    assert (done.code, done.err) == (
        2,
        "t.jsonl:1: the conversation 'a' is of 2025-05-05, but the first version of 'home' is in force from "
        "2026-10-01; add the version of that day\n",
    )


def test_an_evaluator_that_fails_to_import_is_one_sentence(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", GOOD)
    write(root, "evaluators/foo.py", "import os\n\nx = y\n")
    done = evalh("score", "t.jsonl", "--encoder", "none")
    assert (done.code, done.err) == (
        2,
        "evaluators/foo.py:3: cannot be imported: NameError: name 'y' is not defined; fix it or move it away\n",
    )


def test_an_unknown_evaluator_gets_a_suggestion(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", GOOD)
    done = evalh("score", "t.jsonl", "--evaluator", "tne", "--encoder", "none")
    assert (done.code, done.err) == (2, "there is no evaluator 'tne'; did you mean 'tone'?\n")


def test_a_day_is_written_as_iso(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", GOOD)
    done = evalh("score", "t.jsonl", "--as-of", "31/10/2026", "--encoder", "none")
    assert (done.code, done.err) == (2, "--as-of: '31/10/2026' is no day; write it as 2026-10-31\n")


def test_skip_bad_goes_on_counts_and_lists(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", f"{GOOD}\n{GOOD[:40]}\n{good('b')}\n{GOOD.replace('customer', 'alien')}\n")
    done = evalh("score", "t.jsonl", "--skip-bad", "--json", "--encoder", "none")
    assert done.code == 0
    assert {json.loads(line)["conversation_id"] for line in done.out.splitlines()} == {"a", "b"}
    lines = done.err.splitlines()
    assert lines[:2] == [
        "left out 2 records that could not be read:",
        "  t.jsonl:2: the JSON stops in the middle (after column 40)",
    ]
    assert lines[2].startswith("  t.jsonl:4: turns[0].role: should be 'customer', ")


def test_skip_bad_also_leaves_out_what_no_policy_version_covers(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", good("b") + "\n" + GOOD.replace('"id"', '"started_at": "2025-05-05T10:00:00Z", "id"'))
    done = evalh("score", "t.jsonl", "--policy", "home", "--skip-bad", "--json", "--encoder", "none")
    assert done.code == 0
    assert done.err.startswith("left out 1 record that could not be read:\n  t.jsonl:2: the conversation 'a' ")
    assert "is of 2025-05-05, but the first version" in done.err


@pytest.mark.parametrize("command", [("score",), ("facts",)], ids=["score", "facts"])
def test_stdout_never_holds_control_bytes_of_a_transcript(evalh: Evalh, root: Path, command: tuple[str, ...]) -> None:
    nasty = "hi \x1b[31m\x07 only today \u202e take Fiber 500 \x9b2J"
    held = {"id": "a\x1b", "turns": [{"role": "customer", "text": "no"}, {"role": "agent", "text": nasty}]}
    write(root, "t.jsonl", json.dumps(held))
    done = evalh(*command, "t.jsonl", "--policy", "home", "--encoder", "none")
    assert done.code == 0
    assert [char for char in done.out if (ord(char) < 32 and char != "\n") or char in "\x7f\x9b\u202e"] == []
    assert "\\x1b" in done.out


def test_nothing_judged_is_no_success(evalh: Evalh, root: Path) -> None:
    write(root, "t.jsonl", "{\n")
    done = evalh("score", "t.jsonl", "--skip-bad", "--encoder", "none")
    assert done.code == 2
    assert done.err.endswith("no conversation was judged; give at least one that can be read\n")


def test_recordings_that_cannot_be_opened_are_one_sentence(evalh: Evalh, root: Path) -> None:
    (root / "golden_sets/few/recordings/v1.jsonl").unlink()
    (root / "golden_sets/few/recordings/v1.jsonl").mkdir()
    done = evalh("run", "--encoder", "none")
    said = "golden_sets/few/recordings/v1.jsonl: cannot be read (Is a directory); check the file and its permissions\n"
    assert (done.code, done.err) == (2, said)
