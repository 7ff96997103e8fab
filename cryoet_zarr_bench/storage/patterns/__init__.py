"""Ways of reading a tomogram, and what each asks of an object store."""
