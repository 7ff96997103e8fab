"""Documents with figures in them, written from the committed results and by nothing else."""
