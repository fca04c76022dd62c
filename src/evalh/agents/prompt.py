r"""The placeholders of a prompt: plain substitution of what is known of a case, in one pass.

``{{customer.plan}}`` is a field of the customer's record, ``{{customer}}`` the whole of it; ``{{offers}}``,
``{{date}}``, ``{{channel}}`` and ``{{language}}`` are the others. Text stands as it is, every other value as JSON.
``\{{`` is two braces as such. Values are never looked through for placeholders, so that nothing in a record can fill
in anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evalh.errors import BadConfig, UserError
from evalh.models import Case, Json, Prompt
from evalh.text.untrusted import nearest, shorten
from evalh.text.yaml import read_text, split_front_matter

NAMES = ("customer", "offers", "date", "channel", "language")
_PLACEHOLDER = re.compile(r"\\\{\{|\{\{(?:[ \t]*([A-Za-z_][\w-]*(?:\.[\w-]+)*)[ \t]*\}\})?")
_AS_SUCH = "\\{{"
_MEANT = r"write \{{ for two braces as such"

Offers = Sequence[Mapping[str, Json]]


@dataclass(frozen=True)
class _Place:
    """A placeholder where it stands. `name` None: the braces hold none."""

    name: str | None
    start: int
    shown: str


def filled(prompt: Prompt, case: Case, offers: Offers, *, conversation_day: str | None) -> str:
    """The prompt's text for a case. `conversation_day` is such as 2026-11-05; None: not known.

    Raises BadConfig for a placeholder that cannot be filled.
    """
    values = _values(case, offers, conversation_day)

    def fill(match: re.Match[str]) -> str:
        if match[0] == _AS_SUCH:
            return "{{"
        name = match[1] or ""
        try:
            return _text(_found(values, name))
        except KeyError:
            problem = f"{shorten(match[0])} cannot be filled for the case {case.id}"
            raise BadConfig(problem, field=f"prompt {prompt.version}", remedy=_MEANT) from None

    return _PLACEHOLDER.sub(fill, prompt.text)


def check_placeholders(
    prompt: Prompt,
    cases: Sequence[Case],
    offers_of: Callable[[Case], Offers],
    *,
    file: str,
    as_of: date | None = None,
) -> list[UserError]:
    """One sentence for each placeholder that is not known, or that some of `cases` cannot fill.

    `file` is the prompt's, as it is printed; `as_of` the day of cases without a date.
    """
    line_of = _lines_of(prompt, file)
    return _problems(prompt.text, cases, offers_of, as_of, lambda place: {"file": file, "line": line_of(place.start)})


def check_greeting(
    greeting: str,
    cases: Sequence[Case],
    offers_of: Callable[[Case], Offers],
    *,
    file: str,
    line: int | None = None,
    as_of: date | None = None,
) -> list[UserError]:
    """The same for an agent's `greeting`, which stands in a configuration."""
    return _problems(greeting, cases, offers_of, as_of, lambda _: {"file": file, "line": line, "field": "greeting"})


def _problems(
    text: str,
    cases: Sequence[Case],
    offers_of: Callable[[Case], Offers],
    as_of: date | None,
    where: Callable[[_Place], dict[str, str | int | None]],
) -> list[UserError]:
    known = [_values(case, offers_of(case), _day(case, as_of)) for case in cases]
    found: list[UserError] = []
    for place in _places(text):
        told = _unknown(place) or _lacking(place, cases, known)
        if told is not None:
            problem, remedy = told
            found.append(BadConfig(problem, remedy=remedy, **where(place)))  # type: ignore[arg-type]
    return found


def _places(text: str) -> Iterator[_Place]:
    """The placeholders, each name where it stands first; braces that hold no name each time."""
    seen: set[str] = set()
    for match in _PLACEHOLDER.finditer(text):
        name = match[1]
        if match[0] == _AS_SUCH or name in seen:
            continue
        if name is not None:
            seen.add(name)
        line = text[match.start() :].partition("\n")[0]
        yield _Place(name, match.start(), match[0] if name is not None else shorten(line, 30))


def _unknown(place: _Place) -> tuple[str, str] | None:
    """What is wrong with a placeholder whatever the case, and what to do."""
    if place.name is None:
        return f"{place.shown} begins with two braces that hold no name", _MEANT
    head = place.name.partition(".")[0]
    if head in NAMES and head in ("customer", place.name):
        return None
    close = nearest(head, NAMES) if head not in NAMES else head
    meant = f"did you mean {{{{{close}}}}}? " if close is not None else ""
    return f"{place.shown} is no placeholder", f"{meant}known are customer.FIELD, {', '.join(NAMES[1:])}; {_MEANT}"


def _lacking(place: _Place, cases: Sequence[Case], known: Sequence[Mapping[str, Json]]) -> tuple[str, str] | None:
    """Which cases cannot fill the placeholder."""
    without = [case for case, values in zip(cases, known, strict=True) if not _has(values, place.name or "")]
    if not without:
        return None
    few = f"the case {without[0].id} lacks it"
    many = f"{len(without)} of {len(cases)} cases lack it, {without[0].id} first"
    what = "a day" if place.name == "date" else "the field"
    remedy = f"correct the name, or give {what} to the cases"
    return f"{place.shown} cannot be filled: {few if len(without) == 1 else many}", remedy


def _values(case: Case, offers: Offers, day: str | None) -> dict[str, Json]:
    values: dict[str, Json] = {
        "offers": [dict(offer) for offer in offers],
        "channel": case.channel,
        "language": case.language,
    }
    if case.customer is not None:
        values["customer"] = case.customer
    if day is not None:
        values["date"] = day
    return values


def _day(case: Case, as_of: date | None) -> str | None:
    day = case.started_at.date() if case.started_at is not None else as_of
    return day.isoformat() if day is not None else None


def _has(values: Mapping[str, Json], name: str) -> bool:
    try:
        _found(values, name)
    except KeyError:
        return False
    return True


def _found(values: Mapping[str, Json], name: str) -> Json:
    """The value at a path such as ``customer.account.past_due`` or ``customer.products.0``. Raises KeyError."""
    here: Json = dict(values)
    for part in name.split("."):
        if isinstance(here, dict):
            here = here[part]
        elif isinstance(here, list) and part.isascii() and part.isdigit() and int(part) < len(here):
            here = here[int(part)]
        else:
            raise KeyError(name)
    return here


def _text(value: Json) -> str:
    """Text as it is; a list of objects, such as offers, with one a line; everything else as compact JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "[\n" + ",\n".join(_json(item) for item in value) + "\n]"
    return _json(value)


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _lines_of(prompt: Prompt, file: str) -> Callable[[int], int | None]:
    """The line of the prompt's file in which a character of the text stands; None where the file is another now."""
    try:
        _, body, first = split_front_matter(read_text(Path(file)), file=file)
    except (UserError, ValueError):
        return lambda _: None
    if body.strip() != prompt.text:
        return lambda _: None
    first += body[: len(body) - len(body.lstrip())].count("\n")
    return lambda start: first + prompt.text[:start].count("\n")
