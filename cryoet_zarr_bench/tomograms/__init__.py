"""Sources of tomograms: made from random numbers, read from a file, kept ready on disk.

The host side calls `preparation.prepare` before asv starts; the measured side needs numpy alone and
opens what was prepared with `measured.prepared_tomogram.open_prepared`. Arrays have the axes z, y,
x, and voxel spacings are in angstrom.
"""
