"""Rules as data: matching, silencing, offsets."""

from __future__ import annotations

import pytest

from evalh.errors import InternalError
from evalh.reader.rules import Rule, RuleSet, bounded, load_rules

LATE = Rule("late", "late", 0.6, ("(very )?late", "delayed"), ("(never|not) late",))
ANGRY = Rule("angry", "angry", 0.9, ("so angry",))
RULES = RuleSet("mood", (LATE, ANGRY))


def test_a_hit_tells_its_label_and_where_it_matched() -> None:
    text = "it is very late"
    (hit,) = RULES.hits(text)
    assert (hit.label, text[hit.start : hit.end]) == ("late", "very late")


def test_a_pattern_matches_whole_words_only() -> None:
    assert list(RULES.hits("the latest plate, translated later")) == []


def test_a_rule_is_silenced_in_the_same_window() -> None:
    assert list(RULES.hits("it is never late, not delayed")) == []


def test_silence_ends_with_the_window() -> None:
    text = "never late. it is late"
    assert [hit.start for hit in RULES.hits(text, 12)] == [18]


def test_offsets_of_a_window_are_offsets_of_the_text() -> None:
    text = "hello there i am so angry now"
    (hit,) = RULES.hits(text, 12, 26)
    assert text[hit.start : hit.end] == "so angry"


def test_hits_come_in_the_order_of_the_rules() -> None:
    assert [hit.label for hit in RULES.hits("so angry that it is late")] == ["late", "angry"]


def test_the_best_hit_has_the_highest_confidence() -> None:
    best = RULES.best("late and so angry")
    assert best is not None
    assert best.label == "angry"


@pytest.mark.parametrize("text", ["", "nothing here"])
def test_there_is_no_best_hit_where_nothing_matches(text: str) -> None:
    assert RULES.best(text) is None


def test_a_set_without_rules_matches_nothing() -> None:
    assert list(RuleSet("mood", ()).hits("late")) == []


def test_the_digest_follows_every_pattern() -> None:
    changed = RuleSet("mood", (LATE, Rule("angry", "angry", 0.9, ("very angry",))))
    assert changed.sha256 != RULES.sha256


def test_the_same_rules_have_the_same_digest() -> None:
    assert RuleSet("mood", (LATE, ANGRY)).sha256 == RULES.sha256


def test_a_pattern_that_ends_without_a_word_needs_no_boundary() -> None:
    assert bounded("done!") == r"\b(?:done!)"


def test_a_long_hostile_text_is_matched_in_linear_time() -> None:
    assert list(RULES.hits("very " * 200_000)) == []


@pytest.mark.parametrize("name", ["intents", "resolution"])
def test_the_shipped_rules_load_with_unique_ids(name: str) -> None:
    ids = [rule.id for rule in load_rules(name).rules]
    assert len(ids) == len(set(ids))


def test_a_missing_rule_file_is_an_error() -> None:
    with pytest.raises((InternalError, FileNotFoundError)):
        load_rules("no-such-rules")
