"""What becomes of the customer's issues, turn by turn."""

from __future__ import annotations

import pytest

from evalh.models import Issue, ProgressFact
from evalh.models.vocabulary import Progress, Source
from evalh.reader.intents import asks_for_reason, read_intents
from evalh.reader.issues import IssueTracker, said_of_matter
from evalh.reader.view import TurnView
from evalh.testing import make_conversation


def track(script: str, ended: bool = True) -> tuple[Issue, ...]:
    tracker, asked = IssueTracker(), True
    for turn in make_conversation(script).turns:
        view = TurnView(turn)
        intents = read_intents(view, asked)
        asked = (asked and not intents) or (turn.role == "agent" and asks_for_reason(view.text))
        tracker.add(view, intents)
    return tracker.issues(ended)


def weighed(script: str, *said: tuple[Progress, float] | None, source: Source = "model") -> Issue:
    """The one issue of a conversation of whose turns a model says this of the matter."""
    tracker = IssueTracker()
    for turn, item in zip(make_conversation(script).turns, said, strict=True):
        view = TurnView(turn)
        intents = read_intents(view, True) if turn.index == 0 else ()
        says = None
        if item is not None:
            says = ProgressFact(turn=turn.index, says=item[0], confidence=item[1], source=source)
        tracker.add(view, intents, says, weighed=True)
    (issue,) = tracker.issues(ended=True)
    return issue


def outcome(script: str) -> tuple[str, str | None, int | None]:
    (issue,) = track(script)
    return issue.status, issue.word, issue.resolved_turn


def test_a_dispute_is_resolved_by_the_agents_word_at_the_turn_that_says_so() -> None:
    script = """
    C: you charged me twice for the same night
    A: I'm sorry about that, let me take a look at your folio.
    C: sure
    A: I see the duplicate, and I've refunded the second charge to your card.
    C: thanks
    """
    assert outcome(script) == ("resolved", "agent", 3)


def test_a_tool_that_succeeded_makes_the_agents_word_surer() -> None:
    script = """
    C: I need to change my flight to Friday
    A: Your flight has been changed to Friday.
    """
    with_tool = track(script + "> update_reservation flight=F12")
    assert (with_tool[0].word, with_tool[0].confidence) == ("tool", 0.85)
    assert track(script)[0].confidence == 0.7


def test_a_tool_that_only_looks_something_up_proves_nothing() -> None:
    (issue,) = track("C: please cancel my booking\nA: Your booking has been cancelled.\n> get_booking id=7")
    assert issue.word == "agent"


def test_the_customers_confirmation_keeps_the_turn_at_which_it_was_done() -> None:
    script = """
    C: i can't log in to my account
    A: I've reset your password, please try again now.
    C: that worked, i'm back in
    """
    (issue,) = track(script)
    assert (issue.status, issue.word, issue.resolved_turn, issue.confidence) == ("resolved", "customer", 1, 0.9)


def test_only_the_customer_knows_that_a_fault_is_gone() -> None:
    script = """
    C: uh my internet is super slow
    A: okay can you unplug the router for thirty seconds and plug it back in
    C: ok hang on
    C: yeah it's working now
    """
    assert outcome(script) == ("resolved", "customer", 3)


def test_a_technician_tomorrow_is_a_promise() -> None:
    script = """
    C: our whole building has no power
    A: A technician will be out tomorrow between nine and noon.
    C: ok thank you bye
    """
    assert outcome(script) == ("promised", "agent", 1)


@pytest.mark.parametrize(
    "promise",
    [
        "You'll see the credit on your statement in 3 to 5 days.",
        "A ticket has been raised with our engineers.",
        "Someone from claims will call you back within the hour.",
        "I've escalated this to the billing team and we will get back to you by Monday.",
    ],
)
def test_what_is_still_to_come_is_promised(promise: str) -> None:
    assert outcome(f"C: there is a wrong charge on my bill\nA: {promise}")[0] == "promised"


def test_thanks_after_a_refusal_resolves_nothing() -> None:
    script = """
    C: I'd like a refund for the tickets
    A: Unfortunately I'm unable to refund these tickets, they are non-refundable.
    C: ok thank you, have a great day, bye
    A: You're welcome! Have a wonderful day!
    """
    assert outcome(script) == ("unresolved", "agent", None)


def test_a_denial_by_policy_is_unresolved() -> None:
    assert outcome("C: can I cancel my reservation\nA: That rate cannot be refunded or changed.")[0] == "unresolved"


def test_a_transfer_is_unresolved_by_the_agent() -> None:
    script = """
    C: I want to dispute this charge
    A: I'm transferring you to a specialist who can help.
    """
    (issue,) = track(script)
    assert (issue.status, issue.word, issue.confidence) == ("unresolved", "agent", 0.7)


def test_a_transfer_after_the_fix_leaves_it_resolved() -> None:
    script = """
    C: please cancel my gym membership
    A: I've cancelled your membership.
    C: thanks
    A: I'm transferring you to our survey team now.
    """
    assert outcome(script)[0] == "resolved"


def test_a_human_who_takes_over_can_resolve_it() -> None:
    script = """
    C: my claim payment was sent to the wrong account, there's a wrong charge
    A: I'm transferring you to a representative.
    H: hi this is dana, i've corrected the payment for you
    """
    assert outcome(script) == ("resolved", "agent", 2)


def test_an_issue_comes_back_when_the_customer_says_it_is_still_there() -> None:
    script = """
    C: my internet is down
    A: I've reset the line, it's back up now.
    C: no it's still down
    """
    (issue,) = track(script)
    assert (issue.status, issue.word, issue.resolved_turn, issue.reopened_turn) == ("unresolved", "customer", 1, 2)


def test_an_issue_that_came_back_can_be_resolved_again() -> None:
    script = """
    C: my internet is down
    A: I've reset the line.
    C: no it's still down
    A: I've replaced the port on our side.
    C: ok it's back up
    """
    (issue,) = track(script)
    assert (issue.status, issue.resolved_turn, issue.reopened_turn) == ("resolved", 3, 2)


def test_a_question_is_settled_by_an_answer_that_addresses_it() -> None:
    script = """
    C: what time does breakfast start
    A: Breakfast starts at 7 and ends at 10:30.
    """
    (issue,) = track(script)
    assert (issue.status, issue.word, issue.confidence) == ("resolved", "agent", 0.6)


def test_understanding_makes_an_answer_surer() -> None:
    script = """
    C: why is my bill higher this month
    A: That's because your promotional rate ended on the 3rd.
    C: ok that makes sense
    """
    (issue,) = track(script)
    assert (issue.status, issue.resolved_turn, issue.confidence) == ("resolved", 1, 0.8)


def test_a_bare_thanks_makes_nothing_surer() -> None:
    script = "C: what time does breakfast start\nA: Breakfast starts at 7."
    assert track(script + "\nC: thanks")[0].confidence == track(script)[0].confidence


def test_an_agent_who_does_not_know_answers_nothing() -> None:
    script = """
    C: do you have any rooms with parking included
    A: I'm sorry, I don't have that information.
    """
    assert outcome(script)[0] == "unresolved"


def test_no_can_be_the_answer_to_a_question() -> None:
    script = "C: do you allow pets in the rooms\nA: No, pets are not allowed in any of our rooms."
    assert outcome(script)[0] == "resolved"


@pytest.mark.parametrize(
    "line",
    [
        "I can help with that, let me pull up your account.",
        "Thanks, I've verified your details and found your reservation.",
        "Would you like me to go ahead and cancel it?",
        "Once I've cancelled it you will get an email. Shall I proceed?",
        "Can you confirm that your reservation will be cancelled?",
        "I'm sorry to hear your flight has been changed.",
        "I'm unable to find that reservation. What is the number?",
        "Your reservation has not been cancelled yet.",
    ],
)
def test_work_in_progress_leaves_an_issue_open(line: str) -> None:
    (issue,) = track(f"C: please cancel my reservation\nA: {line}", ended=False)
    assert issue.status == "open"


def test_an_issue_still_open_at_the_end_is_unresolved() -> None:
    script = "C: please cancel my reservation\nA: Let me check that.\nC: ok bye"
    assert outcome(script) == ("unresolved", None, None)


def test_a_customer_who_gives_up_leaves_it_unresolved() -> None:
    script = """
    C: my card was declined at the pump
    A: Can you spell your last name?
    C: forget it, this is useless
    """
    (issue,) = track(script)
    assert (issue.status, issue.word) == ("unresolved", "customer")


def test_a_second_request_opens_a_second_issue() -> None:
    script = """
    C: i need to reset my password
    A: Done, I've reset it. Anything else?
    C: yes also my bill is higher this month, why is that
    A: That's due to the late fee of $10 from May.
    C: I don't agree but ok
    """
    first, second = track(script)
    assert (first.intent, first.resolved_turn) == ("access", 1)
    assert (second.intent, second.turn, second.resolved_turn) == ("billing_question", 2, 3)


def test_related_intents_are_one_issue() -> None:
    script = """
    C: why is my invoice higher this month
    A: Let me check.
    C: i want a refund for that extra charge
    A: I've credited the charge back to you.
    """
    assert outcome(script) == ("resolved", "agent", 3)


def test_an_unrelated_problem_is_an_issue_of_its_own() -> None:
    script = """
    C: why is my bill higher this month
    A: Let me check.
    C: and my router is broken
    """
    assert [issue.intent for issue in track(script)] == ["billing_question", "service_fault"]


def test_a_reply_to_an_offer_opens_no_issue() -> None:
    script = """
    C: please update my address on the account
    A: Your address has been updated. Would you like to add our travel insurance for just $9?
    C: what does it cover, how much is it
    A: It covers delays and costs $9 a month.
    C: i want to buy the travel one then
    """
    assert [issue.turn for issue in track(script)] == [0]


def test_adding_the_offered_product_does_not_resolve_the_dispute() -> None:
    script = """
    C: you charged me twice this month
    A: I understand. While I have you, would you like to add Fiber 500?
    C: ok sure
    A: Great, I've added Fiber 500 to your account, you're all set.
    """
    assert outcome(script)[0] == "unresolved"


def test_a_failed_tool_makes_the_agents_word_doubtful() -> None:
    script = "C: please cancel my booking\nT: Error: booking service unavailable\nA: Your booking has been cancelled."
    assert track(script)[0].confidence == 0.5


def test_small_talk_opens_no_issue() -> None:
    assert track("A: Hi, how can I help?\nC: hello there\nA: Hello!") == ()


def test_the_evidence_quotes_the_original_words() -> None:
    conversation = "C: please cancel my booking\nA: Sure — I’ve CANCELLED it."
    (issue,) = track(conversation)
    assert issue.resolution is not None
    assert (issue.resolution.turn, issue.resolution.quote) == (1, "I’ve CANCELLED")


def test_noisy_speech_without_punctuation_is_followed() -> None:
    script = """
    C: yeah hi um so i got charged a late fee that i don't recognize that charge
    A: okay so i went ahead and waived that fee for you
    C: oh perfect got it
    """
    assert outcome(script) == ("resolved", "customer", 1)


def test_turns_without_text_change_nothing() -> None:
    script = "C: please cancel my booking\nA: Your booking has been cancelled.\nC:\nA:"
    assert outcome(script) == ("resolved", "agent", 1)


def test_a_blocked_card_with_a_dispute_opened_is_a_promise() -> None:
    script = """
    C: there's a transaction on my card i don't recognize
    A: I've blocked the card and opened a dispute for it.
    """
    assert outcome(script) == ("promised", "agent", 1)


def test_an_answer_to_another_question_reopens_until_the_right_one_comes() -> None:
    script = """
    C: when will my package arrive
    A: Your order total was $54.20.
    C: that's not what i asked
    A: It will arrive on Thursday the 4th.
    """
    (issue,) = track(script)
    assert (issue.status, issue.resolved_turn, issue.reopened_turn) == ("resolved", 3, 2)


def test_the_issues_so_far_do_not_change_afterwards() -> None:
    tracker = IssueTracker()
    first, second = make_conversation("C: please cancel my booking\nA: I've cancelled your booking.").turns
    tracker.add(TurnView(first), read_intents(TurnView(first), True))
    before = tracker.issues()
    tracker.add(TurnView(second), [])
    assert (before[0].status, tracker.issues()[0].status) == ("open", "resolved")


@pytest.mark.parametrize(
    ("problem", "fix"),
    [
        ("our dashboard keeps timing out for everyone", "I've restored the workspace for you."),
        ("add my daughter to my policy please", "Your policy has been updated."),
        ("i want to cancel my gym membership", "Okay, your membership is cancelled effective June 30."),
        ("book me a massage for saturday", "You're all booked for Saturday at 2!"),
        ("you sent me the wrong shoes", "I've ordered a replacement in size 9."),
        ("my energy bill is wrong, the meter reading is off", "I've corrected the reading and adjusted your bill."),
    ],
)
def test_requests_of_every_domain_are_resolved_when_done(problem: str, fix: str) -> None:
    assert outcome(f"C: {problem}\nA: {fix}")[0] == "resolved"


@pytest.mark.parametrize("yes", ["yes thank u", "yeah i think so", "yep we're straight", "it does, thanks"])
def test_a_yes_to_is_that_sorted_is_the_customers_word(yes: str) -> None:
    (issue,) = track(
        f"C: my credit never showed up\nA: I've posted it, you owe $62.\nC: oh\nA: Is that sorted for you?\nC: {yes}"
    )
    assert (issue.status, issue.word) == ("resolved", "customer")


def test_a_no_to_is_that_sorted_leaves_it_unresolved() -> None:
    (issue,) = track("C: i can't log in\nA: I've reset your password. Does that get you in?\nC: no not yet")
    assert (issue.status, issue.word) == ("unresolved", "customer")


def test_a_no_to_anything_else_is_no_word_on_the_issue() -> None:
    (issue,) = track("C: i can't log in\nA: I've reset your password, you're in. Anything else?\nC: no")
    assert issue.status == "resolved"


BOOKING = "C: please book me a room for saturday\nA: "
FAULT = "C: my internet is down\nA: "


def test_what_only_an_unsure_model_hears_done_is_not() -> None:
    assert weighed(f"{BOOKING}That one is on its way.", None, ("done", 0.7)).status == "unresolved"
    assert weighed(f"{BOOKING}That one is on its way.", None, ("done", 0.9)).status == "resolved"
    kept = weighed(f"{BOOKING}I'm unable to book that.", None, ("done", 0.7))
    assert (kept.status, kept.source) == ("unresolved", "rule"), "then what a rule hears counts"


@pytest.mark.parametrize(
    "no",
    [
        "Those are all taken, the garden side is what we have.",
        "Saturday is sold out by the looks of it.",
        "That price stays in place.",
        "Found it, but the return window closed yesterday.",
    ],
)
def test_a_no_is_not_done_however_sure_the_model_is(no: str) -> None:
    assert weighed(f"{BOOKING}{no}", None, ("done", 0.99)).status != "resolved"


def test_a_closed_account_is_done() -> None:
    assert weighed("C: please close my account\nA: That account's closed.", None, ("done", 0.99)).status == "resolved"


@pytest.mark.parametrize(
    ("asked", "answer", "status"),
    [
        ("Has that fixed it?", "touch wood, not a single drop since you did that", "resolved"),
        ("Has that fixed it?", "not a single channel works", "unresolved"),
        ("Does it work?", "can't fault it", "resolved"),
        ("Does it work?", "couldn't complain about it", "resolved"),
        ("Is it working now?", "seems so", "resolved"),
        ("Is it working now?", "looks like it, yes", "resolved"),
        ("Is it working now?", "i think so", "resolved"),
        ("Is it working now?", "looks like it is still out", "unresolved"),
        ("Is the error gone now?", "not a problem anymore", "resolved"),
        ("Is the error gone now?", "no", "unresolved"),
        ("Has the noise on the line stopped?", "yes it has", "resolved"),
        ("Is it stable now?", "not yet", "unresolved"),
        ("Are you still having trouble?", "yes", "unresolved"),
        ("Are you still having trouble?", "no", "resolved"),
        ("Is it still not working?", "yeah", "unresolved"),
        ("Is it still working?", "yeah", "resolved"),
        ("Has it dropped since?", "no it hasn't", "resolved"),
        ("Has it dropped since?", "not a single drop", "resolved"),
        ("Has it dropped since?", "well, yes, twice", "unresolved"),
        ("Have you had any more problems since?", "nope, none", "resolved"),
        ("Has it crashed again?", "it has", "unresolved"),
    ],
)
def test_an_answer_to_how_it_stands_is_the_customers_word(asked: str, answer: str, status: str) -> None:
    (issue,) = track(f"{FAULT}I've reset the line. {asked}\nC: {answer}")
    assert (issue.status, issue.word) == (status, "customer")


@pytest.mark.parametrize("answer", ["no idea", "no but it's very slow"])
def test_not_every_no_to_still_in_trouble_is_good_news(answer: str) -> None:
    (issue,) = track(f"{FAULT}I've reset the line. Are you still having trouble?\nC: {answer}")
    assert (issue.status, issue.word) != ("resolved", "customer")


def test_a_yes_to_either_or_is_no_answer_to_the_trouble() -> None:
    (issue,) = track(f"{FAULT}I've reset it. Is it working or are you still having trouble?\nC: yes it's working now")
    assert (issue.status, issue.word) == ("resolved", "customer")


def test_the_answer_to_still_in_trouble_beats_the_model() -> None:
    script = f"{FAULT}I've reset the line. Has it dropped since?\nC: no it hasn't"
    assert weighed(script, ("unsolved", 0.9), ("done", 0.9), ("unsolved", 0.9)).status == "resolved"


@pytest.mark.parametrize(
    "answer", ["haven't tried it yet, I'm not at home", "not yet, i haven't tested it", "i can't check until i'm home"]
)
def test_what_was_not_tried_is_neither_solved_nor_unsolved(answer: str) -> None:
    script = f"{FAULT}I've reset the line. Does it work?\nC: {answer}"
    issue = weighed(script, ("unsolved", 0.9), ("done", 0.9), ("unsolved", 0.9))
    assert (issue.status, issue.word) == ("resolved", "agent")
    assert said_of_matter("customer", answer, checked="solved") == (None, 0.0)


@pytest.mark.parametrize(
    ("said", "checked", "says"),
    [
        ("yes", "trouble", "unsolved"),
        ("no it hasn't", "trouble", "solved"),
        ("no it hasn't", "solved", "unsolved"),
        ("not a problem anymore", "", "solved"),
        ("it doesn't drop any more", "", "solved"),
        ("i don't want to be stuck any more", "", None),
        ("no problem at all", "", None),
    ],
)
def test_what_a_customer_says_of_the_matter_hangs_on_what_was_asked(said: str, checked: str, says: str | None) -> None:
    assert said_of_matter("customer", said, checked=checked)[0] == says  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "line",
    [
        "That's handled by another team. Let me transfer you.",
        "I'll connect you now, one moment.",
        "I'll put you through to the claims desk.",
        "I'll put you through to billing, one moment.",
    ],
)
def test_a_transfer_is_no_promise_whatever_the_model_says(line: str) -> None:
    for says in (("promised", 0.9), None):
        issue = weighed(f"C: you charged me twice\nA: {line}", ("unsolved", 0.9), says)
        assert (issue.status, issue.source) == ("unresolved", "rule")
        assert issue.resolution is not None


def test_connecting_a_device_is_no_transfer() -> None:
    assert said_of_matter("agent", "Let me connect you to your router.") == (None, 0.0)


@pytest.mark.parametrize(
    ("line", "status"),
    [("I've corrected the bill.", "resolved"), ("I'm sending an engineer within two hours.", "promised")],
)
def test_what_an_agent_says_they_did_counts_though_the_model_hears_nothing(line: str, status: str) -> None:
    issue = weighed(f"{FAULT}{line}", ("unsolved", 0.9), None)
    assert (issue.status, issue.word, issue.source) == (status, "agent", "rule")


@pytest.mark.parametrize("line", ["I'll have a look at it for you.", "You'll get points on every visit."])
def test_a_looser_rule_does_not_count_where_the_model_hears_nothing(line: str) -> None:
    assert weighed(f"{FAULT}{line}", ("unsolved", 0.9), None).status != "promised"


def test_what_a_customer_says_in_so_many_words_counts_though_the_model_hears_nothing() -> None:
    issue = weighed(f"{FAULT}I've reset it.\nC: if anything it's worse", ("unsolved", 0.9), ("done", 0.9), None)
    assert (issue.status, issue.word) == ("unresolved", "customer")


@pytest.mark.parametrize(
    "line",
    [
        "Let me run a line test, one moment please.",
        "I'm checking the line.",
        "Please hold while I check with the depot.",
    ],
)
def test_a_record_that_stops_mid_work_leaves_the_issue_open(line: str) -> None:
    assert outcome(f"{FAULT}{line}") == ("open", None, None)
    assert outcome(f"{FAULT}{line}\nC: ok bye")[0] != "open"
    assert outcome(f"{FAULT}{line} Goodbye.")[0] != "open"


def test_what_the_model_alone_hears_is_of_the_model() -> None:
    done = weighed(f"{FAULT}Gave it a nudge.", ("unsolved", 0.9), ("done", 0.9))
    assert (done.status, done.source) == ("resolved", "model")
    fixed = weighed(f"{FAULT}Gave it a nudge.\nC: green all over", ("unsolved", 0.9), None, ("solved", 0.9))
    assert (fixed.status, fixed.source) == ("resolved", "model")
    back = weighed(f"{FAULT}I've reset it.\nC: red all over", ("unsolved", 0.9), ("done", 0.9), ("unsolved", 0.9))
    assert (back.status, back.source) == ("unresolved", "model")
    agreed = weighed(f"{FAULT}I've reset it.", ("unsolved", 0.9), ("done", 0.9))
    assert (agreed.status, agreed.source) == ("resolved", "rule")


@pytest.mark.parametrize("rest", ["", "\nA:", "\nA:\nC: thanks, are you there"])
def test_where_no_agent_spoke_the_issue_is_unresolved(rest: str) -> None:
    assert outcome(f"C: please block my card{rest}")[0] == "unresolved"


def test_a_model_that_faintly_hears_trouble_does_not_reopen_what_was_settled() -> None:
    script = "C: my bill is wrong\nA: I've corrected it.\nC: nope, my bus is here"
    said: tuple[Progress, float] = ("unsolved", 0.6)
    assert weighed(script, ("unsolved", 0.9), ("done", 0.9), said).status == "resolved"
    assert weighed(script, ("unsolved", 0.9), ("done", 0.9), ("unsolved", 0.8)).status == "unresolved"
    asked = "C: my bill is wrong\nA: I've corrected it. Does that fix it?\nC: looks odd here"
    assert weighed(asked, ("unsolved", 0.9), ("done", 0.9), said).status == "unresolved"
    by_rule = weighed(script, ("unsolved", 0.9), ("done", 0.9), said, source="rule")
    assert by_rule.status == "unresolved"
    still_open = weighed("C: my bill is wrong\nA: Let me see.\nC: nope, my bus is here", None, None, said)
    assert still_open.status == "unresolved"


@pytest.mark.parametrize(
    "text",
    [
        "it's stopped cutting out.", "zero drops since then", "no error this time!", "yeah no buffering now",
        "it doesn't blink any more", "not red anymore", "it's no longer locked", "it's fine now",
        "haven't had any drop since", "nothing wrong with it now",
    ],
)  # fmt: skip
def test_trouble_that_is_gone_is_solved_though_it_is_said_with_a_no(text: str) -> None:
    assert said_of_matter("customer", text)[0] == "solved"


@pytest.mark.parametrize(
    "text", ["no internet now", "it's stopped working", "no drops until last night", "is it fine now?", "no signal now"]
)
def test_trouble_that_stays_is_not_solved(text: str) -> None:
    assert said_of_matter("customer", text)[0] != "solved"


def test_a_note_about_what_was_promised_does_not_keep_the_promise() -> None:
    script = "C: you charged me twice\nA: I've opened a ticket, reversed in five days.\nC: will I get an email?\nA: "
    said: list[tuple[Progress, float] | None] = [("unsolved", 0.9), ("promised", 0.9), None, ("done", 0.94)]
    assert weighed(f"{script}Yes, I've just sent it to you.", *said).status == "promised"
    assert weighed(f"{script}It's reversed already, the second charge is gone.", *said).status == "resolved"


def test_a_transfer_in_few_words_is_no_help() -> None:
    assert said_of_matter("agent", "transferring you now")[0] == "cannot"


def test_an_agent_who_is_glad_that_it_worked_says_that_it_is_done() -> None:
    assert said_of_matter("agent", "awesome, glad that worked")[0] == "done"
    assert said_of_matter("agent", "glad to help")[0] is None
    script = (
        "C: my texts aren't sending\nA: Send one now.\nC: hello... she says she got it\nA: awesome glad that worked"
    )
    assert weighed(script, ("unsolved", 0.9), None, None, None).status == "resolved"
