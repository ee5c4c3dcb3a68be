"""The bench's arithmetic: whose processor time, which ratio, what the table says of a target."""

import os
from xml.etree import ElementTree as ET

import pytest

from bench import batch_curve, draw_targets, processor
from bench.draw_time import draw
from bench.processor import Used, parsed, spent
from bench.table import TARGETS, lines, ratios
from bench.text_look import cases, faint_cases, shares
from bench.whole_way import percentile
from stack.phantoms import draw as draw_film
from stack.phantoms import to_8_bits

FIGURES = {
    "upload_to_findings_p50_s": 0.3,
    "upload_to_findings_p99_s": 1.5,
    "similar_uncached_p50_s": 0.009,
    "similar_cached_p50_s": 0.004,
    "bulk_films": 60,
    "bulk_films_per_s": 7.25,
    "processor_s_per_film": {"ingest": 0.1, "triton": 0.05},
    "original_shape": {"films_per_s": 2.5, "threads": 2.0},
    "alone_s_per_film": {
        "decode": 0.01,
        "renditions": 0.005,
        "tensor": 0.005,
        "inference": 0.04,
        "text look": 0.5,
        "whole": 0.06,
    },
    "library": {
        "similar": {
            "no filter": {
                "recall_at_10": 0.99,
                "k12": {"uncached_p50_ms": 9.0, "cached_p50_ms": 5.5},
            },
            "finding of 12 films": {
                "recall_at_10": 0.93,
                "k12": {"uncached_p50_ms": 90.0, "cached_p50_ms": 6.5},
            },
        },
        "lists": {"newest": {"ratio": 1.01}, "label 1": {"ratio": 1.45}},
    },
}
WITHOUT_LIBRARY = {name: value for name, value in FIGURES.items() if name != "library"}


def test_a_process_is_read_whatever_its_name_is() -> None:
    line = "42 (a ) b (c) S 7 1 1 0 -1 4194560 10 20 0 0 300 50 6 4 20 0 1 0 12345 0 0"
    assert parsed(line) == Used(parent=7, ticks=360)


def test_time_counts_for_the_supervised_process_that_it_descends_from() -> None:
    second = os.sysconf("SC_CLK_TCK")
    names = {10: "ingest", 20: "triton"}
    before = {10: Used(1, 5 * second), 11: Used(10, second), 20: Used(1, 0), 99: Used(1, 0)}
    after = {
        10: Used(1, 6 * second),
        11: Used(10, 3 * second),
        12: Used(11, 4 * second),
        20: Used(1, 2 * second),
        99: Used(1, 50 * second),
    }
    assert spent(before, after, names) == {"ingest": 7.0, "triton": 2.0}


def test_this_process_is_seen_with_its_parent() -> None:
    assert processor.look()[os.getpid()].parent == os.getppid()


def test_all_processes_are_compared_with_what_a_film_needs_alone() -> None:
    assert ratios(FIGURES)["processor time, all processes / alone"] == pytest.approx(2.5)
    assert list(ratios(FIGURES)) == [target.name for target in TARGETS]


def test_of_a_library_the_worst_kind_of_question_is_told() -> None:
    said = ratios(FIGURES)
    assert said["the same, recall@10 against exact, least"] == 0.93
    assert said["slowest list of 100,000 films / of 1,000"] == 1.45
    unmeasured = [line for line in lines(WITHOUT_LIBRARY) if "not measured" in line]
    assert len(unmeasured) == 4


def test_films_a_second_are_compared_with_the_original_s_shape() -> None:
    assert ratios(FIGURES)["films a second, in bulk / the original's shape"] == pytest.approx(2.9)


def test_the_table_says_what_falls_short_and_what_does_not() -> None:
    said = lines(FIGURES)
    short = [line for line in said if "short of it" in line]
    assert [line.split("  ")[0] for line in short] == [
        "films a second, in bulk / the original's shape",
        "processor time, all processes / alone",
        "upload to findings, p99 (s)",
        "the same, recall@10 against exact, least",
        "the same, cached, p50 (ms)",
    ]
    assert "60 films dropped in bulk: 7.25 films/s, by the original's shape: 2.50" in said
    blank = [number for number, line in enumerate(said) if not line]
    by_process = said[blank[0] + 1 : blank[1]]
    assert [line.split()[0] for line in by_process] == ["Processor", "ingest", "triton", "all"]
    assert by_process[-1].split()[-1] == "150.0"


def test_what_falls_short_of_a_target_is_drawn_left_of_it_and_what_is_missing_is_said() -> None:
    svg = ET.fromstring(draw_targets.draw(TARGETS, ratios(WITHOUT_LIBRARY)))
    name = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in svg.iter(f"{name}text")]
    assert texts.count("not measured") == 4
    assert "2.9 (≥ 8)" in texts
    _, *bars = svg.iter(f"{name}rect")
    starts = [float(bar.get("x", "")) for bar in bars]
    reached = [target.reached_by(ratios(FIGURES)[target.name]) for target in TARGETS][: len(bars)]
    middle = max(starts)
    assert [start >= middle - 1e-6 for start in starts] == reached


def test_each_batch_and_number_of_children_has_its_bar_and_the_fastest_is_the_longest() -> None:
    points = [(1, 1, 3.0), (8, 1, 3.5), (32, 2, 4.0)]
    svg = ET.fromstring(batch_curve.draw(points))
    name = "{http://www.w3.org/2000/svg}"
    texts = [text.text for text in svg.iter(f"{name}text")]
    assert "batch 32, 2 decoding children" in texts
    assert "4.00" in texts
    _, *bars = svg.iter(f"{name}rect")
    lengths = [float(bar.get("width", "")) for bar in bars]
    assert lengths == sorted(lengths)
    assert lengths[0] == pytest.approx(lengths[2] * 3 / 4, abs=0.1)


@pytest.mark.parametrize(("share", "wanted"), [(0.0, 1.0), (0.5, 3.0), (0.99, 4.0), (1.0, 4.0)])
def test_a_percentile_is_one_of_the_values(share: float, wanted: float) -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], share) == wanted


def test_both_looks_are_counted_by_row() -> None:
    rows = shares(
        {"upright": [(True, True), (False, True)], "marks alone: held": [(False, False)]}
    )
    assert rows["upright"] == {"display": 0.5, "all": 1.0, "films": 2}
    assert rows["marks alone: held"] == {"display": 0.0, "all": 0.0, "films": 1}


def test_the_text_bench_writes_in_every_size_turn_and_contrast() -> None:
    drawn = [to_8_bits(draw_film(1, 64))]
    films = [*cases(drawn, 64), *faint_cases(drawn, 1)]
    rows = {row for case in films for row in case.rows}
    assert {"1/100 of the height", "1/12 of the height", "upright", "mirrored, running up"} <= rows
    assert {"middle", "grey", "faint in a border, 24 of 4,095", "marks alone: held"} <= rows
    assert sum("all with text" in case.rows for case in films) == 64


def test_the_picture_has_every_part_in_its_share_and_small_ones_together() -> None:
    spent = {"ingest": 0.06, "triton": 0.03, "relay": 0.0006, "erase": 0.0004}
    drawn = draw(FIGURES | {"processor_s_per_film": spent})
    svg = ET.fromstring(drawn)
    texts = [text.text for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    for words in ("all processes: 91", "ingest: 60 ms", "others: 1 ms", "the film alone: 60"):
        assert words in texts
    assert "relay: 1 ms" not in texts
