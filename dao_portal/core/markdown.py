"""Members' Markdown as safe HTML, made once when the text is saved.

A text can ask for much more than it says: one address that a thousand links refer to, a table of
a hundred empty columns, twenty quotes around a single letter. So work and result are bounded
(``MAX_WORK``, ``most_html``), and a text that asks for more is refused as TextTooLarge.
"""

import re
from collections.abc import Callable
from typing import Any

import nh3
from django.utils.translation import gettext_lazy as _
from markdown_it import MarkdownIt, helpers
from markdown_it.parser_inline import ParserInline
from markdown_it.rules_block import fence
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import text as plain_text
from markdown_it.token import Token

from .errors import DomainError

BLOCKS = {"blockquote", "br", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
WORDS = {"a", "code", "del", "em", "s", "strong"}
LINK_SCHEMES = {"http", "https", "mailto"}

# What the parser is counted for: tokens, places where it stops to look what begins there, and what
# it reads over and over. A long proposal with tables and links takes 5,000; for this many, no text
# that is known takes 200 ms of CPU (make stress), and none may take more than 300.
MAX_WORK = 30_000
MAX_TIMES = 20
MAX_BESIDES = 2_000


class TextTooLarge(DomainError):
    """It would cost too much, or become too much HTML; says what to take out."""

    message = _(
        "This text becomes too large. Use fewer links, table cells, lists and quotes inside each"
        " other, or say it in two texts."
    )


def most_html(text: str) -> int:
    """How many characters of HTML ``text`` may become. The tables have constraints that agree."""
    return MAX_TIMES * len(text) + MAX_BESIDES


def render_markdown(text: str) -> str:
    """``text`` as HTML that may stand on any page: no script, no style, nothing from elsewhere.

    Raw HTML is shown as text. An image becomes a link to it, so that reading a page tells no
    other server about it. The highest heading becomes h2: the page has its own h1.

    Raises TextTooLarge.
    """
    parser = _bounded_parser()
    tokens = parser.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = 2 - min((int(token.tag[1]) for token in headings), default=2)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) + shift, 6)}"
    for token in tokens:
        token.children = [part for child in token.children or [] for part in _link_image(child)]
    if sum(map(_size, tokens)) > most_html(text):  # many links to one long address
        raise TextTooLarge
    html = parser.renderer.render(tokens, parser.options, {})
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


# --- the bounded parser, one for each text ------------------------------------------------------

CHARACTERS = 32  # of an address or a title that are read as fast as anything else is looked at
END_OF_ADDRESS = re.compile(r"[\x00-\x20\x7f]")


class _Work:
    """What one text has cost so far."""

    def __init__(self) -> None:
        self.done = 0

    def add(self, amount: int = 1) -> None:
        self.done += amount
        if self.done > MAX_WORK:
            raise TextTooLarge

    def counted(self, rule: Callable[..., bool]) -> Callable[..., bool]:
        """``rule``, which the parser asks wherever it looks, counting how often it does."""

        def count(*place: Any) -> bool:
            self.add()
            return rule(*place)

        return count


class _Tokens(list[Token]):
    """Tokens that count as work: one line of a table makes as many as the table has columns."""

    def __init__(self, work: _Work) -> None:
        super().__init__()
        self.work = work

    def append(self, token: Token) -> None:
        self.work.add()
        super().append(token)


class _Words(ParserInline):
    """What stands in a line. Whoever looks for the end of a label counts what they step over:
    brackets in brackets step over the same words again and again, twenty deep.
    """

    def __init__(self, work: _Work) -> None:
        super().__init__()
        self.work = work

    def skipToken(self, state: StateInline) -> None:  # noqa: N802  # the parser's name
        self.work.add()
        super().skipToken(state)


class _Links:
    """How links are read. An address may hold 32 open brackets before it is given up, so the same
    50,000 characters can be read as the address of 32 links that are none.
    """

    parseLinkLabel = staticmethod(helpers.parseLinkLabel)  # noqa: N815  # the parser's names

    def __init__(self, work: _Work) -> None:
        self.work = work

    def parseLinkDestination(self, text: str, start: int, most: int) -> Any:  # noqa: N802
        found = helpers.parseLinkDestination(text, start, most)
        end = None if found.ok else END_OF_ADDRESS.search(text, start, most)
        self._read(start, found.pos if found.ok else end.start() if end else most)
        return found

    def parseLinkTitle(self, text: str, start: int, most: int, before: Any = None) -> Any:  # noqa: N802
        found = helpers.parseLinkTitle(text, start, most, before)
        if found.marker:
            self._read(start, found.pos if found.ok else most)
        return found

    def _read(self, start: int, end: int) -> None:
        self.work.add((end - start) // CHARACTERS)


def _bounded_parser() -> MarkdownIt:
    work = _Work()
    parser = MarkdownIt()
    parser.inline = _Words(work)
    parser.helpers = _Links(work)  # type: ignore[assignment]  # a module otherwise
    parser.configure("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def parse_blocks(state: StateCore) -> None:
        state.tokens = _Tokens(work)
        parser.block.parse(state.src, parser, state.env, state.tokens)

    def parse_words(state: StateCore) -> None:
        for token in state.tokens:
            if token.type == "inline" and token.content:
                token.children = _Tokens(work)
                parser.inline.parse(token.content, parser, state.env, token.children)

    parser.core.ruler.at("block", parse_blocks)
    parser.core.ruler.at("inline", parse_words)
    # the first rule for each place in a line, and one that is asked of each line in each block
    parser.inline.ruler.at("text", work.counted(plain_text))
    ends = ["paragraph", "reference", "blockquote", "list"]
    parser.block.ruler.at("fence", work.counted(fence), {"alt": ends})
    return parser
