"""What is kept on disk while and after a run: whole files, a journal, a cache of readings, ids."""
