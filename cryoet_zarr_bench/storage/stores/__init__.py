"""Stores on disk: written, verified from their bytes, and described."""
