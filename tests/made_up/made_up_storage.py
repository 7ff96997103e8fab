"""What a release leaves of all questions about storage, made up."""

from cryoet_zarr_bench.analysis.result_reader import Cell, MeasuredRelease

MACHINE = "xeon-2-cores"
TOMOGRAM = "synthetic-10A-128x128x128"

SEED = Cell("blosc-zstd-5-shuffle", "64x64x64", 3)
SEED_2 = Cell("blosc-zstd-5-shuffle", "64x64x64", 2)
SLABS = Cell("blosc-zstd-5-shuffle", "16x128x128", 3)
QUICK = Cell("blosc-lz4-5-bitshuffle", "64x64x64", 3)
PLAIN = Cell("none", "64x64x64", 3)
SHARDED = Cell("blosc-zstd-5-shuffle", "32x32x32 in 64x64x64", 3)
ROUNDED, COARSE = (Cell(f"bitround-{bits}", "64x64x64", 3) for bits in (9, 5))


def core():
    """Ratio and CPU seconds for all of the tomogram, lossless."""
    rows = {SEED: (1.168, 0.09, 0.01), SLABS: (1.160, 0.09, 0.01)}
    rows |= {QUICK: (1.164, 0.02, 0.01), PLAIN: (1.0, 0.01, 0.005)}
    names = ("storage.Storage.track_compression_ratio", "write.Write.time_write_cpu")
    figures = _by_name((*names, "read.Read.time_read_volume_cpu"), rows)
    return {**figures, "storage.Storage.track_bits_above_entropy": {SEED: 3.25, SLABS: -0.5}}


def lossy():
    """The same of two lossy configs, one of them within the bound."""
    names = ("LossyStorage.track_compression_ratio", "LossyWrite.time_write_cpu")
    names += ("LossyRead.time_read_volume_cpu", "LossyStorage.track_worst_noise_to_signal")
    names += ("LossyStorage.track_within_bound",)
    rows = {ROUNDED: (2.0, 0.05, 0.01, 0.0005, 1), COARSE: (4.0, 0.05, 0.01, 0.2, 0)}
    return _by_name([f"lossy.{name}" for name in names], rows)


def other_questions():
    """Access, shards, engines, portability, disk and overhead, a few figures each."""
    return {
        "codecs.Codecs.track_compression_ratio": {Cell("pcodec-8", "64x64x64", 3): 1.2},
        "access.Requests.track_worst_slice_modelled_seconds": {SEED: 0.5, SLABS: 0.2, SEED_2: 0.6},
        "access.Requests.track_particles_modelled_seconds": {SEED: 0.80, SLABS: 0.79},
        "access.Requests.track_particles_gets": {SEED: 301, SLABS: 402},
        "access.Requests.track_particles_overread": {SEED: 8.5, SLABS: 12.0},
        "shards.ShardRequests.track_rewrite_chunk_modelled_seconds": {SHARDED: 0.2},
        "shards.ShardRequests.track_rewrite_chunk_gets": {SHARDED: 3},
        "shards.ShardRequests.track_rewrite_chunk_ranged_gets": {SHARDED: 2},
        "shards.ShardRequests.track_rewrite_chunk_puts": {SHARDED: 1},
        "engines.ZarrPythonOneThread.time_read_volume": {SEED: 0.010},
        "engines.ZarrPythonOneThread.time_read_volume_cpu": {SEED: 0.011},
        "engines.TensorStoreDefaultThreads.time_read_volume": {SEED: 0.0004},
        "portability.Portability.track_zarr_python_read_by_zarrs": {SEED: 0, QUICK: 1, PLAIN: 2},
        "disk.Cold.time_read_cold": {SEED: 0.05, PLAIN: 0.06},
        "disk.Durable.time_write_durable": {SEED: 1.5},
        "overhead.PerChunk.track_read_us_per_chunk": {SEED: 310.0},
        "overhead.OverPlainFile.track_write_over_copy": {SEED: 12.0},
    }


def release(figures, name=TOMOGRAM, size=8_388_608):
    """A release measured on one tomogram, of so many bytes in memory."""
    return MeasuredRelease(
        *("c", MACHINE, name, "3.12", 0, None, figures, {}, [], {}, "tmpfs"),
        tomogram_bytes=size,
        loss_bound=0.001,
    )


def _by_name(names, rows):
    return {
        name: {cell: row[place] for cell, row in rows.items()} for place, name in enumerate(names)
    }
