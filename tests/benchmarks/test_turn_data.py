from __future__ import annotations

import gzip
import hashlib
import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.fit import corpora
from benchmarks.held_out import held_out
from benchmarks.labellers import pairs

from evalh.reader.heads import BINARY, LABELS, NONE
from evalh.stats.agreement import binary

DATA = Path(__file__).parents[2] / "data" / "turns"


def lines(part: str) -> Iterator[dict[str, Any]]:
    for path in sorted((DATA / part).glob("*.jsonl")):
        yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def test_the_blind_files_are_those_that_were_hashed() -> None:
    told = (DATA / "blind" / "SHA256SUMS").read_text().split()
    names = {path.name for path in (DATA / "blind").glob("*.jsonl")}
    assert set(told[1::2]) == names
    for digest, name in zip(told[::2], told[1::2], strict=True):
        assert hashlib.sha256((DATA / "blind" / name).read_bytes()).hexdigest() == digest


def test_no_domain_is_both_trained_on_and_blind() -> None:
    assert not {line["domain"] for line in lines("train")} & {line["domain"] for line in lines("blind")}


@pytest.mark.parametrize(("part", "turns"), [("train", 84_210), ("blind", 9112)])
def test_every_label_is_one_of_the_heads(part: str, turns: int) -> None:
    talks = corpora.own(DATA / part)
    assert sum(len(talk.turns) for talk in talks) == turns
    assert len({talk.id for talk in talks}) == len(talks)
    for turn in corpora.texts(talks):
        assert set(turn.labels) <= set(LABELS)
        assert all(said <= set(LABELS[head]) for head, said in turn.labels.items())
        assert set(turn.binary) in (set(), set(BINARY))


def test_second_labels_are_of_turns_that_exist_and_of_known_labels() -> None:
    twice = list(pairs())
    assert len(twice) == 901
    for first, second in twice:
        fields = ("reply", "mood", "word") if first["role"] == "customer" else ("act", "register", "issue")
        assert all((second[field] or NONE) in LABELS[field] for field in fields)
    answers = [(one["reply"] == "refuse", other["reply"] == "refuse") for one, other in twice if "reply" in other]
    both = binary([one for one, _ in answers], [other for _, other in answers])
    assert 0.9 < both.f1 < 1, "two labellers, who need not agree"


def test_hardly_a_longer_turn_is_said_twice() -> None:
    said = Counter(
        " ".join(re.findall(r"\w+", turn["text"].lower())) for line in lines("train") for turn in line["turns"]
    )
    assert sum(count > 1 for text, count in said.items() if len(text) > 25) <= 5


def test_an_own_turn_has_the_labels_of_its_side(tmp_path: Path) -> None:
    agent = {"role": "agent", "text": "Shall I add it?", "act": "pitch", "register": "pushy", "issue": None}
    customer = {"role": "customer", "text": "No.", "reply": "refuse", "mood": "calm", "word": None}
    talk = {"id": "a", "domain": "gym", "turns": [{**agent, "impolite": False, "press": ["fear"]}, customer]}
    (tmp_path / "a.jsonl").write_text(json.dumps(talk) + "\n")
    first, second = corpora.own(tmp_path)[0].turns
    assert first.labels["act"] == {"pitch"}
    assert first.labels["issue"] == {NONE}
    assert {name for name, yes in first.binary.items() if yes} == {"fear", "presses", "asks"}
    assert second.labels == {"reply": {"refuse"}, "mood": {"calm"}, "word": {NONE}}
    assert second.binary == {}


def test_a_quarter_is_held_out_and_what_belongs_together_stays_together() -> None:
    assert 0.2 < sum(held_out({"id": f"c/{number}"}) for number in range(2_000)) / 2_000 < 0.3
    assert len({held_out({"id": f"t/{number}", "conversation": "c"}) for number in range(50)}) == 1
    assert len({held_out({"id": f"t/{number}", "evidence": "The same article."}) for number in range(50)}) == 1
    assert len({held_out({"id": f"sgd/dev/1_7/{turn}", "context": "Shall I?"}) for turn in range(50)}) == 1


def packed(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    with gzip.open(folder / name, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)


def test_an_answer_to_the_next_step_is_fitted_on_with_its_question(tmp_path: Path) -> None:
    rows = [
        {"id": f"sgd/dev/{n}/1", "context": "Shall I book it?", "text": f"Not now, {n}.", "label": "refuse"}
        for n in range(40)
    ]
    rows += [{**row, "id": f"{row['id']}y", "text": "Please do.", "label": "accept"} for row in rows]
    packed(tmp_path, "sgd_reply_to_offer.jsonl.gz", rows)

    talks = corpora.sgd(tmp_path, random.Random(1))
    assert {talk.id for talk in talks} == {row["id"] for row in rows if not held_out(row)}
    for talk in talks:
        question, answer = talk.turns
        assert question.text.startswith("shall i book it?")
        assert answer.labels["reply"] == ({"accept"} if talk.id.endswith("y") else {"refuse", "defer", "deflect"})
    assert 0 < sum(len(talk.turns[0].text) > len("shall i book it?") for talk in talks) < len(talks)


def test_what_is_an_answer_by_the_unknown_question_alone_is_not_fitted_on(tmp_path: Path) -> None:
    rows = [
        {"id": f"m/{n}/{text}", "split": "train", "domain": "airline", "text": text, "label": label}
        for n, (text, label) in enumerate(
            [("ok sure", "other"), ("OK.", "other"), ("ok thanks", "other"), ("no seat 4", "other"), ("ok", "accept")]
            * 20
        )
    ]
    packed(tmp_path, "multidogo_train.jsonl.gz", rows)
    talks = corpora.multidogo(tmp_path, random.Random(1), 10_000)
    assert {talk.turns[1].text for talk in talks} == {"ok thanks", "no seat 4", "ok"}
    assert all("accept" in talk.turns[1].labels["reply"] for talk in talks if talk.turns[1].text == "ok")
