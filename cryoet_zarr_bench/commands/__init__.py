"""The commands: their progress, tables and files. `cli` reads the options."""
