"""Results of a machine as one file that others can check and add to theirs."""
