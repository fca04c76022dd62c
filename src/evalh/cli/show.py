"""Prints for a person: nothing that came from a file reaches the terminal as a control character."""

from __future__ import annotations

import os
import sys
from typing import TextIO


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
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise SystemExit(141) from None


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
