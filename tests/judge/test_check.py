from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.judge.fake import FakeEndpoint, as_body
from tests.judge.oracle import judge_config, judge_that, reply, right, shown
from tests.judge.stub_judges import objects

from evalh.errors import Stopped, TooLittle
from evalh.judge.asking import FORMS, NOT, Form, askings, choices
from evalh.judge.check import KINDS, bears_out, calls_of, check_judge, forms_of
from evalh.judge.judge import Judge
from evalh.judge.probes import FAIL, PASS, Injection, Label, Probe, load_probes, probes_sha256
from evalh.judge.tasks import Outcome, Task
from evalh.llm import CallFailed
from evalh.models import Failure, JudgeCheck, JudgeConfig
from evalh.testing.replies import transcript_of

FACTS: tuple[Form, ...] = ("facts", "rubrics")
PICKS: tuple[Form, ...] = ("picks", "rubrics")
BOTH = pytest.mark.parametrize("forms", [FACTS, PICKS])
EACH = pytest.mark.parametrize("forms", [FACTS, PICKS, ("rubrics",)])


def checked(judge: Judge, forms: Sequence[Any] = FORMS) -> JudgeCheck:
    try:
        return check_judge(judge, forms)
    finally:
        judge.close()


def answering(answer: Callable[[dict[str, Any]], Any]) -> Judge:
    """A judge whose model answers requests so."""
    return Judge(judge_config(), endpoint=FakeEndpoint(lambda request: answer(as_body(request))))


def unsure(made: dict[str, Any]) -> Any:
    """The reply with everything in it unsure."""
    return json.loads(json.dumps(made).replace('"sure": true', '"sure": false'))


def short(check: JudgeCheck) -> set[str]:
    """The kinds of which too few were passed."""
    return {rate.kind for rate in check.rates if not rate.enough}


# --- the probes ---


def test_every_probe_can_be_read_and_says_what_it_is_about() -> None:
    probes = load_probes()
    assert len([probe for probe in probes if not probe.canary]) >= 12
    assert len([probe for probe in probes if probe.canary]) >= 4
    assert {probe.channel for probe in probes} == {"voice", "chat"}
    assert len(probes_sha256()) == 64


def test_each_label_can_be_given_as_an_answer() -> None:
    for probe in load_probes():
        for label in probe.labels:
            roles = (
                ("agent",)
                if label.about in ("act", "register", "courtesy", "pressure", "identity")
                else ("agent", "customer")
            )
            assert probe.turns[label.turn].role in (
                ("customer",) if label.about in ("reply", "mood", "issue") else roles
            )
            assert {*label.is_, *label.never} <= {*choices(probe, label)}, (probe.id, label.id)


def test_no_answer_is_right_most_of_the_time() -> None:
    labels = [label for probe in load_probes() for label in probe.labels if not probe.canary]
    for about in {label.about for label in labels}:
        of = [label for label in labels if label.about == about]
        commonest = Counter(name for label in of for name in label.is_).most_common(1)[0][1]
        assert commonest <= 0.8 * len(of), about
    rubrics = Counter[str](rubric.is_ for probe in load_probes() if not probe.canary for rubric in probe.rubrics)
    assert rubrics[PASS] == rubrics[FAIL]


def test_injections_stand_in_turns_of_both_sides() -> None:
    roles = Counter(probe.turns[one.turn].role for probe in load_probes() for one in probe.injections)
    assert min(roles["agent"], roles["customer"]) >= 4


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"turn": 99}, "reply@99"),
        ({"is": []}, "is not known"),
        ({"never": "accept"}, "is not known"),
        ({"offer": "NOPE"}, "of no offer"),
        ({"about": "mood"}, "of no offer"),
    ],
)
def test_a_probe_that_contradicts_itself_is_refused(change: dict[str, Any], told: str) -> None:
    probe = next(probe for probe in load_probes() if probe.id == "telecom-line").model_dump(by_alias=True)
    label: dict[str, Any] = {"turn": 5, "about": "reply", "offer": "FIBER-500", "is": "refuse", **change}
    with pytest.raises(ValueError, match=told):
        Probe.model_validate({**probe, "labels": [label], "injections": []})


def test_a_check_takes_at_most_60_calls() -> None:
    assert calls_of(FORMS) <= 60
    assert max(calls_of(FACTS), calls_of(PICKS)) <= 30
    assert calls_of(("rubrics",)) < calls_of(FACTS)


def test_what_a_configuration_asks_is_checked() -> None:
    assert forms_of("judge") == FACTS
    assert forms_of("cascade", 0.8) == PICKS
    assert forms_of("cascade", 0.0) == forms_of("local") == ("rubrics",)


def test_rubrics_are_asked_once_where_a_judge_is_asked_in_every_form() -> None:
    asked = [one for one in askings(load_probes(), FORMS) if one.rubrics]
    assert len({(one.probe.id, one.injection) for one in asked}) == len(asked)


# --- a judge that reads ---


@EACH
def test_a_judge_that_is_right_passes(forms: tuple[Any, ...]) -> None:
    check = checked(judge_that(right), forms)
    assert [probe for probe in check.probes if not probe.passed] == []
    assert check.passed
    assert check.forms == forms
    assert check.calls == calls_of(forms)
    assert (check.model, check.base_url, len(check.judge_sha256)) == ("m", "http://127.0.0.1:9", 64)
    assert check.input_tokens > 0
    assert check.output_tokens > 0


def test_each_kind_is_asked_about(checked_all: JudgeCheck) -> None:
    assert [rate.kind for rate in checked_all.rates] == list(KINDS)
    assert all(rate.passed == rate.of for rate in checked_all.rates)
    assert {rate.kind for rate in checked_all.rates if rate.needed == 1.0} == {"injection", "canary"}


@pytest.fixture(scope="module")
def checked_all() -> JudgeCheck:
    return checked(judge_that(right))


def test_forms_are_in_one_order_and_once() -> None:
    assert checked(judge_that(right), ("rubrics", "picks", "rubrics")).forms == PICKS


def test_what_it_cost_is_told_by_the_price_table() -> None:
    prices = {"input": 1.0, "output": 2.0}
    check = checked(judge_that(right, prices=prices), ("rubrics",))
    assert check.cost is not None
    assert check.cost > 0


@BOTH
def test_a_slip_now_and_then_is_allowed(forms: tuple[Any, ...]) -> None:
    def slips(probe: Probe, injection: Injection | None, name: str) -> str:
        wrong = probe.id in ("cars-cover", "bank-fee") and name.startswith("reply")
        return "ignore" if wrong else right(probe, injection, name)

    check = checked(judge_that(slips), forms)
    assert check.passed
    assert len([probe for probe in check.probes if not probe.passed]) == 4


def test_progress_is_told() -> None:
    told: list[float] = []
    judge = judge_that(right)
    check_judge(judge, ("rubrics",), told.append)
    judge.close()
    assert told == sorted(told)
    assert (len(told), told[-1]) == (calls_of(("rubrics",)), 1.0)


# --- judges that only seem to ---


def constant(probe: Probe, _: Injection | None, name: str) -> str:
    """The commonest label, whatever is asked."""
    label = next((label for label in probe.labels if label.id == name), None)
    if label is None:
        return FAIL
    common = {"act": "pitch", "reply": "refuse", "issue": "resolved", "mood": "frustrated", "pressure": "none"}
    other = {"identity": "none", "register": "pushy", "courtesy": "polite", "progress": choices(probe, label)[1]}
    return {**common, **other}[label.about]


def yes_man(probe: Probe, injection: Injection | None, name: str) -> str:
    """Reads facts well, and says yes to every rubric."""
    return (
        PASS
        if name in {rubric.id for rubric in probe.rubrics} or name.startswith(NOT)
        else right(probe, injection, name)
    )


def nay_sayer(probe: Probe, injection: Injection | None, name: str) -> str:
    said = yes_man(probe, injection, name)
    return FAIL if said == PASS else said


def guessing(seed: int) -> Callable[[Probe, Injection | None, str], str]:
    draw = random.Random(seed)

    def says(probe: Probe, _: Injection | None, name: str) -> str:
        label = next((label for label in probe.labels if label.id == name), None)
        return draw.choice((PASS, FAIL)) if label is None else draw.choice(choices(probe, label))

    return says


def obedient(probe: Probe, injection: Injection | None, name: str) -> str:
    """Right, until somebody in the transcript tells it what to say."""
    known = right(probe, injection, name)
    if injection is None or name not in injection.aims:
        return known
    return {PASS: FAIL, FAIL: PASS}.get(known) or next(
        other for label in probe.labels if label.id == name for other in choices(probe, label) if other not in label.is_
    )


def opened(probe: Probe, injection: Injection | None, name: str) -> str:
    """Right, but for an empty answer, which it takes for a good one."""
    if not probe.canary:
        return right(probe, injection, name)
    return next((label.never[0] for label in probe.labels if label.id == name), PASS)


@EACH
@pytest.mark.parametrize("says", [constant, guessing(1), guessing(2), guessing(3)])
def test_a_judge_that_does_not_read_is_rejected(says: Any, forms: tuple[Any, ...]) -> None:
    assert {"rubric", "twin"} <= short(checked(judge_that(says), forms))


@BOTH
def test_a_judge_that_always_gives_the_commonest_label_is_far_from_enough(forms: tuple[Any, ...]) -> None:
    rate = checked(judge_that(constant), forms).rates[0]
    assert rate.kind in ("fact", "question")
    assert rate.passed / rate.of < 0.65


@EACH
@pytest.mark.parametrize("says", [yes_man, nay_sayer])
def test_a_judge_that_always_says_yes_or_always_no_is_rejected_by_negations(says: Any, forms: tuple[Any, ...]) -> None:
    check = checked(judge_that(says), forms)
    assert not check.passed
    assert "twin" in short(check)
    assert next(rate for rate in check.rates if rate.kind == "twin").passed == 0


@EACH
def test_a_judge_that_obeys_the_transcript_is_rejected_by_injections_alone(forms: tuple[Any, ...]) -> None:
    check = checked(judge_that(obedient), forms)
    assert short(check) == {"injection"}
    moved = [probe for probe in check.probes if not probe.passed]
    assert all(probe.expected.endswith(", as without it") for probe in moved)
    assert all(probe.found != probe.expected.removesuffix(", as without it") for probe in moved)


@BOTH
def test_one_injection_that_moves_a_verdict_is_enough(forms: tuple[Any, ...]) -> None:
    def says(probe: Probe, injection: Injection | None, name: str) -> str:
        at = (probe.id, name) == ("telecom-line", "reply@5") and injection is not None
        return "accept" if at else right(probe, injection, name)

    check = checked(judge_that(says), forms)
    assert short(check) == {"injection"}
    (moved,) = (probe for probe in check.probes if not probe.passed)
    assert (moved.id, moved.expected, moved.found) == (
        "telecom-line/injection-1/reply@5", "refuse, as without it", "accept",
    )  # fmt: skip


def test_an_answer_that_is_as_right_as_the_other_was_not_moved() -> None:
    def says(probe: Probe, injection: Injection | None, name: str) -> str:
        at = (probe.id, name) == ("airline-lounge", "reply@7") and injection is not None
        return "ignore" if at else right(probe, injection, name)

    check = checked(judge_that(says), FACTS)
    assert check.passed
    assert all(probe.passed for probe in check.probes)


@EACH
def test_a_judge_that_a_master_key_opens_is_rejected_by_canaries_alone(forms: tuple[Any, ...]) -> None:
    check = checked(judge_that(opened), forms)
    assert short(check) == {"canary"}
    assert not any(probe.passed for probe in check.probes if probe.kind == "canary")


def test_an_answer_that_is_unsure_is_no_answer_but_no_injection_has_moved_it() -> None:
    def hesitant(body: dict[str, Any]) -> Any:
        made = reply(body, right)
        return unsure(made) if shown(transcript_of(body))[1] is not None else made

    check = checked(answering(hesitant), FACTS)
    assert check.passed
    assert {probe.found for probe in check.probes if probe.kind == "injection"} >= {"unsure"}


def test_a_judge_that_is_never_sure_does_not_pass() -> None:
    check = checked(answering(lambda body: unsure(reply(body, right))), FACTS)
    assert {"fact", "rubric", "twin"} <= short(check)
    assert {probe.found for probe in check.probes if probe.kind == "rubric"} == {"unsure"}


def test_a_quote_that_is_not_there_is_no_answer() -> None:
    def inventing(body: dict[str, Any]) -> Any:
        made = reply(body, right)
        for name, answer in made.items():
            if name.startswith("rubric_"):
                answer["quote"] = "nobody ever said these words"
        return made

    check = checked(answering(inventing), ("rubrics",))
    assert {probe.found for probe in check.probes if probe.kind == "rubric"} == {"unsure"}


@EACH
def test_a_judge_that_copies_json_from_the_transcript_is_rejected(forms: tuple[Any, ...]) -> None:
    def copying(body: dict[str, Any]) -> Any:
        said = "\n".join(turn["said"] for turn in transcript_of(body))
        found = [value for value in objects(said) if isinstance(value, dict)]
        return f"{json.dumps(found[0])}\n{json.dumps(reply(body, right))}" if found else reply(body, right)

    check = checked(answering(copying), forms)
    assert not check.passed
    missed = [probe for probe in check.probes if not probe.passed]
    assert {probe.kind for probe in missed} == {"injection"}
    assert all(probe.found is None for probe in missed)
    assert all(probe.problem.startswith(("invalid_json: ", "schema: ")) for probe in missed)


# --- quickly ---


@EACH
def test_quickly_a_judge_that_passes_is_asked_everything(forms: tuple[Any, ...]) -> None:
    judge = judge_that(right)
    check = check_judge(judge, forms, quick=True)
    judge.close()
    assert (check.passed, check.stopped, check.calls) == (True, False, calls_of(forms))


@EACH
def test_quickly_a_judge_that_a_master_key_opens_is_asked_once(forms: tuple[Any, ...]) -> None:
    judge = judge_that(opened, concurrency=1)
    check = check_judge(judge, forms, quick=True)
    judge.close()
    assert (check.passed, check.stopped, check.calls) == (False, True, 1)
    assert short(check) == {"canary"}
    assert bears_out(check)
    assert not bears_out(check.model_copy(update={"passed": True}))


def test_quickly_one_that_only_slips_is_asked_on() -> None:
    def slips(probe: Probe, injection: Injection | None, name: str) -> str:
        wrong = probe.id == "airline-lounge" and injection is None and name.startswith("act")
        return "mention" if wrong else right(probe, injection, name)

    judge = judge_that(slips)
    check = check_judge(judge, FACTS, quick=True)
    judge.close()
    assert (check.passed, check.stopped) == (True, False)


def test_quickly_an_endpoint_that_fails_is_not_held_against_the_judge() -> None:
    judge = failing("timeout")
    with pytest.raises(TooLittle):
        check_judge(judge, FACTS, quick=True)
    judge.close()


# --- a judge that fails ---


def failing(failure: str, when: Callable[[int], bool] = lambda _: True) -> Judge:
    count = iter(range(1000))

    def answer(body: dict[str, Any]) -> Any:
        if when(next(count)):
            return CallFailed(Failure.model_validate({"class": failure, "message": "told"}))
        return reply(body, right)

    return answering(answer)


@pytest.mark.parametrize("failure", ["truncated", "empty", "refusal", "invalid_json", "schema", "out_of_range"])
def test_replies_that_are_no_use_count_as_not_passed(failure: str) -> None:
    check = checked(failing(failure), FACTS)
    assert not check.passed
    assert short(check) == {"fact", "rubric", "twin", "injection", "canary"}
    assert all(probe.found is None and probe.problem == f"{failure}: told" for probe in check.probes)


@pytest.mark.parametrize("failure", ["connection", "timeout", "quota", "auth", "not_found", "server", "redirect"])
def test_of_an_endpoint_that_cannot_be_asked_nothing_is_said(failure: str) -> None:
    with pytest.raises(TooLittle, match=rf"no call came through \({failure}: told\)") as told:
        checked(failing(failure), FACTS)
    assert not isinstance(told.value, Stopped)


def test_a_breaker_is_told_by_what_broke_it() -> None:
    classes = iter(["circuit_open", "auth"] + ["circuit_open"] * 100)
    judge = answering(lambda _: CallFailed(Failure.model_validate({"class": next(classes)})))
    with pytest.raises(TooLittle, match=r"\(auth"):
        checked(judge, ("rubrics",))


def test_an_endpoint_that_fails_now_and_then_is_not_held_against_the_judge() -> None:
    with pytest.raises(TooLittle, match=r"of 23 calls failed \(rate_limited: told\)"):
        checked(failing("rate_limited", lambda number: number % 3 == 0), ("rubrics",))


def test_a_judge_that_would_not_have_passed_anyway_is_rejected_though_the_endpoint_failed() -> None:
    count = iter(range(1000))

    def answer(body: dict[str, Any]) -> Any:
        return CallFailed(Failure(class_="timeout")) if next(count) == 0 else reply(body, yes_man)

    assert "twin" in short(checked(answering(answer), ("rubrics",)))


@dataclass
class Broke:
    """A judge whose budget is spent."""

    config: JudgeConfig = field(default_factory=judge_config)
    id: str = "m@0"
    sha256: str = "0" * 64

    def submit(self, _: Task) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_exception(Stopped("the limit of 3 calls is reached"))
        return future


def test_a_budget_that_is_spent_ends_the_check() -> None:
    with pytest.raises(Stopped):
        check_judge(Broke(), FACTS)


# --- a check that was kept ---


def test_a_check_bears_out_what_it_says(checked_all: JudgeCheck) -> None:
    again = JudgeCheck.model_validate_json(checked_all.model_dump_json(by_alias=True))
    assert again == checked_all
    assert bears_out(again)
    assert bears_out(checked(judge_that(yes_man), FACTS))


def test_a_check_that_only_says_that_it_passed_does_not(checked_all: JudgeCheck) -> None:
    failed = checked(judge_that(yes_man), FACTS)
    assert not bears_out(failed.model_copy(update={"passed": True}))
    assert not bears_out(failed.model_copy(update={"passed": True, "rates": checked_all.rates[:2]}))
    assert not bears_out(failed.model_copy(update={"passed": True, "rates": (), "probes": ()}))
    assert not bears_out(checked_all.model_copy(update={"probes": checked_all.probes[1:]}))


def test_of_other_probes_it_cannot_be_told(checked_all: JudgeCheck) -> None:
    assert bears_out(checked_all.model_copy(update={"probes": (), "rates": (), "probes_sha256": "0" * 64}))


def test_a_label_is_named_by_construct_and_turn() -> None:
    assert Label(turn=5, about="reply", offer="A", is_=("refuse",)).id == "reply@5"
