"""Every question that is answered, from the committed results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cryoet_zarr_bench.analysis.changes.own_history import newest_with_evidence
from cryoet_zarr_bench.analysis.layout_comparison import published_layouts
from cryoet_zarr_bench.analysis.result_reader import machine_with, published_machine
from cryoet_zarr_bench.layouts.shuffled_integers import (
    SHUFFLED_INTEGERS_FILE,
    read_shuffled_integers,
)
from cryoet_zarr_bench.releases.catalogue import load_catalogue
from cryoet_zarr_bench.reports.questions import (
    coalescing_question,
    converting_question,
    crop_memory_question,
    format_2_question,
    fused_pipeline_question,
    integers_question,
    latency_question,
    read_size_question,
    shard_question,
    store_class_question,
    thin_chunks_question,
)
from cryoet_zarr_bench.reports.questions.question import Answer, Question
from cryoet_zarr_bench.s3_reading.s3_trial_lines import S3_READING_FILE, read_s3_trials


def answered_questions(results: Path) -> Iterator[tuple[Question, Answer | None]]:
    """Every question, and its answer where that was measured, by the published machine or others.

    `results` is the folder of all machines' results; without any there is no question.
    """
    machine = published_machine(results)
    if machine is None:
        return
    layouts = published_layouts(results)
    for question in (
        shard_question,
        thin_chunks_question,
        converting_question,
        crop_memory_question,
    ):
        yield question.QUESTION, question.answer(layouts[0]) if layouts else None
    integers = machine_with(results, SHUFFLED_INTEGERS_FILE, machine)
    shuffled = read_shuffled_integers(results, integers)
    yield integers_question.QUESTION, integers_question.answer(shuffled)
    yield from _of_releases(results)
    yield read_size_question.QUESTION, read_size_question.answer()
    trials = read_s3_trials(results, machine_with(results, S3_READING_FILE, machine))
    for asked in (store_class_question, coalescing_question):
        yield asked.QUESTION, asked.answer(trials)
    lines = [line for each in layouts for line in each.lines]
    yield latency_question.QUESTION, latency_question.answer(trials, lines)


def _of_releases(results: Path) -> Iterator[tuple[Question, Answer | None]]:
    catalogue = load_catalogue()
    found = newest_with_evidence(results, catalogue)
    format_2 = fused = None
    if found is not None:
        newest, evidence = found
        format_2 = format_2_question.answer(evidence, catalogue)
        fused = fused_pipeline_question.answer(newest)
    yield format_2_question.QUESTION, format_2
    yield fused_pipeline_question.QUESTION, fused
