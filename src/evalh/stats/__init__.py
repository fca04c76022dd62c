"""Numbers in, numbers out: means, rates and differences of what conversations scored."""
