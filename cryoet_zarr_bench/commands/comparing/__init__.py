"""Commands that hold releases against each other: pairs, anchors, verdicts, trust."""
