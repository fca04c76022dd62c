from pathlib import Path

import pytest
from tests.small_workspace import BREVITY, write

from evalh.errors import BadConfig
from evalh.evaluator import EvalContext, evaluate_one
from evalh.testing import make_conversation
from evalh.workspace.evaluators import read_python
from evalh.workspace.rubric import read_rubric

RUBRIC = """\
---
name: warmth
scale: [1, 5]
threshold: 4
critical: true
---
# Warmth of the agent

Give 5 when the agent is warm.
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problem(text: str, name: str = "foo.py") -> str:
    write(Path(), f"evaluators/{name}", text)
    read = read_python if name.endswith(".py") else read_rubric
    with pytest.raises(BadConfig) as caught:
        read(Path("evaluators") / name).get()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import os\n\nx = y\n", ":3: cannot be imported: NameError: name 'y' is not defined; fix it or move it away"),
        ("def f(:\n", ":1: cannot be imported: SyntaxError: invalid syntax; fix it or move it away"),
        ("import sys\nsys.exit(3)\n", ":2: cannot be imported: SystemExit: 3; fix it or move it away"),
        ("x = 1\n", ": defines no evaluator; add a class of Evaluator with an evaluate method, or move it away"),
        (BREVITY + BREVITY.replace("class Brevity", "class Other").split("\n\n\n", 1)[1].join(["\n\n", ""]),
         ": defines 2 evaluators, Brevity, Other; keep one in each file"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_evaluator_is_one_sentence(text: str, said: str) -> None:
    assert problem(text) == f"evaluators/foo.py{said}"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("max_words: int = 40", "max_words: int", "the default of setting 'max_words' is missing; correct the default"),
        ("max_words: int = 40", "max_words: int = 'many'",
         "the default of setting 'max_words' should be a valid integer, unable to parse string as an integer, "
         "found 'many'; correct the default"),
        ("max_words: int = 40", "threshold: float = float('nan')",
         "the default of setting 'threshold' should be a finite number, found nan; correct the default"),
        ("max_words: int = 40", "rollup: str = 'most'",
         "the rollup 'most' is unknown; use one of mean, min, any_fault"),
        ("max_words: int = 40", "level = 'word'",
         "the level 'word' is unknown; use one of turn, offer, conversation"),
        ("max_words: int = 40", "scale = (1.0, 0.0)",
         "the scale (1.0, 0.0) is not two rising numbers; write it as (0.0, 1.0)"),
        ("max_words: int = 40", "scale = ('a', 1)",
         "the scale ('a', 1) is not two rising numbers; write it as (0.0, 1.0)"),
        ("    max_words: int = 40", "    @classmethod\n    def name(cls): return '../x'",
         "the name '../x' is no word in snake_case; rename the class"),
        ("    max_words: int = 40", "    @classmethod\n    def name(cls): raise KeyError(1)",
         "the name 'KeyError: 1' is no word in snake_case; rename the class"),
    ],
)  # fmt: skip
def test_a_class_that_would_end_a_run_later_is_one_sentence(old: str, new: str, said: str) -> None:
    assert problem(BREVITY.replace(old, new)) == f"evaluators/foo.py: {said}"


def test_an_import_that_raises_what_is_no_exception_is_one_sentence() -> None:
    said = ":1: cannot be imported: BaseException: no; fix it or move it away"
    assert problem("raise BaseException('no')\n") == f"evaluators/foo.py{said}"


def test_a_text_without_front_matter_is_no_rubric() -> None:
    assert problem("# Notes\n", "README.md") == (
        "evaluators/README.md: has no front matter, so it is no rubric; "
        "begin it with a line of ---, name: NAME and another ---, or move it away"
    )


def test_the_line_is_that_of_the_users_file_also_when_pydantic_refuses() -> None:
    found = problem(BREVITY.replace("max_words: int = 40", "max_words = 40"))
    assert found.startswith("evaluators/foo.py:7: cannot be imported: PydanticUserError: A non-annotated attribute")


def test_a_rubric_is_an_evaluator_that_is_skipped_without_a_judge() -> None:
    write(Path(), "evaluators/warmth.md", RUBRIC)
    cls = read_rubric(Path("evaluators/warmth.md")).get()
    row, rollup = evaluate_one(cls(), EvalContext(make_conversation("A: hi")))
    assert (row.evaluator, row.level, row.state) == ("warmth", "conversation", "skipped")
    assert row.reason == "needs a judge, and none is configured"
    assert rollup.state == "skipped"


def test_a_rubric_has_the_settings_of_its_front_matter() -> None:
    write(Path(), "evaluators/warmth.md", RUBRIC)
    cls = read_rubric(Path("evaluators/warmth.md")).get()
    assert (cls.name(), cls.scale, cls().threshold, cls().critical) == ("warmth", (1.0, 5.0), 4.0, True)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("threshold: 4", "treshold: 4", ":4: unknown key 'treshold'; did you mean 'threshold'?"),
        ("threshold: 4", "threshold: 9",
         ":2: the threshold 9 is outside the scale [1, 5]; correct the value"),
        ("\n# Warmth of the agent\n\nGive 5 when the agent is warm.\n", "\n",
         ":7: has no rubric; write it below the front matter"),
    ],
)  # fmt: skip
def test_a_bad_rubric_is_one_sentence(old: str, new: str, said: str) -> None:
    assert problem(RUBRIC.replace(old, new), "warmth.md") == f"evaluators/warmth.md{said}"
