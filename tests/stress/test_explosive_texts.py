"""Texts that explode, at the full lengths: what they cost, what they become, what others feel."""

import os
import random
import resource
import time
from threading import Event, Thread

import pytest

from dao_portal.core.markdown import TextTooLarge, render_markdown
from governance.models import MAX_TEXT
from social.models import Comment
from tests.explosive import (
    MAX_SECONDS,
    UNITS,
    USUAL,
    best_of_three,
    explosive_texts,
    fill,
    mixture,
    one_long_address,
)

pytestmark = pytest.mark.stress

ROUNDS = int(os.environ.get("DAO_STRESS_ROUNDS", "2"))
TIMES = [1, 1, 2, 5, 20, 50, 300, 3_000, 12_000]
MIXTURES = 20  # each round


@pytest.mark.parametrize("length", [MAX_TEXT, Comment.MAX_LENGTH])
def test_every_known_way_at_full_length(length, report):
    costs, sizes = {}, {}
    for name, text in explosive_texts(length):
        costs[name], size = best_of_three(text)
        sizes[name] = size / (20 * len(text) + 2_000)

    worst = max(costs, key=costs.__getitem__)
    report(
        f"{len(costs)} texts of {length:,} characters, {list(sizes.values()).count(0)} refused;"
        f" the slowest took"
        f" {costs[worst] * 1000:.0f} ms of CPU ({worst}), a usual one"
        f" {best_of_three(fill(USUAL, length))[0] * 1000:.0f} ms; the largest became"
        f" {max(sizes.values()):.0%} of its bound"
    )
    assert {name: cost for name, cost in costs.items() if cost > MAX_SECONDS} == {}
    assert max(sizes.values()) <= 1


def test_mixtures_that_grow_worse(report):
    """Two ways together may be worse than each: the slowest so far is changed again and again."""
    chance = random.Random(20261129)
    slowest, worst = 0.0, parts_of(chance)
    for _ in range(ROUNDS * MIXTURES):
        parts = changed(worst, chance) if chance.random() < 0.7 else parts_of(chance)
        text = mixture(parts, MAX_TEXT)
        seconds, size = best_of_three(text)
        assert size <= 20 * len(text) + 2_000
        if seconds > slowest:
            slowest, worst = seconds, parts

    report(f"{ROUNDS * MIXTURES} mixtures, the slowest took {slowest * 1000:.0f} ms of CPU")
    assert slowest <= MAX_SECONDS, worst


def parts_of(chance):
    return [part(chance) for _ in range(chance.randint(1, 5))]


def part(chance):
    return chance.choice(UNITS), chance.choice(TIMES)


def changed(parts, chance):
    """One part more, one less, or another in its place."""
    place, kept = chance.randrange(len(parts)), list(parts)
    kept[place : place + chance.randint(0, 1)] = [part(chance)] * chance.randint(0, 1)
    return kept or parts


def test_memory_and_others_while_texts_explode(report):
    """Ten times the text that became 156 MB, beside a thread that asks for little."""
    text, done = one_long_address(49_988), Event()
    waits: list[float] = []

    def ask() -> None:
        while not done.is_set():
            start = time.perf_counter()
            render_markdown("Ten **beds**")
            waits.append(time.perf_counter() - start)

    other = Thread(target=ask)
    render_markdown(fill(USUAL, MAX_TEXT))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    other.start()
    for _ in range(10 * ROUNDS):
        with pytest.raises(TextTooLarge):
            render_markdown(text)
    done.set()
    other.join()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    report(f"{10 * ROUNDS} refused, {grown:.0f} MB more memory, others waited {max(waits):.3f} s")
    assert grown < 64
