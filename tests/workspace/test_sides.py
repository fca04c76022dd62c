import pytest

from evalh.models import CONSTRUCTS
from evalh.models.vocabulary import Role
from evalh.workspace.sides import is_said, roles_of, said_by, words

VERDICTS = {
    "objection_handling", "groundedness", "resolution", "tone", "politeness", "prompt_conformance", "eligibility",
    "disclosure", "offer_quality", "missed_opportunity", "conversation_quality",
}  # fmt: skip


def test_all_but_verdicts_are_of_what_somebody_says() -> None:
    assert {name for name in CONSTRUCTS if not is_said(name)} == VERDICTS


@pytest.mark.parametrize(
    ("construct", "label", "agent", "customer"),
    [
        ("act", "pitch", True, False),
        ("reply", "refuse", False, True),
        ("progress", "done", True, False),
        ("progress", "unsolved", False, True),
        ("identity", "ai_denied", True, False),
        ("identity", "asked_if_ai", False, True),
        ("consent", "yes", False, True),
        ("consent", "silence", True, True),
    ],
)
def test_a_label_is_of_one_side_or_of_either(construct: str, label: str, agent: bool, customer: bool) -> None:
    roles = said_by(construct, label)

    assert ("agent" in roles, "human_agent" in roles, "customer" in roles) == (agent, agent, customer)


def test_a_construct_is_of_all_sides_that_its_labels_are_of() -> None:
    assert roles_of("progress", CONSTRUCTS["progress"]) == {"customer", "agent", "human_agent"}
    assert roles_of("act", CONSTRUCTS["act"]) == {"agent", "human_agent"}


@pytest.mark.parametrize(
    ("roles", "told"),
    [({"customer"}, "the customer"), ({"agent", "human_agent"}, "the agent"), ({"customer", "agent"}, "either side")],
)
def test_sides_have_names(roles: set[Role], told: str) -> None:
    assert words(frozenset(roles)) == told
