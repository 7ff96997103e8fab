"""Committed results: read, checked, and what follows from them. Nothing is drawn here."""
