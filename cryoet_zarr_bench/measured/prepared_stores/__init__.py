"""The verified stores of a release, made once by a `setup_cache` and shared by its benchmarks."""
