"""`evalh facts`: shows the reading of conversations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from evalh.models import Conversation, Lexicon


def facts(  # noqa: PLR0913, PLR0917 - an argument for each option
    path: Annotated[str, typer.Argument(help="Transcripts: a file, a folder or hf:NAME.", show_default=False)],
    policy: Annotated[str | None, typer.Option(metavar="FILE|ID", help="The offer policy to read by.")] = None,
    id_: Annotated[str | None, typer.Option("--id", metavar="ID", help="Only this conversation.")] = None,
    format_: Annotated[
        str | None, typer.Option("--format", metavar="F", help="The format; default: found by content.")
    ] = None,
    map_: Annotated[Path | None, typer.Option("--map", metavar="FILE", help="Which column holds what (YAML).")] = None,
    encoder: Annotated[
        str, typer.Option(metavar="E", help="minilm, none, or a sentence-transformers model.")
    ] = "minilm",
    as_json: Annotated[bool, typer.Option("--json", help="Print readings as JSONL.")] = False,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Go on after records that cannot be read.")] = False,
    no_redact: Annotated[bool, typer.Option("--no-redact", help="Show personal data as it is.")] = False,
) -> None:
    """Show what is read in conversations.

    Offers, claims, replies, intents, problems, moods, consent: each with its turn, quote and confidence.
    """
    from evalh.cli.inputs import Source, encoder_config
    from evalh.cli.show import console, say_raw
    from evalh.encoder import load_encoder
    from evalh.reader.local import LocalReader
    from evalh.redact import RedactedConversation, Redactor
    from evalh.report.terminal import render_facts
    from evalh.store.atomic import line

    lexicon = _lexicon(policy)
    reader = LocalReader(load_encoder(encoder_config(encoder)))
    source = Source(path, format_, map_, skip_bad=skip_bad)
    screen = console()
    for conversation in _wanted(source.conversations(), id_):
        reading = reader.read([conversation], lexicon)[0]
        redacted = None if no_redact else RedactedConversation(conversation, Redactor())
        shown = reading if redacted is None else redacted.reading(reading)
        if as_json:
            say_raw(line(shown).decode("ascii"))
        else:
            render_facts(shown, conversation if redacted is None else redacted.shown(), screen)
    source.tell_rejected()


def _lexicon(policy: str | None) -> Lexicon:
    from evalh.runner.plan import NO_LEXICON
    from evalh.workspace import Workspace

    return NO_LEXICON if policy is None else Workspace.find().policies(policy).lexicon


def _wanted(conversations: Iterator[Conversation], wanted: str | None) -> Iterator[Conversation]:
    from evalh.errors import NotFound

    if wanted is None:
        yield from conversations
        return
    found = next((one for one in conversations if one.id == wanted), None)
    if found is None:
        raise NotFound(f"there is no conversation {wanted!r}; leave --id out to see all")
    yield found
