"""Text of transcripts, names and numbers in a terminal, printed as text: never as markup or control codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from evalh.text.safe import safe_text

MAX_QUOTE = 300


def safe(text: object, style: str = "") -> Text:
    """Anything as text that is printed as it is: no markup, no control or invisible characters, one line."""
    return Text(safe_text(str(text)).replace("\n", " ").replace("\t", " "), style=style)


def quoted(text: str) -> str:
    """A quote in quotation marks, cut where it is long."""
    cut = text if len(text) <= MAX_QUOTE else text[: MAX_QUOTE - 3] + "..."
    return f'"{cut}"' if cut.strip() else "(nothing said)"


def indented(text: RenderableType, by: int = 2, below: int = 0) -> Padding:
    """Something set in from the left, with so many empty lines below."""
    return Padding(text, (0, 0, below, by), expand=False)


def table(title: str, words: Sequence[str], numbers: Sequence[str]) -> Table:
    """An empty table with its title on the left: columns of `words`, then columns of `numbers`."""
    made = Table(title=safe(title, "bold"), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for name in words:
        made.add_column(safe(name), overflow="fold")
    for name in numbers:
        made.add_column(safe(name), justify="right", no_wrap=True)
    return made


def lines(said: Iterable[str], console: Console, style: str = "") -> None:
    """Each of `said` on lines of its own, set in; an empty line after the last."""
    told = [safe(text, style) for text in said]
    for text in told:
        console.print(indented(text))
    if told:
        console.print()
