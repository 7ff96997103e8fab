"""Commands that give results of a machine to others, and take theirs."""
