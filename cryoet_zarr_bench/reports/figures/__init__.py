"""Figures for papers and talks, drawn from results: each with its caption and its table."""
