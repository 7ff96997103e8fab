"""What each command does: its progress, its tables, its files. `cli` reads the options."""
