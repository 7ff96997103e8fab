"""asv's dashboard: published whole, with its assets local and the pages of this project first."""
