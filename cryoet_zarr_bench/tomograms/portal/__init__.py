"""Tomograms of the CryoET Data Portal, fetched into the cache; nothing wrong gets in.

The portal's records come from its GraphQL server, by its own client; the voxels lie as OME-Zarr in
a public bucket, read anonymously by s3fs. `tomogram_fetch.fetch` does it all: `portal_records` asks
the portal, `tomogram_choice` picks one tomogram, `stored_layout` holds its metadata against its
record, `needed_chunks` says what is needed and what may be missing, `chunk_transfer` moves it,
`partial_voxels` decodes it into a file of bounded memory, and `cache.fetched_entries` finds it
again.

| variable | meaning |
|---|---|
| `CRYOET_PORTAL_GRAPHQL_URL` | where the portal's records are, instead of the portal's own server |
| `CRYOET_PORTAL_TIMEOUT` | seconds to wait for an answer to a call, 20 without it |
| `CRYOET_PORTAL_ATTEMPTS` | how often an object is asked for before it is given up, 5 without it |
| `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_S3`, `FSSPEC_S3_...` | where the objects are, for s3fs |
| `CRYOET_CACHE_DIR` | where tomograms are kept |
"""
