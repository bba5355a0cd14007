"""Members' Markdown: whatever they write, nothing runs and nothing is fetched."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dao_portal.core.markdown import TextTooLarge, render_markdown
from governance.models import MAX_TEXT
from tests.explosive import (
    MIXED,
    UNITS,
    USUAL,
    cpu_seconds,
    explosive_texts,
    fill,
    mixture,
    one_long_address,
    wide_table,
)

BLOCKS = {"blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
WORDS = {"a", "br", "code", "del", "em", "s", "strong"}
REL = 'rel="nofollow noopener ugc"'
TAG = re.compile(r"<\s*/?\s*([^\s>/]+)([^>]*)>")


def html(text: str) -> str:
    return render_markdown(text).strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ten **beds**", "<p>Ten <strong>beds</strong></p>"),
        ("~~no~~", "<p><s>no</s></p>"),
        ("a < b & c", "<p>a &lt; b &amp; c</p>"),
        ("<strong>b</strong>", "<p>&lt;strong&gt;b&lt;/strong&gt;</p>"),
        ("```\nx = 1\n```", "<pre><code>x = 1\n</code></pre>"),
        ("3. third", '<ol start="3">\n<li>third</li>\n</ol>'),
        (
            "[site](https://example.org/?a=1&b=2)",
            f'<p><a href="https://example.org/?a=1&amp;b=2" {REL}>site</a></p>',
        ),
        (
            "<ada@example.org>",
            f'<p><a href="mailto:ada@example.org" {REL}>ada@example.org</a></p>',
        ),
    ],
)
def test_what_members_write_looks_as_they_meant(text, expected):
    assert html(text) == expected


def test_a_table_is_a_table():
    assert html("| a | b |\n|---|---|\n| 1 | 2 |").startswith("<table>\n<thead>\n<tr>\n<th>a</th>")


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("# One\n## Two\n### Three", ["h2", "h3", "h4"]),
        ("## Two\n### Three", ["h2", "h3"]),
        ("#### Four\n###### Six", ["h2", "h4"]),
        ("# a\n## b\n### c\n#### d\n##### e\n###### f", ["h2", "h3", "h4", "h5", "h6", "h6"]),
        ("One\n===\nTwo\n---", ["h2", "h3"]),
    ],
)
def test_headings_begin_below_the_pages_own(text, tags):
    assert re.findall(r"<(h\d)>", html(text)) == tags


ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<iframe src="https://evil.example"></iframe>',
    '<p style="position:fixed">x</p>',
    "<b onmouseover=alert(1)>x</b>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](javascript&colon;alert(1))",
    "[x](java&#x09;script:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](data:image/png;base64,iVBORw0KGgo=)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    '[x](https://example.org "onclick=alert(1)")',
    '[x](https://example.org/"onclick="alert(1))',
    "![x](https://evil.example/pixel.png)",
    "![x](data:image/png;base64,iVBORw0KGgo=)",
    "![x](javascript:alert(1))",
    "[![x](https://evil.example/p.png)](javascript:alert(1))",
    "# ![x](https://evil.example/p.png)",
    "| ![x](https://evil.example/p.png) |\n|---|",
    "```html\n<script>alert(1)</script>\n```",
    "```<script>\nx\n```",
    "`<script>`",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]


def assert_harmless(text: str) -> None:
    for tag, attributes in TAG.findall(html(text)):
        assert tag in BLOCKS | TABLES | WORDS, text
        names = re.findall(r'\s([a-z-]+)="[^"]*"', attributes)
        assert re.sub(r'\s[a-z-]+="[^"]*"', "", attributes).strip(" /") == "", text
        assert set(names) <= {"href", "rel", "start", "title"}, text
        for address in re.findall(r'href="([^"]*)"', attributes):
            scheme = re.match(r"[a-z][a-z0-9+.-]*:", as_browsers_read(address))
            assert scheme is None or scheme[0] in ("http:", "https:", "mailto:"), text


def as_browsers_read(address: str) -> str:
    """They drop line ends and tabs anywhere, and control characters and spaces in front."""
    return re.sub(r"[\t\r\n]", "", unescape(address)).lstrip("".join(map(chr, range(33)))).lower()


@pytest.mark.parametrize("text", ATTACKS)
def test_nothing_runs_and_nothing_is_fetched(text):
    assert_harmless(text)


@given(st.lists(st.sampled_from(ATTACKS) | st.text(max_size=20), max_size=6))
def test_nothing_runs_however_it_is_put_together(parts):
    assert_harmless("".join(parts))
    assert_harmless("\n".join(parts))


def test_an_image_becomes_a_link_to_it():
    assert html("![A bed](https://example.org/bed.png)") == (
        f'<p><a href="https://example.org/bed.png" {REL}>A bed</a></p>'
    )
    assert "https://example.org/bed.png</a>" in html("![](https://example.org/bed.png)")


# --- bounds -------------------------------------------------------------------------------------

# tests/stress/test_explosive_texts.py tries all of them at the full lengths.
LENGTHS = (2_000, 600)
SLOWEST = {
    "images": fill("![](!", MAX_TEXT),
    "definitions": fill("[a][b]http://<http://[a]:&!=[é~~?&    xn--x@y=", MAX_TEXT),
    "lazy lines": "> " * 20 + "a\n" * 24_000,
    "table": wide_table(MAX_TEXT, 16),
    "one address": one_long_address(MAX_TEXT, "&"),
    "lists": fill("* a\n+ a\n- a\n", MAX_TEXT),
    "hosts": fill("<http://😀>", MAX_TEXT),
    "stars": fill("*a **a *a ", MAX_TEXT),
} | {name: mixture(parts, MAX_TEXT) for name, parts in MIXED.items()}


@pytest.mark.parametrize("length", LENGTHS)
def test_no_text_becomes_more_than_its_bound(length):
    too_large = {}
    for name, text in explosive_texts(length):
        with suppress(TextTooLarge):
            size = len(render_markdown(text))
            if size > 20 * len(text) + 2_000:
                too_large[name] = size
    assert too_large == {}


@pytest.mark.parametrize("text", SLOWEST.values(), ids=SLOWEST)
def test_no_text_keeps_a_worker_busy(text):
    """Measured: less than twice a usual text, of 80 ms. The rest is for a machine that is busy."""
    usual = min(cpu_seconds(fill(USUAL, MAX_TEXT)) for _ in range(3))

    assert min(cpu_seconds(text) for _ in range(3)) < 4 * usual


@given(
    st.lists(
        st.tuples(st.sampled_from(UNITS), st.sampled_from([1, 2, 7, 30, 400])),
        min_size=1,
        max_size=6,
    )
)
def test_no_text_becomes_more_however_it_is_put_together(parts):
    text = "".join(unit * times for unit, times in parts)
    with suppress(TextTooLarge):
        assert len(render_markdown(text)) <= 20 * len(text) + 2_000


@pytest.mark.parametrize(
    "text",
    [
        one_long_address(49_988),
        one_long_address(9_990),
        one_long_address(600, "&"),
        wide_table(9_990, 50),
        wide_table(49_988, 12_000),
        fill(">>>>>>>>>>>>>>>>>>>>a\n\n", 9_990),
        fill("* a\n+ a\n- a\n", 49_988),
        "> " * 20 + "a\n" * 20_000,
    ],
    ids=[
        "links to one address",
        "in a comment",
        "in a bio",
        "table in a comment",
        "wide table",
        "quotes",
        "lists",
        "lazy lines",
    ],
)
def test_a_text_that_explodes_is_refused_in_words(text):
    with pytest.raises(TextTooLarge, match=r"^This text becomes too large\. Use fewer links"):
        render_markdown(text)


@pytest.mark.parametrize(
    "text",
    [
        fill(USUAL, MAX_TEXT),
        "word " * 10_000,
        "- an item with a [link](https://example.org/)\n" * 700,
        "| 0x52908400098527886E0F7030069857D2E4169EE7 | 1234.56 |\n|---|---|\n"
        + "| 0x52908400098527886E0F7030069857D2E4169EE7 | 1234.56 |\n" * 850,
        "[a]: https://example.org/a/rather/long/address\n\n" + "[a] " * 100,
        "> > > three people quote each other\n" * 500,
        "- an item\n" * 2_000,
        "- [ ] to do, [as said](https://example.org/a/rather/long/address) at [0, 1)\n" * 400,
        "[a](https://example.org/)と" * 1_000,
    ],
    ids=["usual", "prose", "list", "table", "references", "quotes", "items", "brackets", "spaces"],
)
def test_a_long_text_that_means_no_harm_is_shown(text):
    assert len(text) <= MAX_TEXT
    assert render_markdown(text)


def test_a_text_of_many_threads_is_bounded_for_each():
    """What one text costs is not counted for another that is rendered at the same time."""
    texts = [fill(USUAL, 5_000)] * 8
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(render_markdown, texts))) == 1
