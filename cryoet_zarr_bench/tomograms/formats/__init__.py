"""Readers of tomogram files, one module per format, all hostile input until checked."""
