"""All that reaches into asv: one module per purpose, each with the reason why asv needs it."""
