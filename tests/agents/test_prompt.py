from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evalh.agents.prompt import check_greeting, check_placeholders, filled
from evalh.errors import BadConfig
from evalh.models import Case, Json, Prompt

CUSTOMER: dict[str, Json] = {
    "plan": "UNL", "name": "Zoë", "months": 7, "rate": 1.5, "loyal": True, "note": None,
    "account": {"past_due": False}, "products": ["A", "B"],
}  # fmt: skip
OFFERS: Sequence[Mapping[str, Json]] = ({"id": "PLUS", "price": {"amount": "9.00"}}, {"id": "MESH"})


def case(id_: str = "c-1", customer: dict[str, Json] | None = CUSTOMER, **more: Any) -> Case:
    return Case(id=id_, customer=customer, **more)


def prompt(text: str) -> Prompt:
    return Prompt(agent="care", version="v1", text=text)


def fill(text: str, of: Case | None = None, day: str | None = "2026-11-05") -> str:
    return filled(prompt(text), of or case(), OFFERS, conversation_day=day)


def sentences(text: str, *cases: Case, file: str = "v1.md", as_of: date | None = None) -> list[str]:
    found = check_placeholders(prompt(text), cases or (case(),), lambda _: OFFERS, file=file, as_of=as_of)
    return [str(error) for error in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on {{customer.plan}}.", "on UNL."),
        ("{{ customer.name }}{{customer.months}}", "Zoë7"),
        ("{{customer.rate}} {{customer.loyal}} {{customer.note}}", "1.5 true null"),
        ("{{customer.account.past_due}}", "false"),
        ("{{customer.account}}", '{"past_due":false}'),
        ("{{customer.products}} {{customer.products.1}}", '["A","B"] B'),
        ("{{date}} {{channel}} {{language}}", "2026-11-05 chat en"),
        ("{{offers}}", '[\n{"id":"PLUS","price":{"amount":"9.00"}},\n{"id":"MESH"}\n]'),
        ("no placeholders: {customer.plan} }} $plan %s {0}", "no placeholders: {customer.plan} }} $plan %s {0}"),
        (r"\{{customer.plan}} and \\{{", r"{{customer.plan}} and \{{"),
    ],
)
def test_placeholders_are_filled(text: str, expected: str) -> None:
    assert fill(text) == expected


def test_a_value_is_never_looked_through_for_placeholders() -> None:
    sly = case(customer={"a": "{{customer.b}}", "b": "{{customer.a}} \\{{ {{offers}}"})

    assert fill("{{customer.a}}|{{customer.b}}", sly) == "{{customer.b}}|{{customer.a}} \\{{ {{offers}}"


def test_a_value_with_backslashes_and_groups_stands_as_it_is() -> None:
    assert fill("{{customer.a}}", case(customer={"a": r"\1 \g<0> {0}"})) == r"\1 \g<0> {0}"


@pytest.mark.parametrize("text", ["{{customer.gone}}", "{{plan}}", "{{", "{{customer.plan.deep}}", "{{date}}"])
def test_one_that_cannot_be_filled_is_an_error(text: str) -> None:
    with pytest.raises(BadConfig, match=r"prompt v1: .* cannot be filled for the case c-1; write"):
        fill(text, day=None)


def test_nothing_is_said_of_a_prompt_that_can_be_filled() -> None:
    assert sentences("{{customer.plan}} {{offers}} \\{{", case("a"), case("b")) == []


def test_a_field_that_cases_lack_is_told_with_the_first_and_how_many() -> None:
    cases = (case("a"), case("b", {}), case("c", None))

    assert sentences("x\n{{customer.plan}} {{customer.plan}}", *cases) == [
        "v1.md: {{customer.plan}} cannot be filled: 2 of 3 cases lack it, b first; "
        "correct the name, or give the field to the cases"
    ]
    assert "the case b lacks it" in sentences("{{customer.plan}}", *cases[:2])[0]


def test_a_name_that_is_not_known_is_told_with_what_was_meant() -> None:
    (told,) = sentences("{{custmer.plan}}")

    assert told == (
        "v1.md: {{custmer.plan}} is no placeholder; did you mean {{customer}}? known are customer.FIELD, offers, date, "
        "channel, language; write \\{{ for two braces as such"
    )


@pytest.mark.parametrize("text", ["{{offers.PLUS}}", "{{date.year}}", "{{prompt}}"])
def test_other_names_are_not_known(text: str) -> None:
    (told,) = sentences(text)
    assert f"{text} is no placeholder" in told


@pytest.mark.parametrize("text", ["{{#if x}}", "{{}}", "{{ customer.plan", "{{{customer.plan}}}", "{{a b}}"])
def test_braces_that_hold_no_name_are_told(text: str) -> None:
    (told, *_) = sentences(text)
    assert "begins with two braces that hold no name; write \\{{ for two braces as such" in told


def test_a_day_is_lacking_where_the_case_has_none() -> None:
    dated = case("b", started_at="2026-11-05T10:00:00Z")

    assert "the case c-1 lacks it; correct the name, or give a day" in sentences("{{date}}", case(), dated)[0]
    assert sentences("{{date}}", case(), dated, as_of=date(2026, 11, 1)) == []


def test_a_placeholder_is_told_with_its_line_in_the_file(tmp_path: Path) -> None:
    file = tmp_path / "v1.md"
    file.write_text("---\nagent: care\nversion: v1\n---\n\n\nFirst.\nSecond {{customer.gone}}\n{{\n")

    found = sentences("First.\nSecond {{customer.gone}}\n{{", file=str(file))
    assert [one.partition(": ")[0] for one in found] == [f"{file}:8", f"{file}:9"]


def test_a_file_that_is_another_now_has_no_lines(tmp_path: Path) -> None:
    file = tmp_path / "v1.md"
    file.write_text("other")

    assert sentences("{{", file=str(file))[0].startswith(f"{file}: ")


def test_a_greeting_is_checked_as_a_prompt_is() -> None:
    found = check_greeting("Hi {{customer.gone}}", [case()], lambda _: OFFERS, file="telecom.yaml", line=7)

    assert [str(one) for one in found] == [
        "telecom.yaml:7: greeting: {{customer.gone}} cannot be filled: the case c-1 lacks it; "
        "correct the name, or give the field to the cases"
    ]
