"""Texts that ask a Markdown parser for far more than they say, cut to any length."""

import time
from collections.abc import Iterable, Iterator
from contextlib import suppress

from dao_portal.core.markdown import TextTooLarge, render_markdown

USUAL = """
## Why now

The *old* hoses leak, see [the report](https://example.org/report). We ask for:

- **ten** beds
- one `barrel`

| what | cost  |
|------|-------|
| beds | 1,200 |

> So be it.
"""

# Repeated to the length that is asked for.
UNITS = [
    *("[", "![", "]", "(", "*", "_", "`", "~", "<", ">", "&", "|", "\\", "#", "!", "-", '"', "'"),
    *(
        "*a ",
        "**a",
        "a*",
        "*a **a *a ",
        "_a_",
        "***a***",
        "*_",
        "*_*_a",
        "**x*y***z",
        "a**a*a_b__c",
    ),
    *("~~a", "~~a~~", "`a", "`a`", "``a`", "[`", "`[a](", "*[", "[*a", "[~~a", "[<", "[&", "[\\"),
    *("[a]", "[]", "[](a)", "[[]](a)", "![](a)", "[a][b]", "[a][", "[a](", "[](", "[](<", "![](!"),
    *("[![", "![[", "![a", '[a](b "c\n', "[a](<b", "[a](b((((((((((((((((((((", "[a](https://é)"),
    *("<a@b>", "<ab:c>", "<https://a>", "<https://é>", "<http://😀>", "<a", "<!--", "<?", "</"),
    *("<x y='", "<a b=c d=e ", "<![CDATA[", "&#38;", "&amp;", "&#x10FFFF;", "&nbsp;", "&a", "&#"),
    *("a\n", "a\n\n", "a  \n", "#\n", "# a\n", "###### a ######\n", "a\n=\n", "a\n-\n", "---\n"),
    *("***\n", "```\n", "~~~\n", "    a\n", "\ta\n", "- a\n", "-\n", "- - - a\n", "1. a\n", "1.\n"),
    *("* a\n+ a\n- a\n", "- a\n - b\n  - c\n   - d\n", "- a\n\n  b\n\n", "* > a\n", "> - > - a\n"),
    *(">a\n", ">\n\n", ">>>>>>>>>>>>>>>>>>>>a\n\n", "- - - - - - - - - - a\n\n", "- \t", "> "),
    *("[a]: b\n", "[a]:\n", "[a]:\n\n", "[a]: b 'c\n", "[a]: b\n'\n", "[a]: <", "[a\n", "[x]:\n"),
    *("a|b\n-|-\nc|d\n\n", "|a\n", "|a|\n|-|\n", "|a|a|a|a|\n|-|-|-|-|\na\na\na\na\n\n"),
    *(
        "é",
        "😀",
        "\u00a0",
        "\u2028",
        "\x01",
        "ß",
        "[ß",
        "ﷺ",
        " ",
        "\t",
        "\n",
        " \n",
        "a" + 99 * " ",
    ),
]
COLUMNS = (3, 16, 100, 500, 2_000)
# Found by changing the slowest of random mixtures again and again.
MIXED = {
    "addresses that are read 20 times": [("![](!", 20), ("a", 12_000), ("&amp;", 12_000)],
    "addresses that are read 32 times": [("[](", 32), ("a", 300), (" ", 1)],
    "addresses of marks": [("~~a~~", 20), ("![](!", 5), ("[\\", 5), ("\u00a0", 300)],
    "labels in labels": [("[", 1), ("![](!", 20), ("![a", 3_000), ("&amp;", 12_000)],
    "titles without an end": [('[](a "', 1), ("[](a 'b", 1), ("[](a (", 3), ("[](a (\\", 12_000)],
    "hosts and marks": [("<http://😀>", 12_000), ("<!--", 300), ("[\\", 3_000)],
    "hosts and labels": [("[](<", 1), ("[a\n", 1), (" \n", 1), ("<http://😀>", 5)],
}


MAX_SECONDS = 0.3


def cpu_seconds(text: str) -> float:
    """What it takes to render ``text``, or to refuse it."""
    return measured(text)[0]


def measured(text: str) -> tuple[float, int]:
    """CPU seconds, and how many characters of HTML ``text`` became: 0 when it was refused."""
    size, start = 0, time.thread_time()
    with suppress(TextTooLarge):
        size = len(render_markdown(text))
    return time.thread_time() - start, size


def best_of_three(text: str) -> tuple[float, int]:
    """``measured`` without what others do to the caches; what is fast at once is tried once."""
    seconds, size = measured(text)
    if seconds < MAX_SECONDS / 2:
        return seconds, size
    return min(seconds, cpu_seconds(text), cpu_seconds(text)), size


def explosive_texts(length: int) -> Iterator[tuple[str, str]]:
    """A name and a text of at most ``length`` characters, for each way that is known."""
    for unit in UNITS:
        yield repr(unit), fill(unit, length)
    for name, parts in MIXED.items():
        yield name, mixture(parts, length)
    for name, text in _built(length):
        yield name, text[:length]


def mixture(parts: Iterable[tuple[str, int]], length: int) -> str:
    """Units, each as many times as is said beside it, over and over."""
    return fill("".join(unit * times for unit, times in parts), length)


def fill(unit: str, length: int) -> str:
    return (unit * (length // len(unit) + 1))[:length]


def one_long_address(length: int, address: str = "b", link: str = "[a]") -> str:
    """Half of it one address, half of it links to that address."""
    half = length // 2
    return (f"[a]: {fill(address, half - 8)}\n\n{fill(link, half)}")[:length]


def wide_table(length: int, columns: int, row: str = "a\n") -> str:
    """A head of many columns, and rows that leave all but the first of them empty."""
    head = "|" + "a|" * columns + "\n|" + "-|" * columns + "\n"
    return head + fill(row, max(length - len(head), 1))


def _built(length: int) -> Iterator[tuple[str, str]]:
    half, root = length // 2, int((2 * length) ** 0.5)
    for address in ("b", "&", "é", "😀", "%"):
        for link in ("[a]", "![a]", "![][a]", "[][a]"):
            yield f"{link} to {address}", one_long_address(length, address, link)
    yield "long title", f"[a]: b '{half * 'c'}'\n\n{half * '[a]'}"
    yield "many definitions", "".join(f"[{number}]: b\n" for number in range(length // 6))
    for columns in COLUMNS:
        for row in ("a\n", "|\n", "a|b\n"):
            yield f"{columns} columns, rows {row!r}", wide_table(length, columns, row)
    yield "lists in lists", "".join("  " * depth + "- a\n" for depth in range(root))
    yield "quotes in quotes", "".join(">" * depth + "a\n" for depth in range(root))
    yield "lazy lines of a deep quote", "> " * 20 + "a\n" + "a\n" * half
    yield "lazy lines of a deep list", "- " * 15 + "a\n" + "a\n" * half
    yield "lists and quotes", fill("".join("> " * depth + "- a\n" for depth in range(20)), length)
    yield "emphasis in emphasis", "*a " * (length // 6) + " a*" * (length // 6)
    yield "growing runs of `", "".join("`" * run + " " for run in range(1, root))
    yield "shrinking runs of `", "".join("`" * run + " " for run in range(root, 0, -1))
    yield "growing runs of *", "".join("*" * run + "a" for run in range(1, root))
    yield "two runs of *", "*" * half + "a" + "*" * half
    yield "two runs of ~", "~" * half + "a" + "~" * half
    yield "brackets in brackets", "[" * half + "]" * half
    yield "images in images", "![" * (length // 6) + "a" + "](b)" * (length // 6)
    yield "one long host", "[a](http://" + "".join(chr(0x4E00 + n % 20_000) for n in range(length))
    yield "one long host in <>", f"<http://{'é' * (length - 10)}>"
    yield "one long punycode", f"<http://xn--{'9a' * (half - 10)}>"
    yield "one long path", f"<http://a/{'%41' * (length // 3 - 10)}>"
    yield "one long address of mail", f"<a@{'a.' * (half - 10)}>"
    yield "one long label", f"[{'a' * (length - 20)}]: b\n\n[a]"
    yield "spaces before an end", "# a" + " " * (length - 10) + "#a"
    yield "one long entity", "&" + "a" * (length - 1)
    yield "one long number", "&#" + "1" * (length - 2)
    yield "setext after a long paragraph", "a\n" * (half - 5) + "==="
    yield "many lines of a title", "[a]: b '" + "c\n" * half
    yield "blank lines in a list", "- a" + "\n" * (length - 10) + "b"
