"""Tests for evalh.reader.values: what a sentence says beside a record, on both sides of each rule."""

from __future__ import annotations

import time

import pytest

from evalh.reader.slots import slots
from evalh.reader.values import agrees

HOTEL = {
    "hotel_name": "Larch Court Inn",
    "city": "Dunmere",
    "check_in_date": "2026-03-08",
    "check_in_time": "15:30",
    "price_per_night": "129",
    "number_of_guests": "2",
    "number_of_beds": "1",
    "star_rating": "4",
    "rating": "4.3",
    "has_outdoor_pool": "True",
    "pets_allowed": "False",
    "phone_number": "555-204-7781",
    "price_range": "moderate",
}
PLAN = {
    "plan_name": "Breeze 40",
    "monthly_price": "$39.99 a month",
    "contract_term": "24 months",
    "data_allowance": "40 GB",
    "loyalty_discount": "15%",
    "starts_at": "2026-05-02T09:00",
}
ACCOUNT = {"account_type": "savings", "balance": "1204.50", "transfer_time": "3", "recipient_name": "Ilse Marden"}
TARIFF = {"tariff_name": "Steady Green", "payment": "monthly", "standing_charge": "0.48", "is_fixed": "yes"}
FLIGHT = {"airline": "Norvik Air", "stops": "1", "outbound_departure_time": "06:40", "inbound_departure_time": "19:05"}


@pytest.mark.parametrize(
    ("text", "record", "slot", "right"),
    [
        ("Check-in is on March 8th.", HOTEL, "check_in_date", True),
        ("Check-in is on March 9th.", HOTEL, "check_in_date", False),
        ("You arrive on 2026-03-08.", HOTEL, "check_in_date", True),
        ("You arrive on 2025-03-08.", HOTEL, "check_in_date", False),
        ("You arrive on the 8th of this month.", HOTEL, "check_in_date", True),
        ("You arrive on the 18th of this month.", HOTEL, "check_in_date", False),
        ("You arrive on Sunday.", HOTEL, "check_in_date", True),
        ("You arrive on Monday.", HOTEL, "check_in_date", False),
        ("The room is ready at half past 3.", HOTEL, "check_in_time", True),
        ("The room is ready at half past 4.", HOTEL, "check_in_time", False),
        ("The room is ready at 3:30 pm.", HOTEL, "check_in_time", True),
        ("The room is ready at 3:30 am.", HOTEL, "check_in_time", False),
        ("The room is ready at three thirty p.m.", HOTEL, "check_in_time", True),
        ("The room is ready at quarter to four in the afternoon.", HOTEL, "check_in_time", False),
        ("It is $129 a night.", HOTEL, "price_per_night", True),
        ("It is $119 a night.", HOTEL, "price_per_night", False),
        ("It is one hundred and twenty nine dollars.", HOTEL, "price_per_night", True),
        ("I booked it for two people.", HOTEL, "number_of_guests", True),
        ("I booked it for three people.", HOTEL, "number_of_guests", False),
        ("It is a one-bedroom suite.", HOTEL, "number_of_beds", True),
        ("It is a two-bedroom suite.", HOTEL, "number_of_beds", False),
        ("It is a 4 star place.", HOTEL, "star_rating", True),
        ("It is a 5 star place.", HOTEL, "star_rating", False),
        ("Guests give it a rating of 4.3.", HOTEL, "rating", True),
        ("Guests give it a rating of 4.8.", HOTEL, "rating", False),
        ("There is an outdoor pool.", HOTEL, "has_outdoor_pool", True),
        ("There is no outdoor pool.", HOTEL, "has_outdoor_pool", False),
        ("Sorry, they don't allow pets.", HOTEL, "pets_allowed", True),
        ("Pets are welcome.", HOTEL, "pets_allowed", False),
        ("Pets are not a problem.", HOTEL, "pets_allowed", False),
        ("Call them on (555) 204 7781.", HOTEL, "phone_number", True),
        ("Call them on 555-204-7782.", HOTEL, "phone_number", False),
        ("It is moderately priced.", HOTEL, "price_range", True),
        ("It is on the expensive side.", HOTEL, "price_range", False),
        ("It is called Larch Court Inn.", HOTEL, "hotel_name", True),
        ("it is called larch court inn", HOTEL, "hotel_name", True),
        ("It is called Larchcourt Inn.", HOTEL, "hotel_name", True),
        ("It is called Birch Tower Lodge.", HOTEL, "hotel_name", False),
        ("it is called birkenhof lodge", HOTEL, "hotel_name", False),
        ("How about the Breeze 40 plan?", PLAN, "plan_name", True),
        ("How about the Breeze 60 plan?", PLAN, "plan_name", False),
        ("It's thirty nine ninety nine a month.", PLAN, "monthly_price", True),
        ("It's $34.99 a month.", PLAN, "monthly_price", False),
        ("You are bound for two years.", PLAN, "contract_term", True),
        ("You are bound for 12 months.", PLAN, "contract_term", False),
        ("You get forty gigs.", PLAN, "data_allowance", True),
        ("You get 60 GB.", PLAN, "data_allowance", False),
        ("That's 15 percent off.", PLAN, "loyalty_discount", True),
        ("That's 20% off.", PLAN, "loyalty_discount", False),
        ("It starts on May 2nd.", PLAN, "starts_at", True),
        ("It starts at 10 am.", PLAN, "starts_at", False),
        ("Your savings account holds $1,204.50.", ACCOUNT, "account_type", True),
        ("Your checking account holds $1,204.50.", ACCOUNT, "account_type", False),
        ("The balance is $1,240.50.", ACCOUNT, "balance", False),
        ("It takes 3 business days.", ACCOUNT, "transfer_time", True),
        ("It takes 5 business days.", ACCOUNT, "transfer_time", False),
        ("I sent it to Ilse Marden.", ACCOUNT, "recipient_name", True),
        ("I sent it to Jonas Weller.", ACCOUNT, "recipient_name", False),
        ("The tariff is fixed.", TARIFF, "is_fixed", True),
        ("The tariff is not fixed.", TARIFF, "is_fixed", False),
        ("You pay it annually.", TARIFF, "payment", False),
        ("The flight has one stop.", FLIGHT, "stops", True),
        ("The flight has 2 layovers.", FLIGHT, "stops", False),
        ("It is a direct flight.", FLIGHT, "stops", False),
        ("It leaves at 7:05 in the evening.", FLIGHT, "inbound_departure_time", True),
    ],
)
def test_a_value_is_found_right_or_wrong(text: str, record: dict[str, str], slot: str, right: bool) -> None:
    verdict = agrees(text, record)
    assert (slot in verdict.matches, slot in verdict.mismatches) == (right, not right), verdict
    assert verdict.label == ("grounded" if right else "ungrounded")


@pytest.mark.parametrize(
    "text",
    [
        "Is there anything else I can help you with?",
        "Yes, they do.",
        "I found 10 hotels for you.",
        "Would you like to know whether there is an outdoor pool?",
        "",
    ],
)
def test_what_the_record_does_not_speak_of_is_not_judged(text: str) -> None:
    verdict = agrees(text, HOTEL)
    assert (verdict.label, verdict.matches, verdict.mismatches) == ("unsure", (), ())


def test_one_wrong_value_among_right_ones_is_enough() -> None:
    verdict = agrees("Larch Court Inn in Dunmere has 4 stars and costs $149 a night.", HOTEL)
    assert verdict.label == "ungrounded"
    assert verdict.mismatches == ("price_per_night",)
    assert {"hotel_name", "city", "star_rating"} <= set(verdict.matches)


def test_a_number_in_a_name_is_no_number_of_another_slot() -> None:
    record = {"hotel_name": "45 Quay Lane", "number_of_rooms": "2"}
    assert agrees("How about 45 Quay Lane, with 2 rooms?", record).label == "grounded"


def test_a_price_is_not_read_as_a_time_of_day() -> None:
    assert agrees("The ride costs $12.40.", {"fare": "12.40", "departure_time": "08:15"}).label == "grounded"


def test_a_name_listed_beside_the_right_one_is_no_mismatch() -> None:
    assert agrees("I found Larch Court Inn and Birch Tower Lodge.", HOTEL).label == "grounded"


def test_a_town_is_another_one_though_its_name_begins_alike() -> None:
    assert agrees("Larch Court Inn is in Dunhaven.", HOTEL).label == "ungrounded"


def test_slots_without_a_value_are_left_out() -> None:
    assert slots({"plan": "dontcare", "note": "", "extra": "None"}) == ()


def test_a_point_in_time_is_a_date_and_a_time_of_day() -> None:
    assert [slot.kind for slot in slots({"starts_at": "2026-05-02T09:00"})] == ["date", "time"]


def test_a_rating_is_no_time_of_day() -> None:
    assert [slot.kind for slot in slots({"rating": "4.10"})] == ["number"]


def test_names_of_slots_may_be_written_as_one_word() -> None:
    assert agrees("It is for two people.", {"numberOfGuests": "3"}).mismatches == ("numberOfGuests",)


def test_text_from_outside_cannot_break_it() -> None:
    record = {"": "x", "a": "(((", "b": "12:99", "c": "0000-00-00", "d": "\x00", "e": "+" * 500, "f": "9" * 400}
    assert agrees("((( 12:99 99:99 0000-00-00 \x00 the 99th " + "9" * 400, record).label in (
        "grounded",
        "ungrounded",
        "unsure",
    )


def test_a_pair_takes_less_than_a_millisecond() -> None:
    texts = [
        f"Larch Court Inn in Dunmere costs ${price} a night from March {price % 28 + 1}th." for price in range(300)
    ]
    start = time.process_time()
    for text in texts:
        agrees(text, HOTEL)
    assert (time.process_time() - start) / len(texts) < 0.002
