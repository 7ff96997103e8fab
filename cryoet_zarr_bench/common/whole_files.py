"""Files that are there whole or not at all.

Under the name of such a file lies, at any time, the old content or the whole new one, even where
the process is killed or the disk is full. The measured side writes by it too: the standard library
and no more.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file at once, text as UTF-8; the folder it lies in is made where there is none.

    Raises:
        OSError: it cannot be written. What was there before is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        file.write(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_file(path: Path, mode: int | None = None) -> Iterator[BinaryIO]:
    """Give a file to write to, which gets its name when the block ends without an exception.

    Processes and threads may write the same one at once: the last to end wins.

    Args:
        path: the name; the folder it lies in has to be there.
        mode: the file's permissions, those of any new file where None.

    Raises:
        OSError: it cannot be written. What was there before is as it was, as after an exception
            in the block.
    """
    # A process id can be the same in two containers that share a folder.
    writer = f"{os.getpid()}-{os.urandom(4).hex()}"
    temporary = path.with_name(f".{path.name}.{writer}.part")
    try:
        with temporary.open("xb") as file:
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
