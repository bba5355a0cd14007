"""Members' Markdown as safe HTML, made once when the text is saved.

A text can ask for much more than it says: one address that a thousand links refer to, a table of
a hundred empty columns, twenty quotes around a single letter. So work and result are bounded
(``MOST_WORK``, ``most_html``), and a text that asks for more is refused as TextTooLarge.
"""

from collections.abc import Callable
from typing import Any

import nh3
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt
from markdown_it.rules_block import fence
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import text as plain_text
from markdown_it.token import Token

from .errors import DomainError

BLOCKS = {"blockquote", "br", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
WORDS = {"a", "code", "del", "em", "s", "strong"}
LINK_SCHEMES = {"http", "https", "mailto"}

# Tokens, and places where the parser stops to look what begins there. A long proposal with tables
# and links takes 5,000; for this many, no text takes more than 300 ms.
MOST_WORK = 30_000
MOST_TIMES = 20
MOST_BESIDES = 2_000


class TextTooLarge(DomainError):
    """It would cost too much, or become too much HTML; says what to take out."""

    message = _(
        "This text becomes too large. Use fewer links, table cells, lists and quotes inside each"
        " other, or say it in two texts."
    )


def most_html(text: str) -> int:
    """How many characters of HTML ``text`` may become. The tables have constraints that agree."""
    return MOST_TIMES * len(text) + MOST_BESIDES


def render_markdown(text: str) -> str:
    """``text`` as HTML that may stand on any page: no script, no style, nothing from elsewhere.

    Raw HTML is shown as text. An image becomes a link to it, so that reading a page tells no
    other server about it. The highest heading becomes h2: the page has its own h1.

    Raises TextTooLarge.
    """
    work = _Work()
    tokens = _markdown.parse(text, {"work": work})
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = 2 - min((int(token.tag[1]) for token in headings), default=2)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) + shift, 6)}"
    for token in tokens:
        token.children = [part for child in token.children or [] for part in _link_image(child)]
    if sum(map(_size, tokens)) > most_html(text):  # many links to one long address
        raise TextTooLarge
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    if len(html) > most_html(text):
        raise TextTooLarge
    html = nh3.clean(
        html,
        tags=BLOCKS | TABLES | WORDS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=LINK_SCHEMES,
        link_rel="nofollow noopener ugc",
    )
    if len(html) > most_html(text):
        raise TextTooLarge
    return html


def _link_image(token: Token) -> list[Token]:
    if token.type != "image":
        return [token]
    label = Token("text", "", 0, content=token.content or str(token.attrs["src"]))
    return [
        Token("link_open", "a", 1, attrs={"href": token.attrs["src"]}),
        label,
        Token("link_close", "a", -1),
    ]


def _size(token: Token) -> int:
    """The characters that ``token`` brings to the page, before any of them is escaped."""
    own = len(token.content) if not token.children else sum(map(_size, token.children))
    return own + sum(len(str(value)) for value in token.attrs.values())


# --- the bounded parser -----------------------------------------------------------------------


class _Work:
    """What one text has cost so far."""

    def __init__(self) -> None:
        self.done = 0

    def add(self) -> None:
        self.done += 1
        if self.done > MOST_WORK:
            raise TextTooLarge


class _Tokens(list[Token]):
    """Tokens that count as work: one line of a table makes as many as the table has columns."""

    def __init__(self, work: _Work) -> None:
        super().__init__()
        self.work = work

    def append(self, token: Token) -> None:
        self.work.add()
        super().append(token)


def _counted(rule: Callable[..., bool]) -> Callable[..., bool]:
    """``rule``, which the parser asks wherever it looks, counting how often it does."""

    def count(state: Any, *place: Any) -> bool:
        state.env["work"].add()
        return rule(state, *place)

    return count


def _parse_blocks(state: StateCore) -> None:
    state.tokens = _Tokens(state.env["work"])
    state.md.block.parse(state.src, state.md, state.env, state.tokens)


def _parse_words(state: StateCore) -> None:
    for token in state.tokens:
        if token.type == "inline" and token.content:
            token.children = _Tokens(state.env["work"])
            state.md.inline.parse(token.content, state.md, state.env, token.children)


def _bounded_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.core.ruler.at("block", _parse_blocks)
    parser.core.ruler.at("inline", _parse_words)
    # the first rule for each place in a line, and one that is asked of each line in each block
    parser.inline.ruler.at("text", _counted(plain_text))
    ends = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.at("fence", _counted(fence), {"alt": ends})
    return parser


_markdown = _bounded_parser()
