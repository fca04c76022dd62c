import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evalh.errors import BadConfig, NotFound
from evalh.models import OfferPolicy, Persona, RunConfig
from evalh.text.yaml import load_yaml, problems, split_front_matter, validate


def sentence(text: str) -> str:
    with pytest.raises(BadConfig) as caught:
        load_yaml(text, file="care.yaml")
    return str(caught.value)


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = "[yes, on, true, ~, 017, 0o17, 0x1F, 1.5, 1e3, 2026-10-01, '5', \"x\", 12:30, 1_000]"
    assert load_yaml(text).data == [
        "yes",
        "on",
        True,
        None,
        17,
        15,
        31,
        1.5,
        1000.0,
        "2026-10-01",
        "5",
        "x",
        "12:30",
        "1_000",
    ]


def test_blocks_flows_and_multiline_text_are_read() -> None:
    document = load_yaml("a:\n  - {b: 1}\n  - |\n    two\n    lines\nc: >-\n  one\n  line\n")
    assert document.data == {"a": [{"b": 1}, "two\nlines\n"], "c": "one line"}


def test_every_value_knows_its_line_and_a_missing_one_that_of_its_parent() -> None:
    document = load_yaml("a: 1\nb:\n  - x\n  - c: 2\n    d: 3\n")
    assert document.line_of(("b", 1, "d")) == 5
    assert document.line_of(("b", 1, "nope", 4)) == 4
    assert document.line_of(()) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &x 1\nb: *x", "care.yaml:1: the anchor or alias 'x' is not read; write the value out"),
        ("b: *x", "care.yaml:1: the anchor or alias 'x' is not read; write the value out"),
        ("a: 1\n<<: {b: 2}", "care.yaml:2: the merge key '<<' is not read; write the keys out"),
        (
            "a: !!python/object:os.system x",
            "care.yaml:1: the tag 'tag:yaml.org,2002:python/object:os.system' is not read; write a plain value",
        ),
        ("a: !env HOME", "care.yaml:1: the tag '!env' is not read; write a plain value"),
        ("a: 1\n---\nb: 2", "care.yaml:2: there is a second document; keep one document per file"),
        ("a: 1\nb: 2\na: 3", "care.yaml:3: the key 'a' stands twice, first on line 1; keep one of the two"),
        ("b:\n  c: 1\n  c: 2", "care.yaml:3: b: the key 'c' stands twice, first on line 2; keep one of the two"),
        ("a: .nan", "care.yaml:1: the number '.nan' is not finite; write a finite number"),
        ("a: -.inf", "care.yaml:1: the number '-.inf' is not finite; write a finite number"),
        ("a: 1e999", "care.yaml:1: the number '1e999' is not finite; write a finite number"),
        ("a: " + "9" * 19, "care.yaml:1: the integer '9999999999999999999' does not fit 64 bits; put it in quotes"),
        ("[" * 20_000, "care.yaml:1: the YAML is nested more than 64 deep; flatten it"),
        ("? [a]\n: 1", "care.yaml:1: a key is a list or an object; use a word as the key"),
        ("%YAML 1.1\n---\na: yes", "care.yaml:2: YAML directives are not read; remove the % line"),
        ("a: b: c", "care.yaml:1: this is not YAML: mapping values are not allowed here; correct the YAML there"),
        ("a: \x07", "care.yaml: this is not YAML: special characters are not allowed; correct the YAML"),
        ("a: " + "x" * 1_100_000, "care.yaml: has 1.0 MiB, at most 1.0 MiB are read; split it"),
    ],
)
def test_what_is_refused_is_one_sentence_with_its_line(text: str, said: str) -> None:
    assert sentence(text) == said


@given(st.text(alphabet="ab:-[]{}&*!|>%@`'\"#?,\n\t \\.0123456789e~<xu\ufeff\u2028"))
def test_nothing_but_bad_config_escapes(text: str) -> None:
    with suppress(BadConfig):
        load_yaml(text, file="care.yaml")


PERSONA = """\
schema: evalh.persona/1
id: busy
version: "1"
name: Busy
description: short of time
goal: pay
agenda: [pay]
patience: 2
"""


def test_a_misspelt_key_is_named_with_its_line_and_a_suggestion() -> None:
    document = load_yaml(PERSONA.replace("goal:", "gaol:"), file="busy.yaml")
    assert "busy.yaml:6: unknown key 'gaol'; did you mean 'goal'?" in [
        str(found) for found in problems(document, Persona)
    ]


def test_the_first_problem_is_raised_and_all_of_them_are_listed() -> None:
    document = load_yaml("id: care\nversion: 2\noffers: []\n", file="care.yaml")
    with pytest.raises(BadConfig, match=r"^care.yaml:"):
        validate(document, OfferPolicy)
    listed = [str(found) for found in problems(document, OfferPolicy)]
    assert "care.yaml:2: version: should be text, found 2; put it in quotes" in listed
    assert len(listed) > 1


def test_an_empty_file_is_called_empty() -> None:
    assert [str(found) for found in problems(load_yaml("", file="a.yaml"), Persona)] == [
        "a.yaml: is empty; write the keys of Persona"
    ]


def test_a_file_is_read_as_utf8_with_or_without_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: Gr\xc3\xbc\xc3\x9fe\r\nb: 2\r\n")
    assert load_yaml(path).data == {"a": "Grüße", "b": 2}


def test_a_file_that_is_not_utf8_or_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"a: 1\nb: Gr\xfc\xdfe\n")
    with pytest.raises(BadConfig, match=r"a.yaml:2: invalid UTF-8 at byte 10 \(0xfc\); save the file as UTF-8"):
        load_yaml(path)
    with pytest.raises(NotFound, match="no such file; check the path"):
        load_yaml(tmp_path / "nope.yaml")


def test_front_matter_is_cut_from_the_body_and_lines_still_count() -> None:
    head, body, line = split_front_matter("---\nid: a\nid: b\n---\nYou are Nora.\n")
    assert (body, line) == ("You are Nora.\n", 5)
    with pytest.raises(BadConfig, match=r"care.md:3: the key 'id' stands twice, first on line 2"):
        load_yaml(head, file="care.md", first_line=2)


def test_a_text_without_front_matter_is_all_body() -> None:
    assert split_front_matter("You are Nora.\n---\n") == ("", "You are Nora.\n---\n", 1)


def test_front_matter_without_an_end_is_refused() -> None:
    with pytest.raises(BadConfig, match=r"care.md:1: the front matter has no end; close it with a line of ---"):
        split_front_matter("---\nid: a\n", file="care.md")


@pytest.mark.parametrize(("text", "line"), [("\n---\nid: a\n---\n", 2), ("--\nid: a\n---\n", 1)])
def test_front_matter_that_does_not_begin_the_file_is_not_taken_for_text(text: str, line: int) -> None:
    with pytest.raises(BadConfig) as caught:
        split_front_matter(text, file="care.md")
    assert str(caught.value) == (
        f"care.md:{line}: the front matter does not begin on line 1 with ---; "
        "begin the file with a line of ---, or write *** for a rule"
    )


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(BadConfig, match="is a pipe or a device, not a file; write it to a file first"):
        load_yaml(tmp_path / "pipe.yaml")


@pytest.mark.parametrize(
    ("agent", "told"),
    [
        ("kind: function", "care.yaml:6: agent.function: is missing; add it"),
        (
            "kind: function\n  function: agents/care.py",
            "care.yaml:8: agent.function: names no function: 'agents/care.py'; "
            "write module:function, such as agents.care:reply",
        ),
        (
            "kind: webhook\n  url: http://agent.example/turn",
            "care.yaml:8: agent.url: transcripts only go over https, or to this machine; write https://",
        ),
        (
            "kind: chat\n  model: m\n  tools:\n    - name: look up",
            "care.yaml:10: agent.tools[0].name: string should match pattern '^[A-Za-z0-9_-]{1,64}$', found 'look up'; "
            "correct the value",
        ),
        ("kind: chat\n  model: m\n  tols: []", "care.yaml:9: agent: unknown key 'tols'; did you mean 'tools'?"),
        (
            "kind: funktion",
            "care.yaml:7: agent.kind: should be one of 'replay', 'chat', 'function', 'webhook', 'livekit', "
            "found 'funktion'; did you mean 'function'?",
        ),
        ("function: agents.care:reply", "care.yaml:6: agent.kind: is missing; add it"),
    ],
)
def test_a_mistake_in_one_of_several_kinds_of_object_is_told_where_it_stands(agent: str, told: str) -> None:
    head = "schema: evalh.run/1\nname: care\ngolden_set: care\nprompts: {agent: care, versions: [v1]}\nseed: 1\n"
    document = load_yaml(f"{head}agent:\n  {agent}\n", file="care.yaml")

    assert [str(problem) for problem in problems(document, RunConfig)] == [told]
