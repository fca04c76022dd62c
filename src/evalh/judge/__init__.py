"""A language model asked for facts and rubrics; what becomes of the answers is left to the readers."""
