"""A judge that answers what a test tells it to, at once, and remembers what it was asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any

from evalh.errors import Stopped
from evalh.judge.tasks import Outcome, Task
from evalh.models import Answered, Failure, Usage

Script = Callable[[str, Task], Any]
"""Takes the name of a section and the task; gives the section's answer."""
FAILED = Failure(class_="timeout", message="no answer came in 120 s", attempts=4)


def nothing(name: str, _: Task) -> Any:
    """No facts, no answers to single questions, and 0.9 for every rubric."""
    return {name: Answered(value=0.9, confidence=0.9, source="judge")} if name.startswith("rubric") else {}


class FakeJudge:
    """Answers by `script`; a failure fails every task, and after `most` tasks the budget is spent."""

    id = "fake@0123456789ab"

    def __init__(
        self, script: Script = nothing, *, failure: Failure | None = None, most: int = 1_000, saved: int = 0
    ) -> None:
        self.script = script
        self.failure = failure
        self.most = most
        self.saved = saved
        self.tasks: list[Task] = []
        self.closed = False
        self.log: list[str] = []

    def submit(self, task: Task) -> Future[Outcome]:
        self.log.append(f"submit {task.conversation.id}")
        if len(self.tasks) >= self.most:
            raise Stopped("the limit of calls is reached")
        self.tasks.append(task)
        future: Future[Outcome] = Future()
        try:
            future.set_result(self._outcome(task))
        except Exception as error:
            future.set_exception(error)
        return future

    def _outcome(self, task: Task) -> Outcome:
        if self.failure is not None:
            return Outcome(failure=self.failure, calls=self.failure.attempts)
        values: dict[str, Any] = {}
        for section in task.sections:
            answer = self.script(section.name, task)
            values[section.name] = _by_question(section, answer)
        usage = (Usage(part="facts", calls=1, input_tokens=100, output_tokens=20),)
        return Outcome(values=values, calls=1, calls_saved=self.saved, usage=usage, windowed=len(task.sections) > 9)

    def estimate(self, task: Task) -> tuple[int, int, int]:
        return 1, 1_000 * len(task.sections), 100

    def close(self) -> None:
        self.closed = True


def _by_question(section: Any, answer: Mapping[str, Any]) -> Mapping[str, Any]:
    if not section.name.startswith("rubric"):
        return answer
    return {question.sha256: answer[section.name] for question in section.questions}
