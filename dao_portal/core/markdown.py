"""Members' Markdown as safe HTML, made once when the text is saved."""

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token

BLOCKS = {"blockquote", "br", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"}
TABLES = {"table", "tbody", "td", "th", "thead", "tr"}
WORDS = {"a", "code", "del", "em", "s", "strong"}
LINK_SCHEMES = {"http", "https", "mailto"}

_markdown = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def render_markdown(text: str) -> str:
    """``text`` as HTML that may stand on any page: no script, no style, nothing from elsewhere.

    Raw HTML is shown as text. An image becomes a link to it, so that reading a page tells no
    other server about it. The highest heading becomes h2: the page has its own h1.
    """
    tokens = _markdown.parse(text)
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    shift = 2 - min((int(token.tag[1]) for token in headings), default=2)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) + shift, 6)}"
    for token in tokens:
        token.children = [part for child in token.children or [] for part in _link_image(child)]
    html = _markdown.renderer.render(tokens, _markdown.options, {})
    return nh3.clean(
        html,
        tags=BLOCKS | TABLES | WORDS,
        attributes={"a": {"href"}, "ol": {"start"}},
        url_schemes=LINK_SCHEMES,
        link_rel="nofollow noopener ugc",
    )


def _link_image(token: Token) -> list[Token]:
    if token.type != "image":
        return [token]
    label = Token("text", "", 0, content=token.content or str(token.attrs["src"]))
    return [
        Token("link_open", "a", 1, attrs={"href": token.attrs["src"]}),
        label,
        Token("link_close", "a", -1),
    ]
