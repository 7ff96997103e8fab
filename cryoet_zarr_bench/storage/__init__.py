"""A storage config, the store it makes on disk, and what can be said of that store for certain.

`codecs` defines codecs, `engines` writes and reads with a library, `stores` verifies what lies on
the disk, `object_store` counts the requests of S3, `patterns` are ways of reading. This package
runs inside the measured environments: it imports the standard library, numpy and the engine under
measurement, nothing else.
"""
