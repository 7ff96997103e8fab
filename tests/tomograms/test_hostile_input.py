"""Files made to harm: nothing runs, memory is not taken, and the answer is one line.

What is read is read in another process, whose memory is watched and which a crash would end.
"""

import gzip
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import mrcfile
import numcodecs
import numpy as np
import pytest
import tifffile
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.filterwarnings("ignore")  # of the libraries, while the tests write

VOXELS = np.arange(210, dtype=np.float32).reshape(5, 6, 7)
BOMB = 1 << 30  # bytes that a small file decodes to
MOST_MEMORY = 200_000  # kB; the process has as much before it reads anything

READER = """
import resource, sys
sys.path.insert(0, sys.argv[1])
import mrcfile, numcodecs.blosc, numcodecs.lz4, numcodecs.zstd, tifffile
from cryoet_zarr_bench.common.errors import BadInput
from cryoet_zarr_bench.tomograms.formats.open_tomogram import read_volume

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak()
for line in sys.stdin:
    try:
        answer = f"read {read_volume(line.rstrip(chr(10))).data.shape}"
    except BadInput as refusal:
        answer = f"refused {refusal}"
    except BaseException as error:
        answer = f"raised {error!r}"
    print(peak() - before, answer, flush=True)
"""


class Reader:
    """A process that reads what it is told, and says how it went."""

    def __init__(self, folder: Path):
        project = Path(__file__).resolve().parents[2]
        self.process = subprocess.Popen(
            [sys.executable, "-c", READER, str(project)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(folder / "stderr").open("wb"),
            text=True,
            cwd=folder,
        )

    def read(self, path: Path) -> str:
        """`read` and the shape, or `refused` and the line; fails where it took much memory."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        memory, _, answer = self.process.stdout.readline().partition(" ")
        assert memory, f"reading {path} ended the process with {self.process.wait()}"
        assert int(memory) < MOST_MEMORY, answer
        assert answer.startswith(("read (", "refused ")), answer
        assert "MemoryError" not in answer
        return answer.rstrip("\n")

    def refuses(self, path: Path) -> str:
        """The line with which a path is refused."""
        answer = self.read(path)
        assert answer.startswith(f"refused {path}"), answer
        assert answer.isprintable()
        return answer


@pytest.fixture(scope="module")
def reader(tmp_path_factory) -> Iterator[Reader]:
    reader = Reader(tmp_path_factory.mktemp("reader"))
    yield reader
    reader.process.stdin.close()
    assert reader.process.wait(30) == 0


def zarr_store(path: Path, *, codec: dict | None, chunk: bytes, **changes) -> Path:
    """A format 2 array of one chunk, written without any library."""
    path.mkdir()
    document = {
        "zarr_format": 2,
        "shape": [5, 6, 7],
        "chunks": [5, 6, 7],
        "dtype": "<f4",
        "order": "C",
        "fill_value": 0,
        "filters": None,
        "compressor": codec,
        **changes,
    }
    (path / ".zarray").write_text(json.dumps(document))
    (path / "0.0.0").write_bytes(chunk)
    return path


class Payload:
    """Makes a file where it is unpickled."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_pickles_are_not_run(tmp_path, reader):
    trap = tmp_path / "it ran"
    poison = pickle.dumps(Payload(trap))
    pickle.loads(poison)
    assert trap.exists()  # it works where it is run
    trap.unlink()
    stores = [
        zarr_store(tmp_path / "a.zarr", codec={"id": "pickle"}, chunk=poison),
        zarr_store(tmp_path / "b.zarr", codec=None, chunk=poison, dtype="|O"),
        zarr_store(
            tmp_path / "c.zarr", codec=None, chunk=poison, dtype="|O", filters=[{"id": "pickle"}]
        ),
    ]
    objects = tmp_path / "a.npy"
    np.save(objects, np.array([[[Payload(trap)]]]), allow_pickle=True)
    for path in [*stores, objects]:
        line = reader.refuses(path)
        assert "pickle" in line or "objects" in line
    assert not trap.exists()


def zstd_frame_of_unknown_size(decoded: int) -> bytes:
    """Blocks of one repeated byte, and a header that does not say how much they are. RFC 8878."""
    size, count = 1 << 17, decoded >> 17
    blocks = [(size << 3 | 1 << 1 | (n == count - 1)).to_bytes(3, "little") for n in range(count)]
    return b"\x28\xb5\x2f\xfd\x00\x58" + b"".join(block + b"\0" for block in blocks)


def deflated_zeros(decoded: int, window: int) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, window)
    part = bytes(1 << 24)
    parts = [compressor.compress(part) for _ in range(decoded >> 24)]
    return b"".join([*parts, compressor.flush()])


BOMBS: dict[str, Callable[[], bytes]] = {
    "blosc": lambda: numcodecs.Blosc("zstd", 9, 0).encode(np.zeros(BOMB, np.uint8)),
    "zstd": lambda: numcodecs.Zstd(1).encode(np.zeros(BOMB, np.uint8)),
    "lz4": lambda: numcodecs.LZ4().encode(np.zeros(BOMB >> 2, np.uint8)),
    "gzip": lambda: deflated_zeros(BOMB, 31),
    "zlib": lambda: deflated_zeros(BOMB, 15),
    "bz2": lambda: numcodecs.BZ2(9).encode(bytes(BOMB >> 4)),
    "lzma": lambda: numcodecs.LZMA(preset=0).encode(bytes(BOMB >> 3)),
}


@pytest.mark.long
@pytest.mark.parametrize("codec", BOMBS)
def test_a_chunk_that_is_a_bomb(codec, tmp_path, reader):
    chunk = BOMBS[codec]()
    large = {"shape": [64, 64, 64], "chunks": [64, 64, 64]}
    for name, changes in [("small.zarr", {}), ("large.zarr", large)]:
        path = zarr_store(tmp_path / name, codec={"id": codec}, chunk=chunk, **changes)
        assert "make sense" in reader.refuses(path) or "decode" in reader.refuses(path)


def test_zstd_of_unknown_size(tmp_path, reader):
    cube = {"shape": [32, 32, 32], "chunks": [32, 32, 32]}
    good, bomb = (zstd_frame_of_unknown_size(size) for size in (4 * 32**3, BOMB))
    path = zarr_store(tmp_path / "a.zarr", codec={"id": "zstd"}, chunk=good, **cube)
    assert reader.read(path) == "read (32, 32, 32)"
    for name, chunk in [("b.zarr", bomb), ("c.zarr", good + bomb)]:
        reader.refuses(zarr_store(tmp_path / name, codec={"id": "zstd"}, chunk=chunk, **cube))


def sharded_store(path: Path) -> Path:
    array = zarr.create_array(
        path, shape=(4, 4, 4), chunks=(2, 2, 2), shards=(4, 4, 4), dtype="int16", zarr_format=3
    )
    array[...] = np.arange(64).reshape(4, 4, 4) + 1
    return path


@pytest.mark.parametrize("offset", [0, 1 << 20, (1 << 64) - 2])
@pytest.mark.parametrize("length", [1, 1 << 40, (1 << 64) - 1])
def test_a_shard_whose_index_lies(offset, length, tmp_path, reader):
    path = sharded_store(tmp_path / "a.zarr")
    shard = bytearray((path / "c/0/0/0").read_bytes())
    shard[-132:-116] = struct.pack("<QQ", offset, length)
    (path / "c/0/0/0").write_bytes(shard)
    assert "index of the shard" in reader.refuses(path)  # the checksum does not fit
    shard[-4:] = bytes(numcodecs.CRC32C(location="end").encode(bytes(shard[-132:-4])))[-4:]
    (path / "c/0/0/0").write_bytes(shard)
    assert "chunk (0, 0, 0) of the shard" in reader.refuses(path)


def test_nothing_outside_of_the_folder_is_read(tmp_path, reader):
    outside = zarr_store(tmp_path / "outside.zarr", codec=None, chunk=VOXELS.tobytes())
    assert reader.read(outside) == "read (5, 6, 7)"
    links = {".zarray": "inside.zarr/.zarray", "0.0.0": "inside.zarr/0.0.0"}
    for name in links:
        inside = tmp_path / "inside.zarr"
        shutil.copytree(outside, inside)
        (inside / name).unlink()
        (inside / name).symlink_to(outside / name)
        assert "is a link out of" in reader.refuses(inside)
        shutil.rmtree(inside)
    group = tmp_path / "group.zarr"
    group.mkdir()
    (group / "link").symlink_to(outside)
    for level, word in [("../outside.zarr", "not a path within"), ("link", "is a link out of")]:
        document = {"multiscales": [{"datasets": [{"path": level}]}]}
        (group / ".zattrs").write_text(json.dumps(document))
        assert word in reader.refuses(group)
    # A link to a neighbour in the same folder is followed.
    shutil.copytree(outside, group / "0")
    (group / "link").unlink()
    (group / "link").symlink_to("0")
    assert reader.read(group) == "read (5, 6, 7)"


@pytest.mark.parametrize("name", [".zarray", "0.0.0"])
def test_what_never_ends_is_not_read(name, tmp_path, reader):
    path = zarr_store(tmp_path / "a.zarr", codec=None, chunk=VOXELS.tobytes())
    (path / name).unlink()
    (path / name).symlink_to("/dev/zero")
    assert "is a link out of" in reader.refuses(path)
    (path / name).unlink()
    os.mkfifo(path / name)
    assert "is not a regular file" in reader.refuses(path)
    (path / name).unlink()
    with (path / name).open("wb") as file:
        file.truncate(1 << 40)  # takes no space on the disk
    assert reader.refuses(path)


def tiff(path: Path, **options) -> Path:
    tifffile.imwrite(path, VOXELS, **({"photometric": "minisblack", "metadata": None} | options))
    return path


def patched(path: Path, offset: int, content: bytes) -> Path:
    whole = bytearray(path.read_bytes())
    whole[offset : offset + len(content)] = content
    path.write_bytes(whole)
    return path


def tag_of(path: Path, name: str, page: int = 0) -> tifffile.TiffTag:
    with tifffile.TiffFile(path) as file:
        return file.pages[page].tags[name]


def test_directories_in_a_circle(tmp_path, reader):
    path = tiff(tmp_path / "a.tif", contiguous=False)
    with tifffile.TiffFile(path) as file:
        last = file.pages[-1]
        behind_tags = last.offset + 2 + 12 * len(last.tags)
        first = file.pages[0].offset
    assert "circle" in reader.refuses(patched(path, behind_tags, struct.pack("<I", first)))


def test_endless_directories(tmp_path, reader):
    """Each of one tag, each naming the next."""
    path = tmp_path / "a.tif"
    directory = struct.Struct("<HHHIII")
    count = 200_000
    with path.open("wb") as file:
        file.write(struct.pack("<2sHI", b"II", 42, 8))
        for n in range(count):
            following = 8 + (n + 1) * directory.size
            file.write(directory.pack(1, 256, 4, 1, 7, following if n < count - 1 else 0))
    assert "or more than" in reader.refuses(path)


@pytest.mark.parametrize(
    ("name", "value"),
    [("ImageWidth", 1 << 30), ("ImageLength", 1 << 30), ("ImageWidth", 0), ("BitsPerSample", 60)],
)
def test_absurd_dimensions_of_a_page(name, value, tmp_path, reader):
    path = tiff(tmp_path / "a.tif")
    tag = tag_of(path, name)
    form = {3: "<H", 4: "<I"}[tag.dtype]
    reader.refuses(patched(path, tag.valueoffset, struct.pack(form, value & 0xFFFFFFFF)[:4]))


@pytest.mark.parametrize("count", [1 << 20, (1 << 32) - 1])
def test_a_tag_of_absurd_length(count, tmp_path, reader):
    path = tiff(tmp_path / "a.tif", description="a" * 99)
    reader.refuses(
        patched(path, tag_of(path, "ImageDescription").offset + 4, struct.pack("<I", count))
    )
    with path.open("r+b") as file:
        file.truncate(1 << 36)
    # A mebibyte of description is odd, no more.
    assert reader.read(path).startswith("refused" if count > 1 << 20 else "read (5, 6, 7)")


@pytest.mark.long
def test_a_strip_that_is_a_bomb(tmp_path, reader):
    path = tiff(tmp_path / "a.tif", compression="zlib", rowsperstrip=6)
    offset, length = tag_of(path, "StripOffsets"), tag_of(path, "StripByteCounts")
    bomb = deflated_zeros(BOMB, 15)
    end = path.stat().st_size
    with path.open("ab") as file:
        file.write(bomb)
    patched(path, offset.valueoffset, struct.pack("<I", end))
    patched(path, length.valueoffset, struct.pack("<I", len(bomb)))
    assert "decodes to more than" in reader.refuses(path)


def raw_tiff(
    path: Path,
    strips: list[bytes],
    width: int,
    height: int,
    *,
    count: int = 1,
    compression: int = 8,
) -> Path:
    """Pages of uint8, each of `count` times one strip; written without any library.

    Strips that are the same lie in the file once, and so do the tags of many values.
    """
    body = bytearray(b"II*\0\0\0\0\0")
    placed: dict[bytes, int] = {}

    def place(content: bytes) -> int:
        if content not in placed:
            placed[content] = len(body)
            body.extend(content + bytes(len(content) % 2))
        return placed[content]

    link = 4
    for strip in strips:
        values = {256: width, 257: height, 258: 8, 259: compression, 262: 1, 277: 1, 339: 1}
        values[278] = -(-height // count)
        lists = {273: place(strip), 279: len(strip)}
        entries = [struct.pack("<HHII", code, 4, 1, value) for code, value in values.items()]
        for code, value in lists.items():
            many = value if count == 1 else place(struct.pack("<I", value) * count)
            entries.append(struct.pack("<HHII", code, 4, count, many))
        struct.pack_into("<I", body, link, len(body))
        body += struct.pack("<H", len(entries)) + b"".join(
            sorted(entries, key=lambda one: one[:2][::-1])
        )
        link = len(body)
        body += bytes(4)
    path.write_bytes(body)
    return path


# The most memory of what is run, not of what ran before it in the same process, as ru_maxrss is.
COMMAND = r"""
import atexit, re
from pathlib import Path
from cryoet_zarr_bench.entry import main

def peak():
    print(re.search(r"VmHWM:[^0-9]*([0-9]+)", Path("/proc/self/status").read_text())[1])

atexit.register(peak)
main()
"""


@pytest.fixture(scope="module")
def gibibyte() -> bytes:
    return deflated_zeros(BOMB, 15)


@pytest.mark.long
@pytest.mark.parametrize("case", ["whole", "the second one is damaged", "cut off", "of little"])
def test_a_small_file_of_huge_pages_takes_no_memory(case, tmp_path, gibibyte):
    """Pages of 1 GB from a strip of 1 MB, whether that is whole or not, by the command line."""
    strips = {
        "whole": [gibibyte] * 2,
        "the second one is damaged": [gibibyte, gibibyte[:-5000]],
        "cut off": [gibibyte[: 1 << 19]] * 2,
        "of little": [zlib.compress(bytes(1 << 16)) + bytes(1 << 20)] * 2,
    }[case]
    path = raw_tiff(tmp_path / "a.tif", strips, 1 << 15, 1 << 15)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "qc", str(path), "--crop", "2,16,16"],
        env={**os.environ, "CRYOET_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1 and str(path) in done.stderr
    assert int(done.stdout) < 300_000  # kB


def test_pages_of_a_usual_size_may_be_empty(tmp_path, reader):
    empty = deflated_zeros(1 << 24, 15)
    path = raw_tiff(tmp_path / "small.tif", [empty] * 3, 1 << 12, 1 << 12)
    assert reader.read(path) == "read (3, 4096, 4096)"


STRIPS: dict[str, tuple[Callable[[], bytes], str]] = {
    "too much": (lambda: deflated_zeros((1 << 30) - (1 << 26), 15), "decodes to more than"),
    "cut off": (lambda: deflated_zeros(1 << 26, 15)[:-60], "is cut off"),
    "checksum": (lambda: deflated_zeros(1 << 26, 15)[:-1] + b"x", "has a damaged strip"),
    "short": (lambda: zlib.compress(bytes(1 << 14)), "its strips hold at most"),
    "short and padded": (
        lambda: zlib.compress(bytes(1 << 14)) + bytes(1 << 20),
        "its strips hold at most 16384",
    ),
}


@pytest.mark.parametrize("case", STRIPS)
def test_strips_of_another_size_than_their_page(case, tmp_path, reader):
    """Each is seen before a page is decoded, also where it is less than is read at once."""
    strip, said = STRIPS[case]
    path = raw_tiff(tmp_path / "a.tif", [strip()] * 2, 1 << 13, 1 << 13)
    assert said in reader.refuses(path)


@pytest.mark.parametrize("more", [-1, 0, 1, 2, 100, 257, 258, 259, 1 << 20])
def test_strips_that_are_as_they_should_be(more, tmp_path, reader):
    """Wherever the pieces end in which they are decoded, in compressed bytes or in voxels."""
    voxels = np.zeros((1 << 21) + more, np.uint8)
    voxels[:70_000] = np.random.default_rng(0).integers(0, 256, 70_000, np.uint8)
    path = raw_tiff(tmp_path / "a.tif", [zlib.compress(voxels.tobytes())] * 3, voxels.size, 1)
    assert reader.read(path) == f"read (3, 1, {voxels.size})"


def test_uncompressed_strips_that_are_too_short(tmp_path, reader):
    path = raw_tiff(tmp_path / "a.tif", [bytes(5000)] * 2, 1 << 14, 1 << 14, compression=1)
    reader.refuses(path)
    strips = [bytes([n]) * 50 for n in range(3)]
    path = raw_tiff(tmp_path / "b.tif", strips, 10, 10, count=2, compression=1)
    assert reader.read(path) == "read (3, 10, 10)"
    path = raw_tiff(
        tmp_path / "c.tif", [strip[:-1] for strip in strips], 10, 10, count=2, compression=1
    )
    assert "its strips hold at most 98" in reader.refuses(path)


def test_pages_that_share_a_long_tag(tmp_path, reader):
    """In the file it is once; in memory it would be there for each page."""
    strips = [zlib.compress(bytes(8))] * 200
    path = raw_tiff(tmp_path / "a.tif", strips, 8, 80_000, count=80_000)
    assert path.stat().st_size < 1 << 20
    assert "more than it holds" in reader.refuses(path)


def test_an_extended_header_of_mrc_is_not_read(tmp_path, reader):
    path = tmp_path / "a.mrc"
    with mrcfile.new(path) as file:
        file.set_data(VOXELS)
    length = (1 << 31) - 1
    patched(path, 92, struct.pack("<i", length))
    assert "an extended header of 2147483647 bytes that is not there" in reader.refuses(path)
    with path.open("r+b") as file:
        file.truncate(1024 + length + VOXELS.nbytes)  # takes no space on the disk
    assert reader.read(path) == "read (5, 6, 7)"


def test_a_gzip_of_many_members(tmp_path, reader):
    """Each is harmless: their sum is the bomb."""
    member = gzip.compress(bytes(1 << 20))
    path = zarr_store(tmp_path / "a.zarr", codec={"id": "gzip"}, chunk=member * 1024)
    reader.refuses(path)


@pytest.mark.parametrize("compression", [5, 7, 34887, 50000, 34712, 12345])
def test_codecs_of_tiff_that_are_not_taken(compression, tmp_path, reader):
    path = tiff(tmp_path / "a.tif")
    for page in range(5):
        at = tag_of(path, "Compression", page).valueoffset
        patched(path, at, struct.pack("<H", compression))
    reader.refuses(path)


OME = '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">{}</OME>'
PIXELS = (
    '<Image ID="Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYZCT" Type="float" SizeX="7" '
    'SizeY="6" SizeZ="{z}" SizeC="1" SizeT="1">{inner}</Pixels></Image>'
)
ENTITIES = "".join(
    f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "boom" * 10}">' for n in range(10)
)
HOSTILE_OME = {
    "entities that grow": (
        f"<!DOCTYPE OME [{ENTITIES}]>" + OME.format(PIXELS.format(z=5, inner="&e9;")),
        "document type",
    ),
    "external entity": (
        '<!DOCTYPE OME [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + OME.format("&e;"),
        "document type",
    ),
    "planes that are not there": (
        OME.format(PIXELS.format(z=999999999, inner="<TiffData/>")),
        "announces 999999999 planes",
    ),
    "a number of many digits": (
        OME.format(PIXELS.format(z="9" * 9999, inner="<TiffData/>")),
        "has SizeZ",
    ),
    "a plane far away": (
        OME.format(PIXELS.format(z=5, inner='<TiffData IFD="0" PlaneCount="999999999"/>')),
        "announces a plane 999999999",
    ),
    "pages in another file": (
        OME.replace("<OME ", '<OME UUID="urn:uuid:1" ').format(
            PIXELS.format(
                z=5,
                inner='<TiffData><UUID FileName="../../secret.tif">urn:uuid:2</UUID></TiffData>',
            )
        ),
        "other files",
    ),
    "no XML": ("<OME <OME>", "cannot be parsed"),
    "deep": (OME.format("<a>" * 100_000 + "</a>" * 100_000), ""),
}


@pytest.mark.parametrize("case", HOSTILE_OME)
def test_hostile_ome_xml(case, tmp_path, reader):
    xml, word = HOSTILE_OME[case]
    path = tiff(tmp_path / "a.ome.tif", description=xml)
    answer = reader.read(path)
    assert word in answer
    assert answer.startswith("refused") or not word


@pytest.mark.parametrize(
    "description",
    [
        '{"shape": [999999999, 6, 7]}',
        '{"shape": [5, 6, 7, 999999999]}',
        '{"shape": [-1, -1]}',
        "ImageJ=1.53\nimages=999999999\nslices=999999999\n",
        "ImageJ=1.53\nimages=5\nslices=5\nframes=-1\nspacing=nan\nunit=nm\n",
    ],
)
def test_hostile_descriptions(description, tmp_path, reader):
    path = tiff(tmp_path / "a.tif", description=description)
    assert reader.read(path).startswith(("refused", "read (5, 6, 7)"))


def test_a_header_of_numpy_that_is_endless(tmp_path, reader):
    path = tmp_path / "a.npy"
    path.write_bytes(b"\x93NUMPY\x02\x00" + struct.pack("<I", (1 << 32) - 1))
    with path.open("r+b") as file:
        file.truncate(1 << 33)
    assert "header of 4294967295 bytes" in reader.refuses(path)
    for text in ["(" * 5000, "{'descr': " + "[" * 4000, "__import__('os').abort()", "9" * 9000]:
        header = text.encode()
        path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        reader.refuses(path)


def valid_files(folder: Path) -> dict[str, Path]:
    """One of each kind, and what is to be damaged in it."""
    with mrcfile.new(folder / "a.mrc") as file:
        file.set_data(VOXELS)
    np.save(folder / "a.npy", VOXELS)
    tiff(folder / "plain.tif")
    tiff(folder / "deflate.tif", compression="zlib")
    tiff(folder / "ome.ome.tif", ome=True, metadata={"axes": "ZYX"})
    tiff(folder / "imagej.tif", imagej=True, metadata={"axes": "ZYX"})
    tiff(folder / "big.tif", bigtiff=True, compression="zlib", tile=(16, 16))
    found = {path.name: path for path in folder.iterdir()}
    for codec in (
        numcodecs.Blosc("lz4"),
        numcodecs.Blosc("zstd"),
        numcodecs.Zstd(),
        numcodecs.LZ4(),
    ):
        name = f"{codec.codec_id}-{getattr(codec, 'cname', '')}.zarr"
        chunk = bytes(codec.encode(VOXELS))
        path = zarr_store(folder / name, codec=codec.get_config(), chunk=chunk)
        found[f"{name}/0.0.0"] = path / "0.0.0"
    for name, chunk in [("gzip", gzip.compress(VOXELS.tobytes())), ("zlib", b"")]:
        path = zarr_store(folder / f"{name}.zarr", codec={"id": name}, chunk=chunk)
        found[f"{name}.zarr/0.0.0"] = path / "0.0.0"
    found["gzip.zarr/.zarray"] = folder / "gzip.zarr" / ".zarray"
    shards = sharded_store(folder / "shards.zarr")
    found["shards.zarr/zarr.json"] = shards / "zarr.json"
    found["shards.zarr/c/0/0/0"] = shards / "c/0/0/0"
    return found


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, tuple[Path, bytes]]:
    found = valid_files(tmp_path_factory.mktemp("valid"))
    return {name: (path, path.read_bytes()) for name, path in sorted(found.items())}


INTERESTING = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF, 0x20, ord("9"), ord("-")])
CHANGE = st.tuples(
    st.integers(0, 1 << 12) | st.integers(0, 300),
    st.binary(min_size=1, max_size=8) | st.builds(lambda one: bytes([one]) * 4, INTERESTING),
)


@settings(
    max_examples=600,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.data())
def test_any_changed_bytes_are_read_or_refused(files, reader, data):
    path, whole = files[data.draw(st.sampled_from(list(files)))]
    changed = bytearray(whole)
    for offset, content in data.draw(st.lists(CHANGE, min_size=1, max_size=4)):
        if changed:
            start = offset % len(changed)
            changed[start : start + len(content)] = content
    del changed[data.draw(st.just(len(changed)) | st.integers(0, len(changed))) :]
    path.write_bytes(changed)
    try:
        store = next((part for part in path.parents if part.suffix == ".zarr"), path)
        answer = reader.read(store)
        assert answer.isprintable()
        assert len(answer.splitlines()) == 1
    finally:
        path.write_bytes(whole)
