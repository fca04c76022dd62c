"""A stub of an agent at a model endpoint, in a process of its own: always another turn of a support contact.

It keeps the customer busy for as many turns as there are lines, asking and telling, so that conversations get long. To
a request with a JSON Schema, as DeepEval's simulator sends it, it gives a customer's line.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from benchmarks.judge_server import serve

from evalh.testing import reply_for

AGENT = (
    "I understand. Could you give me the last four digits of your account number?",
    "Thank you. And which device is it about, please?",
    "I see. Since when has it been like this?",
    "I've opened your account and I'm looking into it now. What is the name on the account?",
    "Thanks. The plan is in order and there is no note about a fault. Can you tell me a little more about it?",
    "That helps. I've run a first test from here and it came back clean. What is your ZIP code?",
    "I've asked the second line to look at it as well. Which email address should the report go to?",
    "They see something on their side and are correcting it. Could you tell me the phone number we can reach you on?",
    "The correction is saved, and it takes a minute to reach you. How much was the amount you were expecting?",
    "I've corrected it, and it is done on our side. Does that solve it?",
)
CUSTOMER = "I see, and what happens next with it on your side?"


def answer(request: Mapping[str, Any]) -> str:
    """The agent's next line, or a customer's as the schema wants it."""
    if request.get("response_format"):
        said = {"simulated_input": CUSTOMER, "is_complete": False}
        return reply_for(request, lambda path, _: said.get(path.split(".")[-1]))
    turns = sum(message["role"] == "assistant" for message in request["messages"])
    return AGENT[turns % len(AGENT)]


if __name__ == "__main__":
    serve(float(sys.argv[1]), answer)
