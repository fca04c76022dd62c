from __future__ import annotations

import re
import shlex

from tests.report.comparisons import HOSTILE, brings, cell, comparison, regression, side, untestable, worse

from evalh.report.metrics import metrics

SAMPLE = re.compile(r'[a-z_]+\{(?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)+\} [-+.\de]+')


def samples(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


def test_every_number_of_a_cell_is_a_sample() -> None:
    told = metrics([comparison(worse(before=brings(pass_rate=0.95)), verdict="REGRESSION")])

    where = 'evaluator="groundedness",cohort="price_sensitive"'
    assert samples(told) == [
        f'evalh_mean{{{where},side="baseline",prompt="v1"}} 0.9',
        f'evalh_mean{{{where},side="candidate",prompt="v2"}} 0.81',
        f'evalh_pass_rate{{{where},side="baseline",prompt="v1"}} 0.95',
        f'evalh_pass_rate{{{where},side="candidate",prompt="v2"}} 0.9',
        f"evalh_delta{{{where}}} -0.09",
        f"evalh_p_adjusted{{{where}}} 0.005",
        f"evalh_pairs{{{where}}} 33",
        f"evalh_detectable_drop{{{where}}} 0.087",
        'evalh_verdict{verdict="REGRESSION"} 1',
    ]


def test_families_stand_together_and_the_text_has_an_end() -> None:
    told = metrics([regression(), regression(candidate=side("v3"))])
    families = [line.split("{")[0] for line in samples(told)]

    assert families == sorted(families, key=list(dict.fromkeys(families)).index)
    assert told.count("# TYPE evalh_mean gauge\n") == 1
    assert told.endswith("\n# EOF\n")
    assert told == metrics([regression(), regression(candidate=side("v3"))])


def test_what_is_not_known_is_left_out() -> None:
    told = metrics([comparison(untestable(), verdict=None)])

    assert samples(told) == ['evalh_pairs{evaluator="tone",cohort="angry"} 4', 'evalh_verdict{verdict="NO_GATE"} 1']
    assert metrics([]) == "# EOF\n"


def test_a_number_that_is_none_is_not_told() -> None:
    broken = cell().model_copy(update={"delta": float("nan"), "detectable": float("inf")})

    assert not re.search("nan|inf|evalh_delta", metrics([comparison(broken)]))


def test_several_candidates_do_not_share_a_sample() -> None:
    told = samples(metrics([comparison(), comparison(candidate=side("v3"))]))

    names = [line.rpartition(" ")[0] for line in told]
    assert len(set(names)) == len(names) == 18
    assert all('baseline="v1",candidate="v' in name for name in names)


def test_hostile_names_stay_within_their_labels() -> None:
    names = 'a"} 1\nevalh_verdict{verdict="PASS"} 1 \\ # it\'s' + HOSTILE
    told = metrics([comparison(cell(names, names), candidate=side(names))])

    assert all(SAMPLE.fullmatch(line) for line in samples(told))
    assert "\nevalh_verdict{" in told
    assert sum(line.startswith("evalh_verdict") for line in samples(told)) == 1
    told.encode()


def test_gitlab_reads_every_line() -> None:
    """It drops what follows a number sign and splits the rest as a shell does: a name, then a value."""
    told = metrics([comparison(cell("it's #1", 'a "b" \\'))])

    split = [shlex.split(re.sub("#.*$", "", line)) for line in samples(told)]
    assert {len(parts) for parts in split} == {2}
    assert all(float(parts[1]) >= 0 for parts in split)
