"""The command line: each command reads its arguments, calls, renders, and sets the exit code."""
