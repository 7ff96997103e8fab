"""Paired comparisons of two releases, and the verdicts on them."""
