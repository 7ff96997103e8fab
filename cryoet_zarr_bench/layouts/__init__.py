"""The layouts that tomograms are stored in: by whom, and what each costs its readers."""
