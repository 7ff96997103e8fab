"""A folder that is asked like S3: a bucket that counts requests, and stores of Zarr around it."""
