"""Code that runs inside a measured environment, around the call that is timed.

Clocks, cores, memory, the inputs of a process, the record it leaves. It imports the standard
library, numpy and the engine under measurement, nothing else.
"""
