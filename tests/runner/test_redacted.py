"""What a run writes has no personal data; what it judges is the original."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.runner.fakes import Brevity, FakeReader, Pitching, inputs

from evalh.errors import UserError
from evalh.evaluator import EvalContext, Evaluator
from evalh.models import Score
from evalh.redact import Redactor
from evalh.runner import EvaluatorInUse, RunInputs, Source, run
from evalh.runner.execute import context_of, item_of, judge_one
from evalh.runner.record import record_of
from evalh.testing import make_conversation

CARD = "4111 1111 1111 1111"
SECRETS = (CARD, CARD.replace(" ", ""), "1111 1111", "jane.doe@example.com", "415-555-2671", "4155552671")
KEPT = ("$49.99", "my order number is 12345678")


class Spoken(Evaluator):
    """Cites the first turn, and says what it saw."""

    def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
        text = ctx.conversation.turns[0].text
        digits = "".join(char for char in text if char.isdigit())
        yield Score(turn=0, value=CARD in text, reason=f"{text[:20]!r}", found=digits, expected=text)


def held(name: str) -> Any:
    said = f"{CARD} or jane.doe@example.com or call 415-555-2671, my order number is 12345678"
    return make_conversation(f"C: {said}\nA: fiber is $49.99, paid by {CARD}", id=name)


def used(**fields: Any) -> RunInputs:
    sources = [Source(None, held(f"c-{index}")) for index in range(3)]
    evaluators = [EvaluatorInUse(one) for one in (Pitching(), Brevity(), Spoken())]
    return inputs(sources, evaluators=evaluators, **fields)


def written(folder: Path) -> str:
    return "".join(path.read_text() for path in sorted(folder.iterdir()) if path.is_file())


def test_no_file_of_a_run_holds_personal_data(tmp_path: Path) -> None:
    result = run(used(), tmp_path / "out")
    text = written(tmp_path / "out")
    assert [secret for secret in SECRETS if secret in text] == []
    assert [kept for kept in KEPT if kept not in text] == []
    assert result.manifest.redacted
    assert "<CARD_1>" in text
    assert "_2>" not in text


def test_verdicts_rest_on_the_original(tmp_path: Path) -> None:
    row = next(row for row in run(used(), tmp_path / "out").rows() if row.evaluator == "spoken" and row.turn == 0)
    assert row.value == 1.0
    assert row.found is not None
    assert row.reason == "'<CARD_1> '"
    assert row.expected == "<CARD_1> or <EMAIL_1> or call <PHONE_1>, my order number is 12345678"


def test_the_journal_of_an_interrupted_run_is_redacted_too(tmp_path: Path) -> None:
    class Stops(Evaluator):
        def evaluate(self, ctx: EvalContext) -> Iterator[Score]:
            if ctx.conversation.id == "c-2":
                raise KeyboardInterrupt
            yield Score(turn=0, value=1.0)

    stopping = used()
    stopping = RunInputs(**{**vars(stopping), "evaluators": [*stopping.evaluators, EvaluatorInUse(Stops())]})
    with pytest.raises(KeyboardInterrupt):
        run(stopping, tmp_path / "out")
    journal = (tmp_path / "out" / "journal").read_text()
    assert "<CARD_1>" in journal
    assert [secret for secret in SECRETS if secret in journal] == []


def test_tokens_do_not_depend_on_what_was_judged_before(tmp_path: Path) -> None:
    whole = run(used(), tmp_path / "whole")
    turned = used()
    turned = RunInputs(**{**vars(turned), "sources": list(reversed(list(turned.sources)))})
    assert [row.reason for row in whole.rows()] == [row.reason for row in run(turned, tmp_path / "turned").rows()]


def test_without_redaction_all_stays_and_it_is_another_run(tmp_path: Path) -> None:
    result = run(used(redact=False), tmp_path / "out")
    assert CARD in written(tmp_path / "out")
    assert not result.manifest.redacted
    with pytest.raises(UserError, match="redacted"):
        run(used(), tmp_path / "out")


def test_a_record_without_personal_data_is_the_same_with_and_without(tmp_path: Path) -> None:
    clean = make_conversation("C: my order number is 12345678\nA: fiber is $49.99", id="c")
    given = inputs([Source(None, clean)], evaluators=[EvaluatorInUse(Pitching())])
    item = item_of(given, Source(None, clean))
    reading, scores = judge_one(given, Source(None, clean))
    assert context_of(given, item).conversation is clean
    assert record_of("r", item, reading, scores, Redactor()) == record_of("r", item, reading, scores)


def test_the_offsets_of_a_record_are_those_of_the_original(tmp_path: Path) -> None:
    given = used()
    source = Source(None, held("c"))
    reading = FakeReader().read([source.conversation], given.lexicon)[0]
    act = reading.acts[0].model_copy(update={"start": 17, "end": 30, "quote": held("c").turns[1].text[17:30]})
    reading = reading.model_copy(update={"acts": (act,)})
    record = record_of("r", item_of(given, source), reading, [], Redactor())
    found = json.loads(record["reading"])["acts"][0]
    assert (found["start"], found["end"], found["quote"]) == (17, 30, "paid by <CARD_1>")
