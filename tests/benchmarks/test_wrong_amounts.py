"""The benchmark that puts wrong amounts into right turns."""

from __future__ import annotations

import random

from benchmarks.wrong_amounts import _others, _seen, _stated

from evalh.models import Score
from evalh.testing import make_policy


def test_one_amount_is_changed_to_one_that_no_version_states() -> None:
    text = "It's $49.99 a month for 12 months, then 64.99, and twenty dollars once."
    stated = _stated(make_policy())
    assert {"49", "64", "25", "120"} <= stated
    found = list(_others(text, stated, random.Random(1)))
    assert [text[start:end] for start, end, _ in found] == ["$49.99", "64.99", "twenty"]
    for start, end, other in found:
        assert other != text[start:end]
        assert other.lstrip("$").partition(".")[0] not in stated


def test_a_fault_at_the_turn_is_found_and_elsewhere_it_is_not() -> None:
    fault = Score(turn=3, passed=False, value=0.0, state="scored")
    doubt = Score(turn=3, state="unsure")
    right = Score(turn=3, passed=True, value=1.0, state="scored")
    assert _seen([right, doubt, fault], 3) == "found"
    assert _seen([right, doubt], 3) == "unsure"
    assert _seen([right], 3) == "passed"
    assert _seen([fault], 5) == "passed"
