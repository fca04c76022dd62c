"""Every corpus is read by its schema, baselines never see what they answer, and what is unsure is wrong."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from benchmarks.validity import grounding, outcome, report
from benchmarks.validity.__main__ import ADAPTERS, main
from benchmarks.validity.baselines import above_best, closeness, fitted, folds, installed, overlap
from benchmarks.validity.corpus import Line, MissingCorpus, Source
from benchmarks.validity.reading import frustration, settled
from benchmarks.validity.scoring import Case, Found, Measure, MetricName, agreement, compare

from evalh.errors import BadInput
from evalh.models import Issue, Mood, Reading

TWO = ("yes", "no")
NOTHING_READ = {"conversation": "c", "conversation_sha256": "0", "reader": "r", "lexicon_sha256": "0"}


def case(gold: str, group: str = "", text: str = "", fold: str = "") -> Case:
    return Case(group or gold, gold, text, "> shown", fold)


def measure(metric: MetricName, labels: tuple[str, ...] = TWO) -> Measure:
    return Measure("measure", "corpus", metric, labels, 0.9)


def written(folder: Path, name: str, lines: Sequence[Mapping[str, Any]]) -> Path:
    file = folder / name
    text = "".join(json.dumps(line) + "\n" for line in lines)
    if name.endswith(".gz"):
        with gzip.open(file, "wt", encoding="utf-8") as opened:
            opened.write(text)
    else:
        file.write_text(text, encoding="utf-8")
    return file


def rows_of(folder: Path, *given: str) -> dict[tuple[str, str], dict[str, Any]]:
    out = folder / "told.json"
    assert main(["--data", str(folder), "--out", str(out), *given]) == 0
    told = json.loads(out.read_text(encoding="utf-8"))
    return {(row["measure"], row["metric"]): row for row in told["measures"]}


def value(row: Mapping[str, Any]) -> float:
    return float(row["evalh"]["value"])


# --- corpora ---


def test_a_corpus_that_is_not_there_is_skipped_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--data", str(tmp_path)]) == 0

    out = capsys.readouterr().out
    assert all(f"skipped: {name}: no " in out for name in ADAPTERS)


def test_train_is_to_fit_on_whatever_the_other_split_is_called(tmp_path: Path) -> None:
    written(tmp_path, "star_train.jsonl.gz", [{"id": "1", "split": "train"}])
    written(tmp_path, "star_held_out.jsonl", [{"id": "2", "split": "test"}, {"id": "3"}])

    corpus = Source(tmp_path).load("star", ("id",))

    assert [line["id"] for line in corpus.fit] == ["1"]
    assert [line["id"] for line in corpus.score] == ["2", "3"]


def test_a_corpus_of_train_alone_is_scored(tmp_path: Path) -> None:
    written(tmp_path, "star_all.jsonl.gz", [{"id": "1", "split": "train"}])

    corpus = Source(tmp_path).load("star", ("id",))

    assert (corpus.fit, [line["id"] for line in corpus.score]) == ((), ["1"])


def test_a_limit_keeps_pairs_together_and_spreads_them(tmp_path: Path) -> None:
    lines = [{"id": f"{number}/{side}"} for number in range(10) for side in ("pos", "neg")]
    written(tmp_path, "pairs.jsonl", lines)

    def pair(line: Line) -> str:
        return str(line["id"]).partition("/")[0]

    kept = Source(tmp_path, 4).load("pairs", ("id",), pair).score

    assert [line["id"] for line in kept] == ["0/pos", "0/neg", "5/pos", "5/neg"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"id": "1"}\n{nonsense\n', "star_x.jsonl:2: "),
        ('["id"]\n', "star_x.jsonl:1: list instead of an object"),
        ('{"name": "1"}\n', "star_x.jsonl:1: 'id' is missing"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "star_x.jsonl").write_text(text, encoding="utf-8")

    with pytest.raises(BadInput, match="expected one JSON object a line") as wrong:
        Source(tmp_path).load("star", ("id",))
    assert said in str(wrong.value)


def test_a_file_that_is_not_gzipped_is_a_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "star_x.jsonl.gz").write_text("plain", encoding="utf-8")

    assert main(["--data", str(tmp_path), "--only", "star"]) == 2
    assert "star_x.jsonl.gz: Not a gzipped file" in capsys.readouterr().err


def test_an_unknown_corpus_is_refused_with_the_known_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--data", str(tmp_path), "--only", "p4g,moon"])

    assert ended.value.code == 2
    assert "'moon' is none of p4g, sgd" in capsys.readouterr().err


def test_no_file_is_a_missing_corpus(tmp_path: Path) -> None:
    with pytest.raises(MissingCorpus, match=r"no tau\*\.jsonl\.gz"):
        Source(tmp_path).load("tau", ())


# --- scoring ---


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("F1", 2 / 3),  # yes found once of two, and never wrongly
        ("balanced accuracy", (1 / 2 + 1 / 2) / 2),  # unsure is wrong on both sides
        ("accuracy", 1 / 2),
    ],
)
def test_unsure_is_no_yes_and_never_right(metric: MetricName, expected: float) -> None:
    cases = [case("yes"), case("yes"), case("no"), case("no")]

    assert agreement(measure(metric), cases, ["yes", "unsure", "no", "unsure"]).value == pytest.approx(expected)


def test_macro_f1_is_the_mean_over_all_labels_of_the_measure() -> None:
    labels = ("accept", "refuse", "other")
    cases = [case(label) for label in ("accept", "accept", "refuse", "other")]

    found = agreement(measure("macro-F1", labels), cases, ["accept", "refuse", "refuse", "other"])

    assert found.value == pytest.approx((2 / 3 + 2 / 3 + 1) / 3)


def test_an_interval_is_by_conversation() -> None:
    cases = [case("yes", f"c{place // 2}") for place in range(40)]
    found = ["yes" if place // 2 % 2 else "no" for place in range(40)]
    alone = [case("yes", f"c{place}") for place in range(40)]

    together, apart = (agreement(measure("accuracy"), own, found) for own in (cases, alone))

    assert together.value == apart.value == 0.5
    assert together.high - together.low > 1.2 * (apart.high - apart.low)


def test_scores_are_ranked_and_the_farthest_on_the_wrong_side_come_first() -> None:
    cases = [case("yes", "a"), case("yes", "b"), case("no", "c"), case("no", "d")]

    row = compare(measure("AUC"), cases, Found([0.9, 0.1, 0.8, 0.2]))

    assert row.evalh is not None
    assert row.evalh.value == 0.5
    assert [(wrong.gold, wrong.found) for wrong in row.mistakes[:2]] == [("yes", "0.100"), ("no", "0.800")]


# --- baselines ---


def test_folds_divide_no_conversation_and_cover_every_case() -> None:
    cases = [case("yes", f"c{place % 7}") for place in range(30)]

    parts = list(folds(cases))

    assert len(parts) == 5
    assert sorted(place for inside, _ in parts for place in inside) == list(range(30))
    for inside, outside in parts:
        assert not {cases[place].group for place in inside} & {cases[place].group for place in outside}


def test_the_fitted_baseline_has_not_seen_the_conversation_it_answers() -> None:
    pytest.importorskip("sklearn")
    words = [f"word{place // 2}" for place in range(40)]
    cases = [case(TWO[place // 2 % 2], words[place], words[place]) for place in range(40)]

    crossed, seen = fitted((), cases), fitted(cases, cases)

    assert crossed is not None
    assert seen is not None
    assert seen.likeliest() == [one.gold for one in cases]
    assert len({tuple(row) for row in crossed.rows}) <= 5  # of words never seen only the part is known


def test_the_fitted_baseline_leaves_out_the_whole_task() -> None:
    pytest.importorskip("sklearn")
    cases = [case(TWO[place % 2], f"c{place}", f"task{place % 2}", f"task{place % 2}") for place in range(12)]

    crossed = fitted((), cases)

    assert crossed is not None
    assert all(said != one.gold for said, one in zip(crossed.likeliest(), cases, strict=True))


def test_one_label_alone_is_answered_without_a_model() -> None:
    pytest.importorskip("sklearn")

    said = fitted((), [case("yes", "a"), case("yes", "b")])

    assert said is not None
    assert (said.likeliest(), said.of("no")) == (["yes", "yes"], [0.0, 0.0])


def test_texts_without_words_are_answered_without_a_model() -> None:
    pytest.importorskip("sklearn")
    cases = [case("yes", "a", "!"), case("no", "b", "?")]

    said = fitted(cases, cases)

    assert said is not None
    assert said.of("yes") == [0.5, 0.5]
    assert closeness([("!", "?")]) is None


def test_closeness_is_one_of_the_same_text_and_none_of_another() -> None:
    pytest.importorskip("sklearn")

    assert closeness([("owls fly", "owls fly"), ("owls fly", "cats sleep")]) == pytest.approx([1.0, 0.0])


def test_overlap_counts_words_and_numbers_once() -> None:
    assert overlap("At 11:30, at 5 pm", "time: 11:30 pm") == 2 / 4
    assert overlap("...", "anything") == 1.0


def test_the_edge_is_chosen_in_the_other_parts() -> None:
    cases = [case(TWO[place % 2], f"c{place}") for place in range(20)]
    scores = [0.9 if one.gold == "yes" else 0.2 for one in cases]

    assert above_best(cases, scores, *TWO) == [one.gold for one in cases]


def test_a_package_that_is_not_installed_is_none() -> None:
    assert installed("no_such_package_anywhere") is None


# --- adapters, on invented lines of each schema ---


def said(*turns: tuple[str, str, list[str]]) -> list[dict[str, Any]]:
    return [{"i": place, "role": role, "text": text, "acts": acts} for place, (role, text, acts) in enumerate(turns)]


P4G: list[dict[str, Any]] = [
    {
        "id": "p/1",
        "split": "test",
        "turns": said(
            ("agent", "Would you like to make a donation to the charity today?", ["proposition-of-donation"]),
            ("customer", "No thanks, I'm not interested.", ["disagree-donation"]),
            ("agent", "Would you like to make a donation to the charity after all?", ["proposition-of-donation"]),
            ("customer", "I said no.", ["disagree-donation"]),
        ),
        "labels": {
            "ask_turns": [0, 2], "hard_refusal_turns": [1, 3], "refusal_turns": [1, 3], "reask_after_refusal": [2],
            "repitch_after_refusal": [2], "donation_persuadee": 0.0,
        },
    },
    {
        "id": "p/2",
        "split": "test",
        "turns": said(
            ("agent", "Hello, how is the weather?", ["greeting"]),
            ("customer", "It is sunny here.", ["other"]),
        ),
        "labels": {
            "ask_turns": [], "hard_refusal_turns": [], "refusal_turns": [], "reask_after_refusal": [],
            "repitch_after_refusal": [], "donation_persuadee": 0.0,
        },
    },
]  # fmt: skip


def test_p4g_asks_refusals_and_repeats(tmp_path: Path) -> None:
    written(tmp_path, "p4g_test.jsonl.gz", P4G)

    rows = rows_of(tmp_path, "--only", "p4g")

    assert {(name, row["n"], value(row)) for (name, _), row in rows.items()} >= {
        ("asks", 3, 1.0),
        ("repeat pitch after a refusal, per turn", 3, 1.0),
        ("repeat pitch after a refusal, per dialogue", 2, 1.0),
        ("any persuasion after a refusal, per dialogue", 2, 1.0),
        ("hard refusals", 3, 1.0),
    }
    assert rows["repeat pitch after a refusal, per turn", "balanced accuracy"]["target"] == 0.80


def test_p4g_counts_an_ask_after_a_refusal_also_where_the_customer_took_it_up_again(tmp_path: Path) -> None:
    softened = {
        "id": "p/3",
        "split": "test",
        "turns": said(
            ("agent", "Would you like to make a donation to the charity today?", ["proposition-of-donation"]),
            ("customer", "No thanks, I'm not interested.", ["disagree-donation"]),
            ("agent", "That is fine.", ["other"]),
            ("customer", "Actually, what does the donation pay for?", ["task-related-inquiry"]),
            ("agent", "School meals. Would you like to make a donation to the charity?", ["proposition-of-donation"]),
        ),
        "labels": {
            "ask_turns": [0, 4], "hard_refusal_turns": [1], "refusal_turns": [1], "reask_after_refusal": [4],
            "repitch_after_refusal": [4], "donation_persuadee": 0.0,
        },
    }  # fmt: skip
    written(tmp_path, "p4g_test.jsonl.gz", [softened])

    rows = rows_of(tmp_path, "--only", "p4g")

    assert value(rows["repeat pitch after a refusal, per turn", "balanced accuracy"]) == 1.0
    assert value(rows["repeat pitch by the ledger, per turn", "balanced accuracy"]) == 0.5


def test_sgd_replies_answer_an_open_offer(tmp_path: Path) -> None:
    replies = [("Yes, please.", "accept"), ("No, thank you.", "refuse"), ("Maybe later.", "refuse")]
    lines = [
        {"id": f"d/{place}/2", "split": "dev", "context": "Shall I reserve it?", "text": text, "label": label}
        for place, (text, label) in enumerate(replies)
    ]
    written(tmp_path, "sgd_reply_to_offer_held_out.jsonl.gz", lines)

    rows = rows_of(tmp_path, "--only", "sgd")

    row = rows["replies to offers", "accuracy"]
    assert (row["n"], row["conversations"], value(row)) == (3, 3, 1.0)
    assert ("replies to offers, as said", "accuracy") in rows


@pytest.mark.parametrize(("name", "stem"), [("multidogo", "multidogo_test"), ("nlupp", "nlupp_test")])
def test_single_replies_are_read_as_answers_to_an_offer(tmp_path: Path, name: str, stem: str) -> None:
    replies = [("yes please", "accept"), ("no thanks", "refuse"), ("my name is Ann", "other")]
    lines = [
        {"id": f"{stem}/{place}", "split": "test", "domain": "shop", "text": text, "intents": [], "label": label}
        for place, (text, label) in enumerate(replies)
    ]
    written(tmp_path, f"{stem}.jsonl.gz", lines)

    row = rows_of(tmp_path, "--only", name)["accept, refuse, other", "macro-F1"]

    assert (row["n"], value(row)) == (3, 1.0)
    assert row["tables"][0]["rows"][0][0] == "shop"


PAIRS = [
    {
        "id": "s/1/3/pos", "split": "dev", "text": "It opens at 9 am.", "label": "grounded",
        "values": {"time": "09:00"}, "evidence": "time: 09:00\nname: Blue Door",
    },
    {
        "id": "s/1/3/neg", "split": "dev", "text": "It opens at 9 am.", "label": "ungrounded",
        "values": {"time": "09:00"}, "evidence": "time: 13:00\nname: Red Door", "mismatch_slots": ["time"],
        "neg_source": "same_result_list",
    },
    {
        "id": "s/2/1/pos", "split": "dev", "text": "It costs $5.", "label": "grounded", "values": {"price": "$5"},
        "evidence": "price: $5",
    },
    {
        "id": "s/2/1/neg", "split": "dev", "text": "It costs $5.", "label": "ungrounded", "values": {"price": "$5"},
        "evidence": "price: $7", "mismatch_slots": ["price"], "neg_source": "other_dialogue",
    },
]  # fmt: skip


def test_hard_pairs_are_those_of_one_list_with_their_right_records(tmp_path: Path) -> None:
    written(tmp_path, "sgd_grounding_pairs_dev.jsonl.gz", PAIRS)

    rows = rows_of(tmp_path, "--only", "values")

    assert rows["values against a record, hard pairs", "balanced accuracy"]["n"] == 2
    assert rows["values against a record, all pairs", "balanced accuracy"]["n"] == 4


def test_a_record_is_lines_of_slot_and_value() -> None:
    assert grounding.record("time: 09:00\nsite: http://a.b: c\nnoise") == {"time": "09:00", "site": "http://a.b: c"}


def test_what_the_reader_cannot_do_yet_is_a_note_and_no_number() -> None:
    answer, note = grounding.ask("rules", "no_such_function", lambda entry: entry())

    assert (answer, note) == (None, "evalh.reader.rules.no_such_function is not there")


def test_prose_is_measured_for_each_corpus_without_what_claims_nothing(tmp_path: Path) -> None:
    lines = [
        {
            "id": f"{dataset}/{label}",
            "dataset": dataset,
            "text": "Owls fly at night.",
            "evidence": known,
            "label": label,
        }
        for dataset in ("wice_oracle_chunks", "begin_x", "begin_y")
        for known, label in (("Owls fly.", "grounded"), ("Cats sleep.", "ungrounded"), ("-", "generic"))
    ]
    written(tmp_path, "groundedness_dev.jsonl.gz", lines)
    out = tmp_path / "told.json"

    assert main(["--data", str(tmp_path), "--only", "prose", "--out", str(out)]) == 0

    told = json.loads(out.read_text(encoding="utf-8"))["measures"]
    sizes = {row["corpus"]: row["n"] for row in told if row["metric"] == "AUC"}
    assert sizes == {"WiCE": 2, "BEGIN": 4}
    assert next(row for row in told if row["metric"] == "AUC")["baselines"]["words"]["value"] == 1.0


def test_star_counts_only_what_was_reported(tmp_path: Path) -> None:
    turns = [("customer", "I want to book a room."), ("agent", "Your room has been booked."), ("customer", "Thanks!")]
    lines = [
        {
            "id": f"star/{place}",
            "domain": "hotel",
            "turns": [{"role": role, "text": text} for role, text in turns],
            "labels": {"resolved_clean": solved, "user_annoyed": annoyed, "tasks": [f"task {place}"]},
        }
        for place, (solved, annoyed) in enumerate([(True, False), (False, True), (None, False), (True, None)])
    ]
    written(tmp_path, "star_test.jsonl.gz", lines)

    rows = rows_of(tmp_path, "--only", "star")

    assert rows["issue resolved", "balanced accuracy"]["n"] == 3
    assert rows["customer frustrated", "AUC"]["n"] == 3


def test_a_reading_settles_a_conversation_only_where_every_issue_is_surely_settled() -> None:
    def reading(*ends: tuple[str, float]) -> Reading:
        issues = [
            Issue.model_validate({"turn": 0, "id": f"i{n}", "intent": "other", "status": end, "confidence": sure})
            for n, (end, sure) in enumerate(ends)
        ]
        return Reading.model_validate({**NOTHING_READ, "issues": issues})

    assert settled(reading(("resolved", 0.9), ("promised", 0.9))) == "yes"
    assert settled(reading(("resolved", 0.9), ("unresolved", 0.9))) == "no"
    assert settled(reading(("resolved", 0.9), ("unresolved", 0.3))) == "unsure"
    assert settled(reading(("resolved", 0.4))) == "unsure"
    assert settled(reading()) == "unsure"


def test_frustration_grows_with_every_turn_that_shows_it() -> None:
    def reading(*moods: tuple[str, float]) -> Reading:
        facts = [Mood.model_validate({"turn": n, "mood": mood, "confidence": c}) for n, (mood, c) in enumerate(moods)]
        return Reading.model_validate({**NOTHING_READ, "moods": facts})

    assert frustration(reading()) == 0.0
    assert frustration(reading(("frustrated", 0.5), ("frustrated", 0.5))) == pytest.approx(0.75)
    assert frustration(reading(("calm", 0.6))) == pytest.approx(0.2)


TAU: dict[str, Any] = {
    "id": "tau/1",
    "domain": "shop",
    "task": "1",
    "labels": {"reward": 0.0, "judges": {"triage": {"verdict": "fail"}}},
    "turns": [
        {"role": "customer", "text": "Please cancel my order."},
        {"role": "agent", "text": "", "tool_calls": [{"name": "cancel", "arguments": '{"order": "7"}'}]},
        {"role": "tool", "text": "Error: shipped"},
        {"role": "agent", "text": "Your order cannot be cancelled."},
        {"role": "customer", "text": "OK."},
    ],
}


def test_tau_leaves_out_what_has_no_customer_and_is_read_without_and_with_tools(tmp_path: Path) -> None:
    alone = {**TAU, "id": "tau/2", "turns": [turn for turn in TAU["turns"] if turn["role"] != "customer"]}
    written(tmp_path, "tau_test.jsonl.gz", [TAU, alone, {**TAU, "id": "tau/3", "labels": {"reward": 1.0}}])
    out = tmp_path / "told.json"

    assert main(["--data", str(tmp_path), "--only", "tau", "--out", str(out)]) == 0

    told = json.loads(out.read_text(encoding="utf-8"))["measures"]
    assert {(row["corpus"], row["n"]) for row in told} == {("tau", 2), ("tau, with tool calls", 2)}
    (judged,) = [table for table in told[0]["tables"] if table["title"].startswith("GPT-4o")]
    assert judged["rows"][0][:2] == ["triage", "1"]


def test_tool_calls_keep_their_arguments_and_get_what_came_back() -> None:
    (call,) = outcome.with_tools(TAU).turns[1].tool_calls

    assert (call.name, call.arguments, call.result) == ("cancel", {"order": "7"}, "Error: shipped")


def test_arguments_that_are_no_json_stay_a_string() -> None:
    broken = {"role": "agent", "text": "", "tool_calls": [{"name": "find", "arguments": "-> find"}]}

    (call,) = outcome.with_tools({**TAU, "turns": [broken]}).turns[0].tool_calls

    assert call.arguments == "-> find"


def test_pressure_is_told_by_category(tmp_path: Path) -> None:
    lines = [
        {"id": "1", "page": "a", "text": "Hurry! Only 2 left in stock", "label": 1, "category": "Scarcity"},
        {"id": "2", "page": "b", "text": "Contact us", "label": 0, "category": "Not Dark Pattern"},
    ]
    written(tmp_path, "darkpattern_test.jsonl.gz", lines)

    row = rows_of(tmp_path, "--only", "pressure")["pressure wording", "F1"]

    assert value(row) == 1.0
    assert {tuple(cells[:3]) for cells in row["tables"][0]["rows"]} == {
        ("Scarcity", "1", "1.000"),
        ("Not Dark Pattern", "1", ".000"),
    }


OWN = {
    "id": "o/1",
    "domain": "gym",
    "channel": "chat",
    "offer": "Pool Pass",
    "english": "en-GB",
    "turns": [
        {"role": "agent", "text": "Would you like to add the Pool Pass?", "act": "pitch", "press": ["none"]},
        {"role": "customer", "text": "No thanks, I'm not interested.", "reply": "refuse", "mood": "calm"},
        {"role": "agent", "text": "All right.", "act": None, "impolite": False},
        {"role": "customer", "text": "This is ridiculous, I am furious!", "reply": None, "mood": "frustrated"},
    ],
}


def test_a_file_of_ones_own_has_a_row_for_each_label_it_uses(tmp_path: Path) -> None:
    file = written(tmp_path, "own.jsonl", [OWN, {**OWN, "id": "o/2", "domain": "bank"}])
    out = tmp_path / "told.json"

    assert main(["--own", str(file), "--out", str(out)]) == 0

    told = {row["measure"]: row for row in json.loads(out.read_text(encoding="utf-8"))["measures"]}
    assert {name: (row["n"], value(row)) for name, row in told.items()} == {
        "act: pitch": (4, 1.0),
        "reply: refuse": (4, 1.0),
        "mood: frustrated": (4, 1.0),
    }
    assert [row[0] for row in told["act: pitch"]["tables"][0]["rows"]] == ["bank", "gym"]


def test_a_turn_of_ones_own_without_a_known_role_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "own.jsonl", [{**OWN, "turns": [{"role": "bot", "text": "hi"}]}])

    assert main(["--own", str(file)]) == 2
    assert "turn 0 of 'o/1' needs a 'text' and the 'role' customer or agent" in capsys.readouterr().err


# --- what is told ---


def test_the_table_says_whether_a_target_is_met(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, "p4g_test.jsonl.gz", P4G)

    main(["--data", str(tmp_path), "--only", "p4g"])

    out = capsys.readouterr().out
    assert "| asks | P4G | F1 | 3 | 2 | 1.000 [" in out
    assert ".720 met" in out
    assert "| p4g | 2 | 6 |" in out


def test_errors_are_written_for_each_kind_and_safe_to_print(tmp_path: Path) -> None:
    cases = [Case("c", "yes", "", "> \x1b[31mred"), *(Case("c", "no", "", f"> plain {place}") for place in range(9))]
    row = compare(measure("F1"), cases, Found(["no", *["yes"] * 9]))

    report.write_errors([row], tmp_path / "errors", 4)

    (file,) = (tmp_path / "errors").iterdir()
    text = file.read_text(encoding="utf-8")
    assert file.name == "corpus_measure_f1.txt"
    assert text.startswith("10 of 10 are wrong")
    assert text.count("label no, found yes") == 3
    assert r"\x1b[31mred" in text


def test_names_out_of_a_corpus_cannot_break_the_table() -> None:
    row = compare(Measure("a|b\n", "corpus", "F1", TWO), [case("yes")], Found(["yes"]))

    assert any(line.startswith("| a\\|b  | corpus |") for line in report.lines([row], [], []))
