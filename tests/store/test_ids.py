from __future__ import annotations

import re

from evalh.store.ids import run_id


def test_a_run_id_has_its_shape_and_does_not_depend_on_the_order_of_keys() -> None:
    assert re.fullmatch(r"r_[0-9a-f]{10}", run_id({"a": 1, "b": [2]}))
    assert run_id({"a": 1, "b": [2]}) == run_id({"b": [2], "a": 1})


def test_other_inputs_have_another_id() -> None:
    assert run_id({"a": 1}) != run_id({"a": 2})
