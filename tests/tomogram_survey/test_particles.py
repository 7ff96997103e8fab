"""Particles at known places are found there, and lost where a codec leaves nothing of them."""

import numpy as np
import pytest
from skimage.feature import match_template

from cryoet_zarr_bench.tomogram_survey.particles.particle_damage import (
    ParticleDamageLine,
    hurt_particles,
    particle_answer,
)
from cryoet_zarr_bench.tomogram_survey.particles.particle_matching import (
    best_correlation,
    find_particles,
)
from cryoet_zarr_bench.tomogram_survey.particles.planted_particles import (
    APART,
    PARTICLES,
    SIDE,
    TURNS,
    planted_tomogram,
    the_particle,
    turned,
)


@pytest.fixture(scope="module")
def planted():
    return planted_tomogram(3, 30.0)


def test_there_are_24_turns_and_none_is_another():
    particle = the_particle()
    found = {turned(particle, turn).tobytes() for turn in range(len(TURNS))}
    assert len(TURNS) == len(found) == 24
    assert particle.shape == (SIDE,) * 3 and particle.max() == 1.0


def test_particles_lie_apart_and_within(planted):
    assert len(planted.centres) == PARTICLES
    apart = np.linalg.norm(planted.centres[:, None] - planted.centres[None], axis=2)
    assert np.where(apart == 0, np.inf, apart).min() >= APART
    assert planted.voxels.dtype == np.float32 and np.isfinite(planted.voxels).all()


def test_plain_particles_are_all_found_at_their_places(planted):
    """A pick is the particle's centre, not the corner of its box nor a voxel beside."""
    found = find_particles(planted.voxels, planted)
    assert found.found.sum() >= PARTICLES - 1
    off = (found.places - planted.centres)[found.found]
    assert np.abs(off.mean(axis=0)).max() < 0.1
    assert np.linalg.norm(off, axis=1).mean() < 0.5


def test_it_is_the_correlation_that_scikit_image_gives():
    chance = np.random.default_rng(0)
    voxels = chance.standard_normal((40, 37, 33)).astype("float32") * 1e-6 + 1e-3
    templates = [chance.standard_normal((8, 8, 8)).astype("float32") for _ in range(3)]
    scaled = (voxels.astype(float) - voxels.mean(dtype=float)) / voxels.std(dtype=float)
    expected = np.max([match_template(scaled, each, pad_input=True) for each in templates], axis=0)
    found = best_correlation(voxels, templates)
    inside = (slice(4, -4),) * 3
    assert np.allclose(found[inside], expected[inside], atol=1e-3)


def test_of_noise_nothing_is_found(planted):
    noise = np.random.default_rng(0).standard_normal(planted.voxels.shape).astype("float32")
    found = find_particles(noise, planted)
    assert found.found.mean() < 0.2 and found.false > 0.8 * PARTICLES


def line(seed, config, change, noise, ratio=2.0):
    return ParticleDamageLine(
        seed=seed,
        depth=6.0,
        config=config,
        ratio=ratio,
        found_before=0.8,
        found=0.8 + change,
        kept=0.9,
        shift=0.1,
        noise_to_signal=noise,
        smallest_fsc=0.9,
    )


def test_what_is_lost_beyond_chance_is_told_from_what_is_not():
    chance = np.random.default_rng(0)
    lines = [line(seed, "fine", 0.01 * chance.standard_normal(), 1e-5, 3.0) for seed in range(6)]
    assert "No config lost particles" in particle_answer(lines)
    lines += [
        line(seed, "coarse", -0.3 + 0.01 * chance.standard_normal(), 0.2) for seed in range(6)
    ]
    said = particle_answer(lines)
    assert "3.0 times smaller (fine)" in said
    assert "loses particles beyond chance is coarse" in said
    fine, coarse = hurt_particles(lines)
    assert (fine.within_bound, coarse.within_bound) == (True, False)
    assert coarse.change == pytest.approx(-0.3, abs=0.02)
    assert coarse.change_reach < 0.03


def test_where_none_is_lost_the_interval_is_that_of_so_many_particles():
    """Rule of three: of 240 particles of which none is lost, up to 3 of 240 may be."""
    (found,) = hurt_particles([line(seed, "same", 0.0, 1e-5) for seed in range(6)])
    assert found.change == 0.0 and found.change_reach == pytest.approx(3 / (6 * PARTICLES))
    assert "at most 1.2 % of all are lost" in particle_answer(
        [line(seed, "same", 0.0, 1e-5) for seed in range(6)]
    )
