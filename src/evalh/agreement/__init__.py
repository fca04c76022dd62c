"""Compares what is read and judged with what people labelled, and keeps how far the two agree."""
