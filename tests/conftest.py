"""What all tests share: no test is judged by how long an example took, since machines are shared."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("evalh", deadline=None)
settings.load_profile("evalh")
