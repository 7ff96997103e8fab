"""Modules for every room: errors and refusals, text that is shown, files written whole, places.

Imports nothing of the other rooms.
"""
