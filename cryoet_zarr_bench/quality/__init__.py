"""Quality control: is a tomogram fit to be used? Figures, each with a threshold and a verdict.

`inspection.inspect` reads a tomogram plane by plane, in bounded memory, and gives a `QualityReport`
and what is needed to draw it. Arrays have the axes z, y, x. The host side alone comes here.
"""
