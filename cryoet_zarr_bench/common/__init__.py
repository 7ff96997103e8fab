"""What every room may use: errors and refusals, text that is shown, files written whole, places.

Imports nothing of the other rooms.
"""
