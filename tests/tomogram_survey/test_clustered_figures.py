"""Statistics of a survey: the tomogram is the unit, and those of a dataset are alike."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cryoet_zarr_bench.tomogram_survey.findings.clustered_figures import (
    clustered_mean,
    explained_by,
    figures_by_config,
    outliers,
)


def drawn(seed, clusters, between, within, most=12):
    """Values in clusters of unlike sizes, about 0, and the clusters' names."""
    chance = np.random.default_rng(seed)
    values, names = [], []
    for cluster in range(clusters):
        size = int(chance.integers(1, most))
        middle = chance.normal(0, between)
        values += (middle + chance.normal(0, within, size)).tolist()
        names += [f"dataset {cluster}"] * size
    return values, names


def test_the_interval_holds_the_truth_as_often_as_it_says_where_datasets_differ():
    """Known truth: 400 collections of 30 datasets, between which there is most of the variance."""
    held = naive = 0
    for seed in range(400):
        values, names = drawn(seed, 30, 1.0, 0.3)
        found = clustered_mean(values, names)
        held += abs(found.mean) <= found.reach
        naive += abs(found.mean) <= 1.96 * found.spread / math.sqrt(found.count)
    assert held / 400 > 0.91
    # As if each tomogram were one of its own, half of the answers would be wrong.
    assert naive / 400 < 0.75


def test_without_likeness_the_design_has_next_to_no_effect():
    values, names = drawn(1, 200, 0.0, 1.0)
    found = clustered_mean(values, names)
    assert 0.7 < found.design_effect < 1.4
    needed = found.needed(0.01)
    assert needed == pytest.approx((1.96 / 0.01) ** 2, rel=0.45)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=30))
def test_one_cluster_cannot_tell_and_all_apart_is_the_usual_interval(values):
    assert math.isinf(clustered_mean(values, ["one"] * len(values)).reach)
    assert clustered_mean(values, ["one"] * len(values)).needed(0.01) is None
    apart = clustered_mean(values, [str(number) for number in range(len(values))])
    assert apart.mean == pytest.approx(np.mean(values))
    if apart.spread > 1e-6:
        assert apart.design_effect == pytest.approx(1.0)


def table(ratios, config="zstd-3 64x64x64", **more):
    rows = []
    for number, ratio in enumerate(ratios):
        row = {"tomogram": f"t{number}", "dataset": f"d{number // 5}", "config": config}
        row |= {"raw_bytes": 1000, "stored_bytes": 1000 / ratio, "ratio": ratio}
        row |= {"low": 1000 / ratio, "high": 1000 / ratio, "verdict": "pass"}
        row |= {"source_precision": "float32 in full", "processing": "raw"}
        rows.append(row | {name: value[number] for name, value in more.items()})
    return pd.DataFrame(rows)


def test_the_smallest_store_wins_and_what_is_open_is_told():
    chance = np.random.default_rng(0)
    ratios = 1.2 + 0.01 * chance.standard_normal(40)
    one, other = table(ratios), table(ratios * 1.05, "blosc-zstd-5-bitshuffle 64x64x64")
    one.loc[:9, "low"] *= 0.9
    best, second = figures_by_config(pd.concat([one, other]))
    assert (best.config, best.wins, best.undecided) == (other.config[0], 40, 10)
    assert second.wins == 0 and best.tomograms == 40 and best.datasets == 8
    assert best.ratio.low < best.ratio.middle < best.ratio.high
    assert best.of_all == pytest.approx(40 / np.sum(1 / (ratios * 1.05)))


def test_a_tomogram_unlike_its_dataset_is_named_and_others_are_not():
    chance = np.random.default_rng(0)
    ratios = (1.2 + 0.01 * chance.standard_normal(40)).tolist()
    dataset = ["one"] * 40
    assert outliers(table(ratios, dataset=dataset)) == []
    ratios[7] = 2.4
    # Of a few nobody knows what is usual, and a dataset that differs as a whole is no outlier.
    assert outliers(table(ratios)) == []
    others = (1.8 + 0.01 * chance.standard_normal(10)).tolist()
    (found,) = outliers(table(ratios + others, dataset=dataset + ["other"] * 10))
    assert found.tomogram == "t7" and found.times == pytest.approx(2.0, rel=0.05)


def test_what_explains_a_ratio_is_told_from_what_does_not():
    chance = np.random.default_rng(0)
    kinds = np.array(["raw", "denoised"])[chance.integers(0, 2, 100)]
    ratios = np.where(kinds == "raw", 1.1, 1.8) * (1 + 0.01 * chance.standard_normal(100))
    found = table(ratios, kind=kinds.tolist(), luck=chance.integers(0, 2, 100).tolist())
    assert explained_by(found, "zstd-3 64x64x64", "kind") > 0.98
    assert explained_by(found, "zstd-3 64x64x64", "luck") < 0.1
