"""Applies DeepEval's conversational metrics nearest to evalh's evaluators, and counts what they ask.

It runs in an environment of DeepEval's own (`python -m benchmarks.judge --deepeval-python PYTHON`), needs no evalh, and
talks to no one but the endpoint it is given: a job as JSON on standard input, what was counted as JSON on standard
output. Whether the metrics agree with people is not measured here.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

for _name in ("DEEPEVAL_TELEMETRY_OPT_OUT", "DEEPEVAL_DISABLE_DOTENV", "ERROR_REPORTING_OPT_OUT"):
    os.environ[_name] = "1"
os.environ.setdefault("DEEPEVAL_DISABLE_PROGRESS_BAR", "1")

ROLE = "A customer service agent who solves what the customer came for before offering anything, and takes a no."
TONE = ("Read what the agent says.", "Judge whether it stays friendly and calm, whatever the mood of the customer.")
OBJECTIONS = (
    "Find each time the agent offers a product, and what the customer answers.",
    "After a no, the agent must not offer it again; a question or an objection must be answered.",
)


@dataclass
class Count:
    """What one metric asked."""

    calls: int = 0
    prompt: int = 0
    """Characters."""
    failed: int = 0
    """Conversations."""


def metrics(model_for: Any) -> dict[str, Any]:
    """A maker of each metric by the name it is printed under; `model_for(name)` gives the model it asks."""
    from deepeval import metrics as found
    from deepeval.test_case import MultiTurnParams

    def g_eval(name: str, steps: tuple[str, ...]) -> Any:
        params = [MultiTurnParams.ROLE, MultiTurnParams.CONTENT]
        return lambda: found.ConversationalGEval(
            name=name, evaluation_params=params, evaluation_steps=list(steps), model=model_for(name)
        )

    def plain(name: str, **settings: Any) -> Any:
        return lambda: getattr(found, f"{name}Metric")(model=model_for(name), **settings)

    named = ("RoleAdherence", "KnowledgeRetention", "ConversationCompleteness", "TurnRelevancy")
    asked = {"ConversationalGEval: tone": TONE, "ConversationalGEval: objections": OBJECTIONS}
    faithful = plain("TurnFaithfulness", include_reason=False)  # its reasons are asked for one after the other
    return {
        **{name: g_eval(name, steps) for name, steps in asked.items()},
        **{name: plain(name) for name in named},
        "TurnFaithfulness": faithful,
    }


def models(job: dict[str, Any], counts: dict[str, Count]) -> Any:
    """A function that gives the model of a metric; all share one limit on calls at a time."""
    from deepeval.models import DeepEvalBaseLLM
    from openai import AsyncOpenAI

    client: Any = AsyncOpenAI(base_url=job["base_url"], api_key="none", max_retries=0, timeout=60)
    turnstile = asyncio.Semaphore(job["concurrency"])

    class Stub(DeepEvalBaseLLM):  # type: ignore[misc]
        """A model at the endpoint, asked with a JSON Schema."""

        def __init__(self, metric: str) -> None:
            self.count = counts.setdefault(metric, Count())
            super().__init__("stub")

        def load_model(self) -> Any:
            """Itself."""
            return self

        def get_model_name(self) -> str:
            """The name it has in reports."""
            return "stub"

        def generate(self, prompt: str, schema: Any = None) -> Any:
            """Not used: everything is asked at the same time."""
            raise NotImplementedError

        async def a_generate(self, prompt: str, schema: Any = None) -> Any:
            """The reply, as an object of `schema`."""
            async with turnstile:
                self.count.calls += 1
                self.count.prompt += len(prompt)
                given = {"name": "deepeval", "schema": schema.model_json_schema()}
                reply = await client.chat.completions.create(
                    model="stub",
                    messages=[{"role": "user", "content": prompt}],
                    response_format={"type": "json_schema", "json_schema": given},
                )
            return schema.model_validate_json(reply.choices[0].message.content)

    return Stub


def test_case(turns: list[dict[str, Any]]) -> Any:
    """A conversation as DeepEval takes it; an agent turn carries what the policy says of the offers it names."""
    from deepeval.test_case import ConversationalTestCase, Turn

    said = [
        Turn(role="user", content=turn["text"])
        if turn["role"] == "customer"
        else Turn(role="assistant", content=turn["text"], retrieval_context=turn["context"])
        for turn in turns
    ]
    return ConversationalTestCase(turns=said, chatbot_role=ROLE)


async def measure(job: dict[str, Any]) -> dict[str, Any]:
    """Every metric on every conversation, all at once as far as the limit on calls lets them."""
    counts: dict[str, Count] = {}
    makers = metrics(models(job, counts))
    cases = [test_case(turns) for turns in job["conversations"]]

    async def one(name: str, case: Any) -> None:
        try:
            await makers[name]().a_measure(case, _show_indicator=False)
        except Exception as error:
            counts[name].failed += 1
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)

    begun = time.perf_counter()
    await asyncio.gather(*(one(name, case) for name in makers for case in cases))
    seconds = time.perf_counter() - begun
    return {"seconds": seconds, "metrics": {name: vars(count) for name, count in counts.items()}}


def main() -> None:
    """Do the job on standard input."""
    with redirect_stdout(sys.stderr):
        try:
            import deepeval
        except ModuleNotFoundError:
            found = {"skipped": "not installed"}
        else:
            found = {"version": deepeval.__version__, **asyncio.run(measure(json.load(sys.stdin)))}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
