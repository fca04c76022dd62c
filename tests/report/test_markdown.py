from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from tests.report.comparisons import (
    HOSTILE,
    brings,
    cell,
    comparison,
    earlier,
    finding,
    flipped,
    group,
    quoted,
    reason,
    regression,
    side,
    worse,
)

from evalh.models import Comparison
from evalh.report.markdown import markdown
from evalh.report.markup import fenced, inline

OWN_TAGS = {"br", "details", "summary", "span"}
TAGS = {"p", "h2", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td", "pre", "code"} | OWN_TAGS
ADDRESS = re.compile(r"@\w|#\d|://|www\.|GH-\d|(?<!\d)!\d", re.IGNORECASE)


def rendered(text: str) -> str:
    html: str = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text)
    return html


def tags(html: str) -> set[str]:
    return set(re.findall(r"<([a-z0-9]+)", html))


def shown(html: str) -> str:
    """The text that a reader sees."""
    plain = re.sub(r"<[^>]*>", "", html)
    return plain.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def hostile() -> Comparison:
    """Everything that others may have written is hostile."""
    said = flipped(
        HOSTILE, cohort=HOSTILE, label=HOSTILE, clause=HOSTILE, expected=HOSTILE, found=HOSTILE,
        candidate=quoted(HOSTILE, reason=HOSTILE, label=HOSTILE), baseline=quoted("x" * 100_000),
    )  # fmt: skip
    groups = (group(evaluator=HOSTILE, label=HOSTILE, clause=HOSTILE, flipped=(said,), hunk=1),)
    return comparison(
        worse(HOSTILE, HOSTILE, before=brings(pitch_rate=0.1), after=brings(pitch_rate=0.9, counts={"unsure": 9})),
        cell(HOSTILE, "b", state="not_testable", why=HOSTILE),
        verdict="REGRESSION", baseline=side(HOSTILE), candidate=side(HOSTILE), groups=groups,
        critical=(finding(case=HOSTILE, cohort=HOSTILE, label=HOSTILE),), reasons=(reason("regression", HOSTILE),),
        exploratory=(cell(HOSTILE, delta=-0.1),), prompt_diff=(f"@@ -1 +1 @@\n-{HOSTILE}\n+`````` @everyone",),
        allowed=(HOSTILE,), settings_from=HOSTILE,
    )  # fmt: skip


# --- what is said ---


def test_the_first_line_finds_the_comment_again_and_the_heading_has_the_verdict() -> None:
    lines = markdown([regression()], name="care gate").splitlines()

    assert lines[0] == "<!-- evalh:care-gate -->"
    assert lines[1] == "## evalh: REGRESSION: worse than the baseline (v1 to v2)"


def test_a_name_cannot_end_the_hidden_comment() -> None:
    assert markdown([], name="a --> <b>@x") == "<!-- evalh:a-b-x -->\n"
    assert markdown([], name="--") == "<!-- evalh:evalh -->\n"


def test_a_regression_is_told_in_numbers_words_and_quotes() -> None:
    text = markdown([regression(critical=(finding(), finding(blocks=False, case="c10")))])

    assert "| persona price_sensitive | groundedness | 0.90 | 0.81 | -0.09 | -0.02 | 33 | about 1 in 200 |" in text
    assert "would have caught (4 in 5 times) a drop of 2 points of overall quality" in text
    assert "- groundedness got worse for price_sensitive.\n" in text
    assert "**Critical findings: each of them blocks**\n\n- eligibility suppressed in case case-9 (angry): 2 of" in text
    assert (
        "<summary>1 critical finding to look at: not enough to block</summary>\n\nWith so few trials, as many can fall "
        "on the candidate's side by chance: they do not block by themselves (gate.critical.zero_tolerance would).\n\n"
        "- eligibility suppressed in case c10" in text
    )
    assert "**groundedness: wrong_price**, clause care.price: new in 1 case\n" in text
    assert '| turn 4: "It is 49.99." | turn 4: "It is 29.99."<br>no policy says so<br>expected' in text
    assert "| 4 paired cases, 6 needed | persona angry | tone |" in text


def test_the_nearest_prompt_change_is_shown_as_a_diff_and_only_that() -> None:
    hunks = ("@@ -1 +1 @@\n-a\n+b", "@@ -9 +9 @@\n-c\n+d")
    text = markdown([regression(groups=(group(hunk=2), group(label="other", hunk=7)), prompt_diff=hunks)])

    assert "nearest in wording: prompt change 2\n" in text
    assert "**Prompt change 2 of 2** (nearest in wording to the turns above: an aid, no finding)" in text
    assert "```diff\n@@ -9 +9 @@\n-c\n+d\n```\n" in text
    assert "+b" not in text
    assert "prompt change 7" not in text


def test_a_baseline_that_is_not_kept_is_said_to_be_so() -> None:
    text = markdown([regression(groups=(group(flipped=(flipped(baseline=None),)),))])

    assert "| (not kept) |" in text


def test_what_is_not_tested_is_told_as_not_tested() -> None:
    text = markdown(
        [comparison(worse(), verdict=None, exploratory=(cell("tone", delta=-0.2), cell("few", pairs=2, delta=-1.0)))]
    )

    assert "## evalh: no gate: no gate, differences only (v1 to v2)" in text
    assert "**Biggest drops: differences of means, not tested**" in text
    assert "What got worse" not in text
    assert "<summary>Other drops: shown, never tested</summary>" in text
    assert "| few |" not in text


def test_shifts_stability_and_what_was_allowed_are_told() -> None:
    stable = brings(pitch_rate=0.9, pass_all=0.8, stable=0.95, pass_low=0.85, pass_high=0.93)
    told = comparison(cell(before=brings(pass_all=0.9, stable=1.0), after=stable), allowed=("reader",))
    text = markdown([told])

    assert "| all conversations | pitched in | 50% | 90% |" in text
    assert "| groundedness | 90% | 80% | 100% | 95% |" in text
    assert "| 90% (85% to 93%) |" in text
    assert "Compared although these differ between the sides: reader." in text


def test_the_only_trial_is_not_counted_and_cases_that_are_not_shown_are() -> None:
    text = markdown([regression(groups=(group(cases=9, flipped=(flipped("a", trials=1, of_trials=1),)),))])

    assert "| a<br>price_sensitive | turn 4" in text
    assert "new in 9 cases; shown: 1" in text


def test_a_comparison_without_a_baseline_is_told() -> None:
    bare = Comparison(
        run_id="r", baseline=None, candidate=side("v2"), verdict="INCOMPLETE", reasons=(reason("no_baseline", "none"),)
    )

    assert "INCOMPLETE: too much is missing to tell (none to v2)" in markdown([bare])


def test_critical_findings_of_a_kind_are_counted_before_they_are_named() -> None:
    text = markdown([comparison(critical=tuple(finding(blocks=False, case=f"s-{n:02}") for n in range(22)))])

    assert "<summary>22 critical findings to look at: not enough to block</summary>" in text
    assert "- eligibility suppressed in 22 cases, in no trial of the baseline: s-00, s-01, " in text
    assert "s-18, s-19 and 2 more\n" in text
    assert "chance" not in markdown([comparison(verdict=None, critical=(finding(blocks=False),))]).split("<details>")[1]


def test_a_pass_shows_the_cells_that_fell_most_unfolded() -> None:
    text = markdown([comparison(*(cell(cohort=f"c{n}", delta=-0.01 * n) for n in range(8)))])
    unfolded = re.sub(r"(?s)<details>.*?</details>", "", text)

    assert "**Fell most, no more than chance explains**" in unfolded
    assert re.findall(r"\| persona (c\d) \|", unfolded) == ["c7", "c6", "c5", "c4", "c3"]
    assert "Fell most" not in markdown([regression(worse(), cell("tone", delta=-0.1))])


def test_a_cell_of_an_earlier_look_is_no_present_finding() -> None:
    held, why = earlier()
    text = markdown([regression(held, reasons=(why,))])

    assert "## evalh: REGRESSION: called worse at an earlier look (v1 to v2)" in text
    assert "by more than chance explains" not in text
    assert "**Called worse at an earlier look**" in text
    assert "| persona price_sensitive | groundedness | 0.90 | 0.89 | -0.01 | - | 33 | earlier look |" in text

    both = markdown([regression(held, worse("tone"), reasons=(why,))])
    assert "## evalh: REGRESSION: worse than the baseline" in both
    assert re.search(
        r"\*\*What got worse\*\*\n\n.*\n.*\n.* tone .*\n.* groundedness .* earlier look \|\n\nfrom, to: means", both
    )


# --- text of others ---


def test_hostile_text_stays_text_wherever_it_stands() -> None:
    text = markdown([hostile()], limit=10**9)
    html = rendered(text)

    assert tags(html) <= TAGS
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200c-\u200f\u202a-\u202e\u2028\ud800-\udfff]", text)
    outside = re.sub(r"(?s)<pre>.*?</pre>", "", html)
    assert outside.count("<!--") == 1
    assert not ADDRESS.search(shown(outside))
    assert len(re.findall("<table>", html)) == 6
    assert "x" * 301 not in text


@pytest.mark.parametrize(
    "text",
    [
        "- item", "+ item", "1. one", "2) two", "# head", "> quote", "=====", "/close", "---", "***", "~~~", "```x",
        "    code", "<br>", "&lt;", "a\nb\n\n# c", "| a | b |", "[a]: http://x", "\\", "a\\", "`", "_a_", "a_b*c*",
        "$x$", "$1 and 2$", "~~gone~~", "![x](y)", "<!-- x", "&#64;all", "@me", "#1 !2 GH-3 a#4", "HTTP://x.y WWW.x.y",
        "mailto:a@b.c",
    ],
)  # fmt: skip
@pytest.mark.parametrize("around", ["{}", "- {}", "| {} | b |\n| --- | --- |\n| {} | c |", "**{}**"])
def test_markup_is_shown_as_it_was_written(text: str, around: str) -> None:
    html = rendered(around.format(*[inline(text)] * 2))

    assert " ".join(text.split()) in shown(html).replace("\u200b", "")
    assert tags(html) <= {"p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td", "strong", "span"}
    assert html.count("<li>") == around.count("- {")
    assert not ADDRESS.search(shown(html))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/close this", "&#8203;/close this"),
        ("&12", "&amp;&#8203;12"),
        ("from $5 to 6$", "from <span>$</span>5 to 6<span>$</span>"),
        ("price_sensitive", "price_sensitive"),
    ],
)
def test_commands_references_and_math_of_the_platforms_are_broken(text: str, told: str) -> None:
    assert inline(text) == told


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("`*_[]()<>&!#|~\\@:/\n- 1."), max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_stays_on_its_line_and_within_its_cell(text: str) -> None:
    table = f"| a | b |\n| --- | --- |\n| {inline(text)} | end |"
    html = rendered(table)

    assert "\n" not in inline(text)
    assert "<td>end</td>" in html
    assert html.count("<td>") == 2
    assert tags(html) <= {"table", "thead", "tbody", "tr", "th", "td", "span"}


def test_nothing_in_a_block_of_code_ends_it() -> None:
    block = fenced("+ ```\n+ `````\n+ <b>@x</b>\n\x1b[2J", "diff")

    assert block.startswith("``````diff\n")
    assert rendered(block).count("<pre>") == 1
    assert rendered(f"{block}\n\nafter").endswith("<p>after</p>\n")
    assert "\\x1b[2J" in block


def test_a_long_block_of_code_is_cut_with_a_line_that_says_so() -> None:
    lines = fenced("\n".join(["+" + "x" * 1000] * 100), "diff").split("\n")

    assert len(lines) == 63
    assert lines[-2] == "... 40 more lines"
    assert max(map(len, lines)) == 500


# --- size ---


def many(cases: int = 500) -> Comparison:
    said = tuple(
        flipped(f"case-{i}", candidate=quoted("\U0001f600" * 290), baseline=quoted("é" * 250)) for i in range(cases)
    )
    cells = [worse(f"e{i}", "angry") for i in range(40)]
    return comparison(
        *cells, verdict="REGRESSION", groups=(group(flipped=said, cases=cases), group(label="last")),
        prompt_diff=("@@ -1 +1 @@\n-a\n+b",), reasons=tuple(reason("regression", f"reason {i}") for i in range(40)),
    )  # fmt: skip


def test_a_comment_is_never_too_large_and_says_what_is_left_out() -> None:
    text = markdown([many()])

    assert len(text.encode()) <= 60_000
    assert re.search(r"\nLeft out for length: \d+ flipped cases, .*\.\n\Z", text)
    assert "reason 39" in text
    assert "| persona angry | e39 |" in text


@pytest.mark.parametrize("limit", [*range(40), 100, 500, 1000, 2000, *range(5000, 5040), 30_000, 10**6])
def test_whatever_the_limit_blocks_stay_whole(limit: int) -> None:
    text = markdown([many(30)], limit=limit)

    assert len(text.encode()) <= limit
    assert text.count("<details>") == text.count("</details>")
    assert text.count("```") % 2 == 0
    assert not text or text.startswith("<!-- evalh:evalh -->\n")
    assert tags(rendered(text)) <= TAGS


def test_the_worst_is_kept_when_little_fits() -> None:
    text = markdown([many(), regression()], limit=5000)

    assert text.count("\n## evalh: REGRESSION") == 2
    assert "**What got worse**" in text
    assert "<details>" not in text


def test_what_is_left_out_is_counted_once() -> None:
    text = markdown([many(50)], limit=30_000)
    kept = text.count("<br>2 of 3 trials |")
    found = re.search(r"Left out for length: (\d+) flipped cases", text)

    assert found is not None
    assert kept + int(found[1]) == 51


def test_the_same_comparisons_give_the_same_text() -> None:
    assert markdown([regression(), hostile()]) == markdown([regression(), hostile()])


def test_a_drop_over_all_conversations_says_in_which_cohorts_it_fell() -> None:
    text = markdown([regression(worse(cohort="*"), cell(cohort="angry", delta=-0.3, pairs=9))])

    assert "persona angry -0.30 in 9 cases" in text.replace("\\", "")
