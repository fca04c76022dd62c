"""The offer ledger as a state machine."""

from __future__ import annotations

from evalh.models import Booking, LedgerEntry, OfferAct, OfferReply
from evalh.models.vocabulary import Act, Reply
from evalh.reader.ledger import CUSTOMER, Ledger


def play(*steps: tuple[str, str, str | None]) -> Ledger:
    ledger = Ledger()
    for turn, (who, what, offer) in enumerate(steps):
        if who == "agent":
            act: Act = what  # type: ignore[assignment]  # a word of the table
            ledger.agent(OfferAct(turn=turn, offer=offer, act=act))
        else:
            reply: Reply = what  # type: ignore[assignment]  # a word of the table
            ledger.customer(OfferReply(turn=turn, offer=offer, reply=reply))
    return ledger


def last(*steps: tuple[str, str, str | None]) -> LedgerEntry:
    return play(*steps).entries[-1]


def test_the_answers_that_close_the_topic_are_refuse_defer_and_deflect() -> None:
    assert {reply for reply, move in CUSTOMER.items() if move.closes} == {"refuse", "defer", "deflect"}


def test_a_first_pitch_is_no_repeat() -> None:
    entry = last(("agent", "pitch", "A"))
    assert (entry.event, entry.status, entry.repeat_of, entry.pitches) == ("pitched", "pitched", None, 1)


def test_a_pitch_after_a_deferral_is_a_repeat_of_the_same() -> None:
    entry = last(("agent", "pitch", "A"), ("customer", "defer", "A"), ("agent", "pitch", "A"))
    assert (entry.repeat_of, entry.pitches, entry.pitches_since_closed, entry.closed_at) == ("same", 2, 1, 1)


def test_a_pitch_of_another_offer_after_a_refusal_is_a_repeat_of_another() -> None:
    entry = last(("agent", "pitch", "A"), ("customer", "refuse", "A"), ("agent", "pitch", "B"))
    assert entry.repeat_of == "other"


def test_pitches_go_on_counting_after_a_second_refusal() -> None:
    entry = last(
        ("agent", "pitch", "A"), ("customer", "refuse", "A"), ("agent", "pitch", "A"),
        ("customer", "refuse", "A"), ("agent", "pitch", "A"),
    )  # fmt: skip
    assert (entry.pitches, entry.pitches_since_closed) == (3, 2)


def test_an_objection_leaves_the_topic_open() -> None:
    entry = last(("agent", "pitch", "A"), ("customer", "object", "A"), ("agent", "pitch", "A"))
    assert (entry.repeat_of, entry.topic_closed) == (None, False)


def test_ignoring_an_offer_leaves_the_topic_open() -> None:
    entry = last(("agent", "pitch", "A"), ("customer", "ignore", "A"))
    assert (entry.topic_closed, entry.status) == (False, "pitched")


def test_a_customer_who_reopens_the_refused_offer_has_opened_the_topic() -> None:
    entry = last(
        ("agent", "pitch", "A"), ("customer", "refuse", "A"), ("customer", "reopen", "A"), ("agent", "pitch", "A")
    )
    assert (entry.repeat_of, entry.topic_closed, entry.pitches_since_closed) == (None, False, 0)


def test_asking_about_another_offer_reopens_only_that_one() -> None:
    steps = (("agent", "pitch", "A"), ("customer", "refuse", "A"), ("customer", "ask", "B"))
    assert last(*steps, ("agent", "pitch", "B")).repeat_of is None
    assert last(*steps, ("agent", "pitch", "A")).repeat_of == "same"


def test_naming_an_offer_to_withdraw_it_is_no_pitch() -> None:
    entry = last(("agent", "pitch", "A"), ("customer", "refuse", "A"), ("agent", "withdraw", "A"))
    assert (entry.event, entry.pitches, entry.status) == ("withdrawn", 1, "refused")


def test_mentions_and_read_backs_leave_no_entry() -> None:
    assert len(play(("agent", "mention", "A"), ("agent", "read_back", "A")).entries) == 0


def test_yes_after_a_repeat_pitch_accepts_and_leaves_the_repeat_on_record() -> None:
    ledger = play(
        ("agent", "pitch", "A"), ("customer", "refuse", "A"), ("agent", "pitch", "A"), ("customer", "accept", "A")
    )
    assert [entry.repeat_of for entry in ledger.entries] == [None, None, "same", None]
    assert ledger.status["A"] == "accepted"


def test_a_failed_booking_leaves_no_entry() -> None:
    ledger = Ledger()
    ledger.booking(Booking(turn=1, tool="add_offer", call=0, offer="A", succeeded=False))
    assert ledger.entries == []
    ledger.booking(Booking(turn=1, tool="add_offer", call=0, offer="A"))
    assert ledger.entries[0].event == "booked"
