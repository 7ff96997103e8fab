"""asv's running of cells: each kept at once, resumed, saved whole, its exact figures taken over."""
