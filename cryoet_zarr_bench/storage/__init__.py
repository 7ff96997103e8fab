"""A storage config, the store it makes on disk, and what can be said of that store for certain.

This package runs inside the measured environments: it imports the standard library, numpy and the
engine under measurement, nothing else.
"""
