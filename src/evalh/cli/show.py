"""Prints for a person: nothing that came from a file reaches the terminal as a control character."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from rich.console import Console

PIPE_CLOSED = 141
WIDTH = 120
"""Characters a line when stdout is no terminal."""


def say(text: str = "") -> None:
    """Print a text, which may have several lines, on stdout."""
    from evalh.text.safe import safe_text

    _write(sys.stdout, safe_text(text) + "\n")


def say_raw(text: str) -> None:
    """Print a text that is ASCII JSON or was made safe already, on stdout."""
    _write(sys.stdout, text)


def warn(text: str) -> None:
    """Print one line on stderr."""
    from evalh.text.safe import safe_text

    _write(sys.stderr, safe_text(text).replace("\n", "\\n") + "\n")


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        _leave(stream)


def _leave(stream: TextIO) -> NoReturn:
    """End quietly when whoever reads has gone; the code is that of the signal, never that of a failed gate."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    raise SystemExit(PIPE_CLOSED)


def console() -> Console:
    """Where reports are rendered: stdout, without markup."""
    from rich.console import Console

    class Stdout(Console):
        def on_broken_pipe(self) -> None:
            _leave(sys.stdout)

    width = None if sys.stdout.isatty() else WIDTH
    return Stdout(file=sys.stdout, width=width, markup=False, emoji=False, highlight=False)


def tolerate_any_character() -> None:
    """Make stdout and stderr escape what the terminal's encoding lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def table(rows: list[tuple[str, ...]]) -> str:
    """Rows as columns two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
