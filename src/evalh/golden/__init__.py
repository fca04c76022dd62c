"""Golden sets that grow: conversations promoted to cases, and what a set lacks or has twice."""
