"""Results turned into tables and the published dashboard."""
