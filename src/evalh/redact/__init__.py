"""Personal data in text, replaced by tokens that stay the same within a run."""
