"""Rules as data: matching, silencing, offsets."""

from __future__ import annotations

import pytest

from evalh.errors import InternalError
from evalh.reader.rules import FEW, KEPT, Rule, RuleSet, bounded, load_rules

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


def many() -> RuleSet:
    names = [f"{first}{last}" for first in "abcdefghijklmn" for last in "opqrstuvwxyz"]
    assert len(names) > FEW
    plain = tuple(Rule(name, name, 0.5, (f"^so {name}$", rf"{name} \d+"), (f"no {name}",)) for name in names)
    return RuleSet("mood", (*plain, Rule("shout", "shout", 0.9, ("!+",))))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("so br", [("br", "so br")]),
        ("oh so br", []),
        ("mz 12, then br 7!!", [("br", "br 7"), ("mz", "mz 12"), ("shout", "!!")]),
        ("no br 7, mz 1", [("mz", "mz 1")]),
        ("brr 7", []),
        ("", []),
    ],
)
def test_many_patterns_are_matched_as_few_are(text: str, found: list[tuple[str, str]]) -> None:
    assert [(hit.label, text[hit.start : hit.end]) for hit in many().hits(text)] == found


def test_a_group_in_a_pattern_changes_no_place() -> None:
    text = "this is (very) late"
    (hit,) = RuleSet("mood", (Rule("late", "late", 0.6, (r"(is) \((very)\) (late|early)",)),)).hits(text)
    assert text[hit.start : hit.end] == "is (very) late"


@pytest.mark.parametrize("windows", [["so angry", "never late", ""], [f"late {number}" for number in range(KEPT + 1)]])
def test_reading_ahead_changes_nothing_that_is_found(windows: list[str]) -> None:
    rules = RuleSet("mood", (LATE, ANGRY))
    rules.read_ahead(windows)
    assert [list(rules.hits(window)) for window in windows[:3]] == [list(RULES.hits(window)) for window in windows[:3]]


def test_the_same_words_are_found_where_they_stand_each_time() -> None:
    text = "late. late."
    assert [hit.start for window in ((0, 5), (6, 11), (0, 5)) for hit in RULES.hits(text, *window)] == [0, 6, 0]


@pytest.mark.parametrize("name", ["intents", "resolution"])
def test_the_shipped_rules_load_with_unique_ids(name: str) -> None:
    ids = [rule.id for rule in load_rules(name).rules]
    assert len(ids) == len(set(ids))


def test_a_missing_rule_file_is_an_error() -> None:
    with pytest.raises((InternalError, FileNotFoundError)):
        load_rules("no-such-rules")
