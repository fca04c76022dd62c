"""The tools of a model under test: as it is told of them, and what they return.

What a tool returns is what the case says, else the tool's own `result`, else what its Python function returns. What it
leaves to others: when tools are called, and loading functions.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from evalh.agents.call import Raised, returned
from evalh.agents.messages import result_text
from evalh.errors import BadInput
from evalh.llm import Called
from evalh.models import Json, Tool, ToolCall
from evalh.text.untrusted import parse_json

ENDING = frozenset({"end_call", "hang_up", "end_conversation"})
"""A call of one of these, where it is declared, ends the contact."""
_MOST_CHARS = 262_144


class Toolbox:
    """The tools that a configuration declares.

    `root` is the workspace, where functions are looked for first; `hide` makes what an error says fit to be told.
    """

    def __init__(self, tools: Sequence[Tool], root: Path, hide: Callable[[str], str]) -> None:
        self.tools = tuple(tools)
        self._root = root
        self._hide = hide
        self._by_name = {tool.name: tool for tool in tools}

    def ready(self) -> None:
        """Raises UserError where a function is not there."""
        _ = self._functions

    @property
    def told(self) -> tuple[dict[str, Any], ...]:
        """The tools in the shape of the OpenAI API."""
        return tuple({"type": "function", "function": _told(tool)} for tool in self.tools)

    @property
    def sha256s(self) -> dict[str, str]:
        """The digests of the functions' source, by the tool's name; none of it is run."""
        from evalh.agents.code import source_of

        return {name: source_of(function, self._root).sha256 for name, function in self._wanted.items()}

    def ends(self, name: str) -> bool:
        """Whether a call of the tool ends the contact."""
        return name in ENDING and name in self._by_name

    async def call(self, called: Called, scripted: Mapping[str, Json], before: int) -> ToolCall:
        """Do the call. `scripted` is what the case says; `before`: calls of this tool before it in the contact.

        A mistake of the model or of a function is told in the result, ``{"error": "..."}``, with `error` set. The id is
        left out, since a server makes another each time.
        """
        arguments = _arguments(called.arguments)
        tool = self._by_name.get(called.name)
        if tool is None:
            return _failed(called, arguments, f"there is no tool {called.name!r}")
        if isinstance(arguments, str):
            return _failed(called, arguments, "the arguments are not a JSON object")
        said = scripted.get(tool.name)
        if isinstance(said, list) and said:
            said = said[min(before, len(said) - 1)]
        if tool.name in scripted and said != []:
            return ToolCall(name=tool.name, arguments=arguments, result=said, error=_is_error(said))
        if tool.result is not None or tool.function is None:
            return ToolCall(name=tool.name, arguments=arguments, result=tool.result, error=_is_error(tool.result))
        try:
            result = _plain(await returned(self._functions[tool.name], **arguments))
        except (Raised, TypeError, ValueError) as error:
            from evalh.agents.code import told

            problem = told(error.error if isinstance(error, Raised) else error)
            return _failed(called, arguments, self._hide(problem))
        return ToolCall(name=tool.name, arguments=arguments, result=result, error=False)

    @property
    def _wanted(self) -> dict[str, str]:
        return {tool.name: tool.function for tool in self.tools if tool.function is not None}

    @cached_property
    def _functions(self) -> dict[str, Callable[..., Any]]:
        from evalh.agents.code import function_at

        return {name: function_at(function, self._root).call for name, function in self._wanted.items()}


def _told(tool: Tool) -> dict[str, Any]:
    about = {"description": tool.description} if tool.description else {}
    return {"name": tool.name, **about, "parameters": tool.parameters}


def _arguments(text: str) -> dict[str, Json] | str:
    """The arguments as an object, or as they came where they are none."""
    try:
        value = parse_json(text)
    except BadInput:
        return text
    return value if isinstance(value, dict) else text


def _failed(called: Called, arguments: dict[str, Json] | str, problem: str) -> ToolCall:
    return ToolCall(name=called.name, arguments=arguments, result={"error": problem}, error=True)


def _is_error(result: Json) -> bool:
    """Whether a result that someone wrote is that of a call that failed: an object with `error` alone."""
    return isinstance(result, dict) and set(result) == {"error"}


def _plain(value: Any) -> Json:
    """What a function returned, as JSON has it. Raises TypeError, ValueError."""
    try:
        plain = parse_json(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError, BadInput):
        raise TypeError("the function returned something that JSON does not have") from None
    if len(result_text(plain)) > _MOST_CHARS:
        raise ValueError(f"the function returned more than {_MOST_CHARS:,} characters")
    return plain
