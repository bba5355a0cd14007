"""The pages of proposals: where they are, and what a reader sees of them."""

import re
from html import unescape

from governance.models import Proposal

LIST = "/proposals/"


def htmx(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


def words(response, part: str = "main") -> str:
    """What a viewer sees of one element, in one line."""
    html = response.content.decode()
    start = html.index(f'id="{part}"')
    text = re.sub(r"<[^>]+>", " ", html[html.index(">", start) + 1 :])
    return re.sub(r" ([.,:;])", r"\1", " ".join(unescape(text).split()))


def results(proposal: Proposal, version: str = "") -> str:
    return f"{proposal.get_absolute_url()}results/?v={version}"
