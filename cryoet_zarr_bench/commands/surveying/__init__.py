"""Commands for many tomograms at once, on the cores of one machine or of many."""
