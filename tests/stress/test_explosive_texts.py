"""Texts that explode, at the full lengths: what they cost, what they become, what others feel."""

import os
import random
import resource
import time
from contextlib import suppress
from threading import Event, Thread

import pytest

from dao_portal.core.markdown import TextTooLarge, render_markdown
from governance.models import MAX_TEXT
from social.models import Comment
from tests.explosive import UNITS, USUAL, cpu_seconds, explosive_texts, fill, one_long_address

pytestmark = pytest.mark.stress

ROUNDS = int(os.environ.get("DAO_STRESS_ROUNDS", "2"))
TIMES = [1, 1, 2, 5, 20, 50, 300, 3_000, 12_000]
MIXTURES = 10  # each round


@pytest.mark.parametrize("length", [MAX_TEXT, Comment.MAX_LENGTH])
def test_every_known_way_at_full_length(length, report):
    usual = min(cpu_seconds(fill(USUAL, MAX_TEXT)) for _ in range(5))  # work is bounded, not time
    costs, sizes, refused = {}, {}, 0
    every = 1 if "DAO_STRESS_ROUNDS" in os.environ else 10  # a taste of it
    for name, text in list(explosive_texts(length))[::every]:
        start = time.thread_time()
        try:
            sizes[name] = len(render_markdown(text)) / (20 * len(text) + 2_000)
        except TextTooLarge:
            refused += 1
        costs[name] = time.thread_time() - start

    worst = max(costs, key=costs.__getitem__)
    report(
        f"{len(costs)} texts of {length:,} characters, {refused} refused; the slowest took"
        f" {costs[worst] * 1000:.0f} ms ({worst}), a usual one {usual * 1000:.0f} ms; the largest"
        f" became {max(sizes.values()):.0%} of its bound"
    )
    assert costs[worst] < 6 * usual
    assert max(sizes.values()) <= 1


def test_random_mixtures(report):
    """Two ways together may be worse than each: cut, repeated and put behind each other."""
    chance = random.Random(20261129)
    usual = min(cpu_seconds(fill(USUAL, MAX_TEXT)) for _ in range(5))
    slowest = 0.0
    for _ in range(ROUNDS * MIXTURES):
        parts = [
            "".join(chance.sample(UNITS, chance.randint(1, 5))) * chance.choice(TIMES)
            for _ in range(chance.randint(1, 5))
        ]
        text = fill("".join(parts), MAX_TEXT)
        slowest = max(slowest, cpu_seconds(text))
        with suppress(TextTooLarge):
            assert len(render_markdown(text)) <= 20 * len(text) + 2_000
    report(f"{ROUNDS * MIXTURES} mixtures, the slowest took {slowest * 1000:.0f} ms")
    assert slowest < 6 * usual


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
