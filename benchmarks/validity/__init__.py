"""How far the reader's facts agree with labels of people, on corpora nobody here wrote; see benchmarks/README.md."""
