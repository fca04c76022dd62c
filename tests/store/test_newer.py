from __future__ import annotations

from pathlib import Path

import pytest

from evalh.errors import BadInput
from evalh.models import Json
from evalh.store.newer import refuse_newer


@pytest.mark.parametrize("value", [{"schema": "evalh.score/1"}, {"schema": "other/9"}, {"schema": 2}, {}, [], None])
def test_what_this_version_knows_or_is_not_ours_is_let_through(value: Json) -> None:
    refuse_newer(value, Path("rows.jsonl"))


def test_what_a_newer_evalh_wrote_is_refused_by_name() -> None:
    told = r"rows\.jsonl:3: schema: is 'evalh\.score/2', and this evalh reads evalh\.score/1"
    with pytest.raises(BadInput, match=told):
        refuse_newer({"schema": "evalh.score/2"}, Path("rows.jsonl"), 3)
