"""A finished run for a person to read; never runs anything."""

from evalh.report.gate import render_gate
from evalh.report.terminal import render_conversation, render_facts, render_run, render_score

__all__ = ["render_conversation", "render_facts", "render_gate", "render_run", "render_score"]
