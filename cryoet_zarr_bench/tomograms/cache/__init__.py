"""The cache of prepared tomograms: its entries, their locks, its bound."""
