"""Text: normalised matching, amounts, strict parsing of what comes from outside, safe printing."""
