"""Commands that end in a decision: what to store, what it costs, what it takes here."""
