from typing import Any

from evalh.golden.gaps import Wants, cohort_gaps, families, unseen_intents, unused_personas, version_gaps
from evalh.models import Case, OfferPolicy, RunConfig


def case(number: int, persona: str | None = "calm", template: str | None = None, **facets: str) -> Case:
    return Case(id=f"c-{number}", persona=persona, template=template, facets=facets)


def config(**fields: Any) -> RunConfig:
    return RunConfig.model_validate(
        {
            "schema": "evalh.run/1",
            "name": "x",
            "golden_set": "few",
            "prompts": {"agent": "a", "versions": ["v1"]},
            **fields,
        }
    )


def test_cases_of_one_template_count_once() -> None:
    assert families([case(1), case(2), case(3, template="t"), case(4, template="t"), case(5, template="c-1")]) == 4


def test_cohorts_that_the_gate_cannot_test_are_told_with_their_number() -> None:
    cases = [case(1), case(2), case(3, "hurried", "t"), case(4, "hurried", "t")]
    (found,) = cohort_gaps(cases, Wants(("persona",), 2))

    assert found.text == "1 of 2 persona cohorts has fewer independent cases than the 2 that the gate needs: hurried 1"
    assert found.items == ("hurried",)
    assert not list(cohort_gaps(cases, Wants(("persona",), 1)))


def test_the_configurations_say_what_is_needed() -> None:
    assert Wants.of([]) == Wants(("persona",), 6)
    asked = Wants.of([config(cohort="state", gate={"min_pairs": 9}), config()])
    assert asked == Wants(("persona", "state"), 9)


def test_personas_that_never_meet_a_value() -> None:
    cases = [case(1, "calm", intent="move"), case(2, "calm", intent="fraud"), case(3, "hurried", intent="fraud")]
    (found,) = cohort_gaps(cases, Wants((), 1))

    assert found.text == "1 of 4 pairs of persona and intent have no case: hurried x move"


def test_facets_of_few_cases_or_many_values_are_no_cohorts() -> None:
    cases = [case(number, "calm" if number % 2 else "hurried", state=f"s{number}") for number in range(20)]
    assert not list(cohort_gaps([*cases, case(20, rare="a"), case(21, rare="b")], Wants((), 1)))
    assert list(cohort_gaps(cases, Wants(("state",), 1)))


def test_personas_without_a_case_and_cases_without_a_persona() -> None:
    unused, without = unused_personas([case(1), case(2, None)], ["calm", "hurried", "chatty"])
    assert unused.items == ("hurried", "chatty")
    assert without.text == "1 case without a persona, which nobody can play: c-2"


def test_intents_of_the_policy_that_no_case_has() -> None:
    policy = OfferPolicy.model_validate(
        {
            "schema": "evalh.policy/1", "id": "p", "version": "1", "effective": {"from": "2026-01-01"},
            "offers": [
                {"id": "A", "names": ["A"], "kind": "upsell", "eligibility": {"condition": "'move' in intents"}},
            ],
            "suppression": [{"id": "s", "when": "'fraud' in intents || 'refund' in customer.open_cases"}],
            "conduct": {"no_offer_intents": ["bereavement"]},
        }
    )  # fmt: skip
    (found,) = unseen_intents(policy, {"move"})
    assert found.items == ("bereavement", "fraud", "refund")
    assert not list(unseen_intents(policy, set()))


def test_cases_that_a_version_did_not_record() -> None:
    (found,) = version_gaps({"v1": {"c-1", "c-2"}, "v2": {"c-2"}}, [case(1), case(2)])
    assert found.text == "1 case of 2 not recorded by v2: c-1"
