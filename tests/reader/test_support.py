"""Tests for evalh.reader.support: claims that a passage supports, beside claims that it does not."""

from __future__ import annotations

import json
from importlib.resources import files

import numpy as np
import pytest

from evalh.reader.support import FEATURES, RISING, features, supported

ROAMING = (
    "The travel pass works in 38 countries. It costs 6 dollars a day and is charged only on days when you use data. "
    "Calls to premium numbers are not included. The pass ends by itself after 30 days."
)
HOTEL = (
    "Breakfast is served in the garden room from 7 to 10. Guests may cancel free of charge until two days before "
    "arrival. The sauna is open to all guests; towels are provided at the desk."
)
BANK = (
    "The Harbour account has no monthly fee. A debit card is sent within five working days. Cash withdrawals abroad "
    "cost 2 percent of the amount. Customers under 26 receive a student overdraft of 500 pounds."
)
ENERGY = (
    "The tariff is fixed for two years. If the customer moves house, the contract moves along without a fee. The "
    "standing charge is 42 cents a day."
)


@pytest.mark.parametrize(
    ("passage", "right", "wrong"),
    [
        (ROAMING, "The travel pass works in 38 countries.", "The travel pass works in 52 countries."),
        (ROAMING, "You are charged only on days when you use data.", "You are charged once for the whole month."),
        (ROAMING, "The pass ends by itself after 30 days.", "The pass renews until you ring us to stop it."),
        (HOTEL, "Breakfast is served in the garden room.", "Breakfast is brought to every room by a waiter."),
        (HOTEL, "Guests may cancel free of charge until two days before arrival.", "Guests may bring a dog for free."),
        (HOTEL, "Towels are provided at the desk.", "A shuttle takes guests to the airport."),
        (BANK, "The Harbour account has no monthly fee.", "The Quayside account has an annual bonus."),
        (BANK, "A debit card is sent within five working days.", "A gold card is sent with a metal case."),
        (ENERGY, "The tariff is fixed for two years.", "The tariff follows the market every hour."),
        (ENERGY, "The contract moves along when the customer moves house.", "The contract includes a free heat pump."),
    ],
)
def test_a_supported_claim_is_likelier_than_an_invented_one(passage: str, right: str, wrong: str) -> None:
    yes, no = supported([(right, passage), (wrong, passage)])
    assert yes > 0.5 > no


@pytest.mark.parametrize(
    ("passage", "right", "turned"),
    [
        (ROAMING, "Calls to premium numbers are not included.", "Calls to premium numbers are included."),
        (BANK, "The Harbour account has no monthly fee.", "The Harbour account has a monthly fee."),
        (ENERGY, "The tariff is fixed for two years.", "The tariff is variable for two years."),
    ],
)
def test_the_opposite_of_what_is_said_is_not_supported(passage: str, right: str, turned: str) -> None:
    yes, no = supported([(right, passage), (turned, passage)])
    assert yes > 0.5 > no


def test_the_same_length_of_time_in_other_words_is_the_same_number() -> None:
    row = features([("The tariff is fixed for 24 months.", ENERGY)])[0]
    assert row[FEATURES.index("numbers")] == 1.0


def test_a_number_that_the_passage_lacks_counts_against() -> None:
    row = features([("The tariff is fixed for 18 months.", ENERGY)])[0]
    assert row[FEATURES.index("numbers")] == 0.0


def test_a_name_that_the_passage_lacks_counts_against() -> None:
    row = features([("It is run by Ostrava Energy.", ENERGY)])[0]
    assert row[FEATURES.index("names")] < 1.0


def test_every_part_of_a_claim_needs_support() -> None:
    whole, half = supported(
        [
            ("The tariff is fixed for two years. The standing charge is 42 cents a day.", ENERGY),
            ("The tariff is fixed for two years. A smart thermostat comes with it as a present.", ENERGY),
        ]
    )
    assert whole > 0.5 > half


@pytest.mark.parametrize("pair", [("", ENERGY), ("The tariff is fixed.", ""), ("...", ENERGY), ("", "")])
def test_where_there_are_no_words_there_is_no_support(pair: tuple[str, str]) -> None:
    assert supported([pair]) == [0.0]


def test_no_pairs_give_no_chances() -> None:
    assert supported([]) == []


def test_a_chance_does_not_depend_on_the_other_pairs() -> None:
    pairs = [("Towels are provided at the desk.", HOTEL), ("The tariff is fixed for two years.", ENERGY)]
    assert supported(pairs) == pytest.approx([supported([pair])[0] for pair in pairs], abs=1e-6)


def test_only_the_nearest_sentences_are_encoded_so_a_long_passage_changes_little() -> None:
    claim = "A debit card is sent within five working days."
    filler = " ".join(f"Branch number {number} closes at noon on holidays." for number in range(60))
    short, long = supported([(claim, BANK), (claim, f"{filler} {BANK}")])
    assert long == pytest.approx(short, abs=0.1)


def test_the_weights_are_those_of_the_features() -> None:
    stored = json.loads(files("evalh.reader").joinpath("weights", "support.json").read_text("utf-8"))
    assert stored["features"] == list(FEATURES)
    assert np.array(stored["leaf"]).shape[1] == 8


def test_trees_never_weigh_a_feature_the_wrong_way() -> None:
    stored = json.loads(files("evalh.reader").joinpath("weights", "support.json").read_text("utf-8"))
    for split, thresholds, leaf in zip(stored["feature"], stored["threshold"], stored["leaf"], strict=True):
        for node in range(3, 7):
            below, above = leaf[2 * (node - 3)], leaf[2 * (node - 3) + 1]
            rising = FEATURES[split[node]] in RISING
            assert below <= above + 1e-9 if rising else below >= above - 1e-9 or thresholds[node] == 0.0
