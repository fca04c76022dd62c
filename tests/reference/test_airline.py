import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalh.cli.main import main

ROOT = Path(__file__).parents[2]
SET = ROOT / "golden_sets/skylark_booking"
Row = dict[str, Any]


def rows(path: Path) -> list[Row]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@dataclass(frozen=True)
class Ran:
    """The exit code and what the run left."""

    code: int
    folder: Path

    def scores(self, evaluator: str, label: str | None = None) -> list[Row]:
        found = [row for row in rows(self.folder / "scores.jsonl") if row["evaluator"] == evaluator]
        return [row for row in found if not row["rollup"] and label in (None, row["label"])]

    def readings(self) -> Iterator[tuple[tuple[str, str], Row]]:
        """By case and prompt version."""
        held = rows(self.folder / "conversations.jsonl")
        for row, reading in zip(held, rows(self.folder / "readings.jsonl"), strict=True):
            yield (row["case"], row["prompt_version"]), reading


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("airline")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setenv("EVALH_CACHE", str(folder / "cache"))
        code = main(["run", "configs/airline.yaml", "--out", str(folder / "out")])
    return Ran(code, folder / "out")


def place(row: Row) -> tuple[str, str, int]:
    return row["case"], row["prompt_version"], row["turn"]


def labelled(construct: str, label: str, offer: str | None = None) -> set[tuple[str, str, int]]:
    found = [row for row in rows(SET / "labels.jsonl") if (row["construct"], row["label"]) == (construct, label)]
    return {place(row) for row in found if offer in (None, row["offer"])}


def fares() -> set[float]:
    """What flights and whole bookings cost, by the tools."""
    held = [row for version in ("v1", "v2") for row in rows(SET / f"recordings/{version}.jsonl")]
    calls = [call for row in held for turn in row["turns"] for call in turn.get("tool_calls", ())]
    told = [call["result"] for call in calls if call["name"] != "update_reservation_baggages"]
    paid = [pay["amount"] for call in calls for pay in call["arguments"].get("payment_methods", ())]
    return {float(amount) for amount in (*re.findall(r"\d+\.\d\d", " ".join(told)), *paid)}


def test_the_run_over_the_airline_set_ends_with_the_drop_of_groundedness(ran: Ran) -> None:
    manifest = json.loads((ran.folder / "manifest.json").read_text())
    assert (ran.code, manifest["status"]) == (1, "complete")
    assert len(rows(ran.folder / "conversations.jsonl")) == 32
    assert "errored" not in {row["state"] for row in rows(ran.folder / "scores.jsonl")}


def test_every_pitch_of_the_insurance_is_found(ran: Ran) -> None:
    found = {
        (*key, act["turn"])
        for key, reading in ran.readings()
        for act in reading["acts"]
        if (act["offer"], act["act"]) == ("TRAVEL-INS", "pitch")
    }
    assert len(labelled("act", "pitch", "TRAVEL-INS")) >= 12
    assert found >= labelled("act", "pitch", "TRAVEL-INS")


def test_twenty_five_dollars_is_a_wrong_price_with_its_clause(ran: Ran) -> None:
    (row,) = [row for row in ran.scores("groundedness", "wrong_price") if (row["found"] or "").startswith("25")]
    assert place(row) == ("price_sensitive_parent-01", "v2", 7)
    assert (row["offer"], row["clause"]) == ("TRAVEL-INS", "offers/TRAVEL-INS/price.amount")
    assert "$25" in row["evidence"][0]["quote"]


def test_a_booking_with_insurance_nobody_said_yes_to_is_added_without_consent(ran: Ran) -> None:
    found = [row for row in ran.scores("disclosure", "added_without_consent") if row["offer"] == "TRAVEL-INS"]
    assert ("time_pressed_commuter-04", "v2", 9) in {place(row) for row in found}


def test_a_yes_to_the_insurance_is_consent(ran: Ran) -> None:
    found = {place(row) for row in ran.scores("disclosure", "added_without_consent")}
    assert found == labelled("disclosure", "added_without_consent")


def test_a_fare_is_never_read_as_what_an_offer_costs(ran: Ran) -> None:
    wrong = [
        (*key, claim["turn"], claim["value"])
        for key, reading in ran.readings()
        for claim in reading["claims"]
        if claim["kind"] == "price" and float(claim["value"]) in fares()
    ]
    assert wrong == []


def test_a_fare_is_never_judged_as_what_an_offer_costs(ran: Ran) -> None:
    judged = [row for row in ran.scores("groundedness", "wrong_price") if row["found"]]
    assert [place(row) for row in judged if float(row["found"].split()[0]) in fares()] == []


def test_what_the_policy_forbids_to_say_is_found(ran: Ran) -> None:
    found = {place(row) for row in ran.scores("groundedness", "prohibited_claim")}
    assert found == labelled("groundedness", "prohibited_claim")


def test_asking_for_the_insurance_again_after_a_no_is_a_repeat(ran: Ran) -> None:
    found = {place(row) for row in ran.scores("objection_handling", "repeat_pitch_same")}
    assert found == {("chatty_traveller-02", "v2", 9)}


def test_no_upgrade_is_offered_on_the_way_to_a_funeral(ran: Ran) -> None:
    found = {place(row) for row in ran.scores("eligibility", "no_offer_intent")}
    assert found == {("vulnerable_senior-01", "v2", 6)}


def test_insurance_is_not_offered_with_a_change(ran: Ran) -> None:
    found = {place(row) for row in ran.scores("eligibility", "condition_failed")}
    assert found == {("time_pressed_commuter-02", "v2", 6)}
