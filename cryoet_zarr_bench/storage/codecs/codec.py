"""A codec by its name: the chain of parts that turns the voxels of a chunk into stored bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cryoet_zarr_bench.storage.codecs.codec_families import Family, Given, Step, family_of
from cryoet_zarr_bench.storage.codecs.value_scaling import Scaling


@dataclass(frozen=True)
class Codec:
    """A codec, which turns the voxels of a chunk into stored bytes: the parts of a name such as
    `zstd-5`.

    Parts are joined by `+` in the order in which they are applied: `delta+shuffle+zstd-5`. What
    there is, is said by `codec_families.FAMILIES`. No parts at all is the codec `none`.
    """

    parts: tuple[str, ...]

    @classmethod
    def parse(cls, name: str) -> Codec:
        """The codec of that name; ValueError when there is none."""
        if name == "none":
            return cls(())
        parts = tuple(name.split("+"))
        try:
            families = [family_of(part)[0] for part in parts]
        except ValueError as error:
            raise ValueError(f"no codec is called {name!r}") from error
        order = [_ORDER[family.place] for family in families]
        if order != sorted(order) or not all(_can_go_on(family) for family in families[:-1]):
            raise ValueError(f"no codec is called {name!r}: its parts cannot stand in this order")
        return cls(parts)

    @property
    def name(self) -> str:
        """The name shown in results, tables and graphs."""
        return "+".join(self.parts) or "none"

    @property
    def families(self) -> tuple[Family, ...]:
        """The family of each part."""
        return tuple(family_of(part)[0] for part in self.parts)

    @property
    def lossless(self) -> bool:
        """True if every bit comes back."""
        return all(family.lossless for family in self.families)

    def steps(
        self,
        dtype: np.dtype,
        scaling: Scaling | None = None,
        chunks: tuple[int, int, int] = (1, 1, 1),
    ) -> tuple[Step, ...]:
        """The parts, settled for a tomogram of that dtype and spread of values, and its chunks.

        Raises Unsuited if a part cannot take such a tomogram.
        """
        steps: list[Step] = []
        for part in self.parts:
            family, groups = family_of(part)
            steps.append(family.make(Given(groups, dtype, scaling, chunks)))
            dtype = steps[-1].dtype
        return tuple(steps)


_ORDER = {"filter": 0, "serializer": 1, "compressor": 2}


def _can_go_on(family: Family) -> bool:
    return family.place == "filter" or family.before_compressor
