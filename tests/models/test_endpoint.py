"""The address of an endpoint."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from evalh.models import EndpointConfig


@pytest.mark.parametrize(
    "address",
    ["https://x.test:abc/v1", "https://x.test:99999/v1", "https://x.test:0/v1", "https://x.test/\nv1",
     "https://x.test/v1\r\nHost: y", "https://ex ample.com/v1", " https://x.test/v1", "https://x..test/v1",
     f"https://{'a' * 64}.test/v1", "http://x.test\\.localhost/v1", "https://x.test/\u202ev1"],
)  # fmt: skip
def test_what_cannot_be_asked_is_no_address(address: str) -> None:
    with pytest.raises(ValidationError, match="is no address"):
        EndpointConfig(base_url=address, model="m")


@pytest.mark.parametrize(
    "address",
    ["https://api.example.com/v1", "HTTPS://API.example.com:8443/v1", "http://127.0.0.1:8080/v1", "http://[::1]:1/v1",
     "http://localhost/v1", "https://bücher.example/v1"],
)  # fmt: skip
def test_an_address_that_can_be_asked_stays(address: str) -> None:
    assert EndpointConfig(base_url=address, model="m").base_url == address


@pytest.mark.parametrize("name", ["messages", "model", "stream", "n", "response_format", "max_tokens"])
def test_more_fields_may_not_be_those_that_evalh_sets(name: str) -> None:
    with pytest.raises(ValidationError, match=f"sets '{name}', which evalh sets itself; remove it"):
        EndpointConfig.model_validate({"model": "m", "extra_body": {name: 1}})
