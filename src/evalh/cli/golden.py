"""`evalh golden`: golden sets that grow, and what people say of their recordings."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.golden.add import Addition
    from evalh.golden.confirm import Change, Confirming
    from evalh.models import Conversation, GoldenLabel
    from evalh.models.golden_check import GoldenCheck
    from evalh.workspace import Workspace

app = typer.Typer(name="golden", help="Golden sets: grow, confirm, check.", no_args_is_help=True, rich_markup_mode=None)
SetName = Annotated[str, typer.Argument(metavar="SET", help="A golden set.", show_default=False)]


@app.callback()
def _golden() -> None:
    """Golden sets: grow, confirm, check."""


@app.command("add")
def add(  # noqa: PLR0913, PLR0917 - an argument for each option
    golden_set: SetName,
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="Transcripts, what evalh simulate wrote, a file of recordings, or the folder of a run.",
            show_default=False,
        ),
    ],
    id_: Annotated[
        list[str] | None,
        typer.Option("--id", metavar="ID", help="Only this conversation; may be repeated.", show_default=False),
    ] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="F", help="The format; default: found by content.")
    ] = None,
    map_: Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Which column holds what (YAML).")] = None,
    case_id: Annotated[
        str | None,
        typer.Option(metavar="ID", help="The new case's id, or a case of the set that they are recordings of."),
    ] = None,
    persona: Annotated[
        str | None, typer.Option(metavar="P", help="Who the customer is; default: as the source says.")
    ] = None,
    version: Annotated[
        str | None, typer.Option(metavar="V", help="The prompt version it was held by; default: as the source says.")
    ] = None,
    labels: Annotated[bool, typer.Option("--labels/--no-labels", help="Propose labels.")] = True,
    case_only: Annotated[
        bool, typer.Option("--case-only", help="Only the case; a recording by another agent is of no use.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be added, and add nothing.")] = False,
) -> None:
    """Make a conversation a case of a golden set, with its recording.

    Personal data that can be found is replaced. A conversation of a case that lacks this recording becomes its
    recording. What the reader finds is proposed as labels, which count once a person has confirmed them.
    """
    from evalh.cli.show import say
    from evalh.golden.add import AddOptions
    from evalh.golden.add import add as put

    options = AddOptions(tuple(id_ or ()), format_, map_, case_id, persona, version, labels, case_only)
    addition = put(_own_space(), golden_set, source, options, dry_run=dry_run)
    for line in _added(addition, "would add" if dry_run else "added"):
        say(line)
    if dry_run:
        _show(addition)


def _own_space() -> Workspace:
    """The workspace here; what comes with evalh is not written from elsewhere."""
    from evalh.errors import UserError
    from evalh.workspace import Workspace

    space = Workspace.find()
    if space.is_reference and not Path.cwd().is_relative_to(space.root.resolve()):
        raise UserError("there is no workspace here, and the one that comes with evalh stays as it is; evalh init DIR")
    return space


def _added(addition: Addition, did: str) -> list[str]:
    from evalh.report.words import count

    lines = []
    new = {case.id for case in addition.cases}
    for one in addition.recordings:
        own = sum(
            (label.case, label.prompt_version, label.trial) == (one.case, one.agent.prompt_version, one.trial)
            for label in addition.labels
        )
        what = "case" if one.case in new else "recording of case"
        new.discard(one.case or "")
        who = f", persona {one.persona}" if one.persona is not None else ""
        lines.append(
            f"{did} {what} {one.case} by {one.agent.prompt_version}{who}: {count(len(one.turns), 'turn')}, "
            f"{count(own, 'label')} proposed"
        )
    alone = (case for case in addition.cases if case.id in new)
    lines += [f"{did} case {case.id}, persona {case.persona or 'none'}, without a recording" for case in alone]
    info = addition.found.info.get()
    if addition.versions is None:
        lines.append(f"give {info.id} another version than {info.version!r} in set.yaml")
    else:
        lines.append(f"version of {info.id}: {addition.versions[0]} -> {addition.versions[1]}")
    if addition.labels:
        lines.append(f"proposed labels count once a person confirms them: evalh golden confirm {info.id} --by NAME")
    lines.append("names and postal addresses are not found: read what is added before you commit it")
    return lines


def _show(addition: Addition) -> None:
    from evalh.cli.show import say
    from evalh.golden.lines import readable

    for case in addition.cases:
        say(readable(case).rstrip())
    for one in addition.recordings:
        say(f"{one.id}:")
        for turn in range(len(one.turns)):
            say(f"  {_turn(one, turn)}")
            for label in addition.labels:
                place = (label.case, label.prompt_version, label.trial, label.turn)
                if place == (one.case, one.agent.prompt_version, one.trial, turn):
                    said = " ".join(filter(None, (label.construct_, label.label, label.offer)))
                    say(f"      {said} ({label.note})")


def _turn(conversation: Conversation, index: int) -> str:
    turn = conversation.turns[index]
    calls = "".join(f" [{call.name}]" for call in turn.tool_calls)
    return f"{index} {turn.role}: {turn.text}{calls}".replace("\n", " ")


@app.command("confirm")
def confirm(
    golden_set: SetName,
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who answers: initials or a pseudonym.")],
    case: Annotated[str | None, typer.Option(metavar="ID", help="Only labels of this case.")] = None,
    construct: Annotated[str | None, typer.Option(metavar="K", help="Only labels of this construct.")] = None,
    labeller: Annotated[
        str | None, typer.Option(metavar="L", help='Only what this labeller said; "reader" for what was proposed.')
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Confirm all of them without asking.")] = False,
) -> None:
    """Go through the labels that no person has confirmed.

    Shows each in its place and asks: does it hold? Every answer is kept at once. Where nobody can be asked, the labels
    that the options name are confirmed. Only confirmed labels count in evalh calibrate.
    """
    import sys

    from evalh.cli.show import say
    from evalh.errors import UserError
    from evalh.golden.confirm import Change, Confirming, Wanted
    from evalh.report.words import count

    wanted = Wanted(case, construct, labeller)
    confirming = Confirming.of(_own_space(), golden_set, wanted, by)
    if not confirming.open:
        say("there is no unconfirmed label" + (" of these" if wanted.narrow else ""))
    elif sys.stdin.isatty() and not all_:
        _ask(confirming)
    elif not all_ and not wanted.narrow:
        raise UserError("nobody can be asked here; name labels with --case, --construct or --labeller, or give --all")
    else:
        changes = [Change(line.number, line.value.label) for line in confirming.open]
        confirming.keep(changes)
        say(f"confirmed {count(len(changes), 'label')} by {by}")


def _ask(confirming: Confirming) -> None:
    """Ask about each label until the person has had enough; what is refused is told, and the next one follows."""
    from evalh.cli.show import say, warn
    from evalh.errors import UserError
    from evalh.report.words import count

    every, kept, skipped = len(confirming.open), 0, 0
    while len(confirming.open) > skipped:
        line = confirming.open[skipped]
        say(f"\n[{kept + skipped + 1}/{every}] {_described(line.value)}")
        for text in _context(confirming.recording(line.value), line.value):
            say(text)
        answer = _answered(confirming, line.number, line.value)
        if isinstance(answer, str):
            break
        if answer is None:
            skipped += 1
            continue
        try:
            confirming.keep([answer])
            kept += 1
        except UserError as error:
            warn(str(error))
            skipped += 1
    say(f"kept {count(kept, 'answer')}, {count(len(confirming.open), 'label')} left")


def _described(label: GoldenLabel) -> str:
    where = f"{label.case} {label.prompt_version}" + (f" trial {label.trial}" if label.trial else "")
    turn = f", turn {label.turn}" if label.turn is not None else ""
    said = " ".join(filter(None, (label.construct_, label.label, label.offer)))
    return f"{where}{turn}: {said} ({', '.join(filter(None, (label.labeller, label.note)))})"


def _context(held: Conversation | None, label: GoldenLabel, before: int = 3, after: int = 2) -> list[str]:
    """The turns around a label, without personal data."""
    from evalh.redact import RedactedConversation, Redactor

    if held is None:
        return ["  (not recorded)"]
    shown = RedactedConversation(held, Redactor()).shown()
    at = label.turn
    first, last = (0, len(held.turns)) if at is None else (max(at - before, 0), min(at + after + 1, len(held.turns)))
    return [f"{'>' if turn == at else ' '} {_turn(shown, turn)}" for turn in range(first, last)]


def _answered(confirming: Confirming, number: int, label: GoldenLabel) -> Change | str | None:
    """What the person says: a change, "quit", or None to leave it as it is."""
    from evalh.golden.confirm import Change

    choices = confirming.choices(label)
    answers = {"y": "yes", "n": "no", "c": "change", "s": "skip", "q": "quit"}
    match _read("holds? [y]es, [n]o: take it out, [c]hange, [s]kip, [q]uit: ", [*answers, *answers.values()]):
        case "y" | "yes":
            return Change(number, label.label)
        case "n" | "no":
            return Change(number, None)
        case "c" | "change":
            chosen = _read(f"which? {', '.join(choices)}: ", choices)
            return Change(number, chosen) if chosen is not None else "quit"
        case "s" | "skip":
            return None
        case _:
            return "quit"


def _read(question: str, answers: list[str]) -> str | None:
    """One of the answers; None at the end of the input."""
    import sys

    from evalh.cli.show import say_raw

    while True:
        say_raw(question)
        line = sys.stdin.readline()
        if not line:
            return None
        answer = line.strip().lower()
        if answer in answers:
            return answer


@app.command("check")
def check(
    golden_set: Annotated[
        str | None, typer.Argument(metavar="[SET]", help="A golden set; default: all.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Say what a golden set lacks, holds twice or contradicts.

    Near-duplicates, cohorts too small for the gate, personas, offers and intents without a case, labels that
    contradict each other, personal data, recordings of other prompts, content that changed under the same version.
    Ends with 2 where something has to be put right; notes are for a person to weigh.
    """
    from evalh.cli.show import say, say_raw, warn
    from evalh.golden.check import check as checked
    from evalh.store.atomic import line
    from evalh.workspace import Workspace

    space = Workspace.find()
    found = [checked(space, name) for name in ([golden_set] if golden_set else space.golden_set_names())]
    for one in found:
        if as_json:
            say_raw(line(one).decode("ascii"))
            continue
        for finding in one.findings:
            place = ":".join(str(part) for part in (finding.file, finding.line) if part is not None)
            told = warn if finding.level == "error" else say
            told(f"{place}: {finding.text}" if place else f"{one.golden_set.id}: {finding.text}")
        say(_summary(one))
    if any(one.errors for one in found):
        raise typer.Exit(2)


def _summary(one: GoldenCheck) -> str:
    from evalh.report.words import count

    notes = count(len(one.findings) - len(one.errors), "note")
    recorded = ", ".join(f"{version} {number}" for version, number in one.recordings.items()) or "none"
    state = "ok" if not one.errors else f"not ok: {count(len(one.errors), 'mistake')}"
    return (
        f"{one.golden_set.id} {one.golden_set.version} ({one.golden_set.sha256[:12]}): {state}, "
        f"{notes}; {count(one.cases, 'case')}, {one.families} independent; "
        f"recordings: {recorded}; {count(one.labels, 'label')}, {one.confirmed} confirmed, {one.proposed} proposed"
    )
