"""Many tomograms at once: exact figures of each in every config, and what they say together."""
