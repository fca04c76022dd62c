"""Holds conversations with DeepEval's ConversationSimulator, which asks a model for each of the customer's turns.

It runs in an environment of DeepEval's own (`python -m benchmarks.simulate --deepeval-python PYTHON`), needs no evalh,
and talks to no one but the endpoint it is given: a job as JSON on standard input, what it took as JSON on standard
output.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from contextlib import redirect_stdout
from typing import Any

for _name in ("DEEPEVAL_TELEMETRY_OPT_OUT", "DEEPEVAL_DISABLE_DOTENV", "ERROR_REPORTING_OPT_OUT"):
    os.environ[_name] = "1"
os.environ.setdefault("DEEPEVAL_DISABLE_PROGRESS_BAR", "1")


def model(client: Any) -> Any:
    """The simulator's model at the endpoint, asked with a JSON Schema."""
    from deepeval.models import DeepEvalBaseLLM

    class Stub(DeepEvalBaseLLM):  # type: ignore[misc]
        """A model at the endpoint."""

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
            given = {"name": "deepeval", "schema": schema.model_json_schema()}
            reply = await client.chat.completions.create(
                model="stub",
                messages=[{"role": "user", "content": prompt}],
                response_format={"type": "json_schema", "json_schema": given},
            )
            return schema.model_validate_json(reply.choices[0].message.content)

    return Stub("stub")


def simulate(job: dict[str, Any]) -> dict[str, Any]:
    """All conversations of the job, as many at a time as it says."""
    from deepeval.dataset import ConversationalGolden
    from deepeval.simulator import ConversationSimulator
    from deepeval.test_case import Turn
    from openai import AsyncOpenAI

    client: Any = AsyncOpenAI(base_url=job["base_url"], api_key="none", max_retries=0, timeout=60)

    async def agent(turns: list[Any]) -> Any:
        talk = [{"role": turn.role, "content": turn.content} for turn in turns]
        system = {"role": "system", "content": job["prompt"]}
        reply = await client.chat.completions.create(model="stub", messages=[system, *talk])
        return Turn(role="assistant", content=reply.choices[0].message.content)

    goldens = [
        ConversationalGolden(
            scenario=f"The customer wants to {case['goal']}.",
            expected_outcome="The customer's matter is solved.",
            user_description=case["persona"],
        )
        for case in job["cases"]
    ]
    simulator = ConversationSimulator(
        model_callback=agent, simulator_model=model(client), max_concurrent=job["concurrency"]
    )
    begun = time.perf_counter()
    held = simulator.simulate(conversational_goldens=goldens, max_user_simulations=job["exchanges"])
    seconds = time.perf_counter() - begun
    exchanges = sum(turn.role == "assistant" for one in held for turn in one.turns)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "conversations": len(held), "exchanges": exchanges, "peak_mib": peak}


def main() -> None:
    """Do the job on standard input."""
    with redirect_stdout(sys.stderr):
        try:
            import deepeval
        except ModuleNotFoundError:
            found: dict[str, Any] = {"skipped": "not installed"}
        else:
            found = {"version": deepeval.__version__, **simulate(json.load(sys.stdin))}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
