"""What a release changed: paired comparisons of two releases, and the verdicts on them."""
