from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from evalh.agents.tools import Toolbox
from evalh.errors import BadConfig
from evalh.llm import Called
from evalh.llm.scrub import scrubbed
from evalh.models import Json, Tool, ToolCall

FUNCTIONS = """
import threading

async def later(last4):
    return {"found": last4}

def now(last4="0000"):
    return [last4, threading.current_thread() is threading.main_thread()]

def breaks(**kwargs):
    raise LookupError("no account\\nsk-canary-0123456789abcdef")

def leaves():
    raise SystemExit(3)

def interrupts():
    raise KeyboardInterrupt

def odd():
    return {1, 2}

def endless():
    return float("nan")

def long():
    return "x" * 300_000
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "desk.py").write_text(FUNCTIONS)
    return tmp_path


def toolbox(root: Path, *tools: dict[str, Any]) -> Toolbox:
    return Toolbox([Tool(**tool) for tool in tools], root, lambda said: scrubbed(said, most=300))


def call(
    tools: Toolbox, name: str, arguments: str = "{}", scripted: dict[str, Json] | None = None, before: int = 0
) -> ToolCall:
    return asyncio.run(tools.call(Called("id", name, arguments), scripted or {}, before))


def test_tools_are_told_in_the_shape_of_the_api(root: Path) -> None:
    parameters = {"type": "object", "properties": {"last4": {"type": "string"}}}
    tools = toolbox(root, {"name": "find", "description": "Finds.", "parameters": parameters}, {"name": "bare"})

    assert tools.told == (
        {"type": "function", "function": {"name": "find", "description": "Finds.", "parameters": parameters}},
        {"type": "function", "function": {"name": "bare", "parameters": {"type": "object", "properties": {}}}},
    )


def test_the_case_comes_first_then_the_result_then_the_function_then_nothing(root: Path) -> None:
    tools = toolbox(
        root,
        {"name": "both", "result": "ours", "function": "desk:now"},
        {"name": "code", "function": "desk:now"},
        {"name": "none"},
    )

    assert call(tools, "both", scripted={"both": "the case's"}).result == "the case's"
    assert call(tools, "both", scripted={"code": "x"}).result == "ours"
    assert call(tools, "code", scripted={"code": None}).result is None
    assert call(tools, "code").result == ["0000", False]
    assert call(tools, "none").result is None


@pytest.mark.parametrize(("before", "expected"), [(0, "a"), (1, {"b": 1}), (2, {"b": 1}), (9, {"b": 1})])
def test_a_list_is_taken_call_by_call_and_its_last_repeats(root: Path, before: int, expected: Json) -> None:
    assert call(toolbox(root, {"name": "f"}), "f", scripted={"f": ["a", {"b": 1}]}, before=before).result == expected


def test_an_empty_list_says_nothing_of_the_tool(root: Path) -> None:
    assert call(toolbox(root, {"name": "f", "result": "ours"}), "f", scripted={"f": []}).result == "ours"


def test_a_scripted_error_is_one(root: Path) -> None:
    tools = toolbox(root, {"name": "f"})

    assert call(tools, "f", scripted={"f": {"error": "no such plan"}}).error is True
    assert call(tools, "f", scripted={"f": {"error": None, "plan": "A"}}).error is False


def test_functions_get_the_arguments_by_name_async_or_not(root: Path) -> None:
    tools = toolbox(root, {"name": "later", "function": "desk:later"}, {"name": "now", "function": "desk:now"})

    assert call(tools, "later", '{"last4": "1"}') == ToolCall(
        name="later", arguments={"last4": "1"}, result={"found": "1"}, error=False
    )
    assert call(tools, "now", '{"last4": "2"}').result == ["2", False]


@pytest.mark.parametrize(
    ("name", "arguments", "problem"),
    [
        ("breaks", "{}", "LookupError: no account"),
        ("leaves", "{}", "SystemExit: 3"),
        ("interrupts", "{}", "KeyboardInterrupt"),
        ("later", '{"wrong": 1}', "TypeError: later() got an unexpected keyword argument 'wrong'"),
        ("odd", "{}", "TypeError: the function returned something that JSON does not have"),
        ("endless", "{}", "TypeError: the function returned something that JSON does not have"),
        ("long", "{}", "ValueError: the function returned more than 262,144 characters"),
    ],
)
def test_an_error_of_a_function_is_told_and_kept(root: Path, name: str, arguments: str, problem: str) -> None:
    made = call(toolbox(root, {"name": name, "function": f"desk:{name}"}), name, arguments)

    assert made.result == {"error": problem}
    assert made.error is True


def test_an_error_tells_no_key(root: Path) -> None:
    (root / "sly.py").write_text('def f():\n    raise ValueError("Bearer sk-canary-0123456789abcdef refused")\n')
    made = call(toolbox(root, {"name": "f", "function": "sly:f"}), "f")

    assert "canary" not in str(made.result)


def test_a_tool_that_is_not_there_is_the_models_mistake(root: Path) -> None:
    made = call(toolbox(root, {"name": "find"}), "fnid", '{"a": 1}', scripted={"fnid": "x"})

    assert made == ToolCall(name="fnid", arguments={"a": 1}, result={"error": "there is no tool 'fnid'"}, error=True)


@pytest.mark.parametrize("arguments", ['{"a": ', "[1]", "null", '"x"', '{"a": NaN}', '{"a":1,"a":2}', "[" * 100])
def test_arguments_that_are_no_object_are_kept_as_they_came_and_nothing_is_called(root: Path, arguments: str) -> None:
    made = call(toolbox(root, {"name": "breaks", "function": "desk:breaks"}), "breaks", arguments)

    assert made.arguments == arguments
    assert made.result == {"error": "the arguments are not a JSON object"}
    assert made.error is True


def test_the_digest_follows_the_source_and_runs_none_of_it(root: Path) -> None:
    (root / "loud.py").write_text("raise RuntimeError('run')\ndef f(): return 1\n")
    tools = toolbox(root, {"name": "f", "function": "loud:f"})
    first = tools.sha256s
    (root / "loud.py").write_text("raise RuntimeError('run')\ndef f(): return 2\n")

    assert first.keys() == {"f"}
    assert tools.sha256s != first
    with pytest.raises(BadConfig, match="RuntimeError: run"):
        tools.ready()


def test_a_function_that_is_not_there_is_told_before_anything_is_asked(root: Path) -> None:
    with pytest.raises(BadConfig, match="has no function 'gone'"):
        toolbox(root, {"name": "f", "function": "desk:gone"}).ready()


def test_only_a_declared_tool_ends_the_contact(root: Path) -> None:
    tools = toolbox(root, {"name": "hang_up"}, {"name": "find"})

    assert [tools.ends(name) for name in ("hang_up", "end_call", "find")] == [True, False, False]
