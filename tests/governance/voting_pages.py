"""The vote card in an answer: what it says, what stands in its fields, what it sends."""

import re
from html import unescape

from django.test import Client

from governance.models import Proposal

CARD = {"HX-Request": "true", "HX-Target": "vote"}


def card(response) -> str:
    """The words of the vote card alone."""
    html = response.content.decode().partition('id="vote"')[2].partition("</section>")[0]
    text = " ".join(unescape(re.sub(r"<[^>]+>", " ", html.partition(">")[2])).split())
    return re.sub(r" ([.,:;])", r"\1", text)


def inputs(response) -> str:
    """The form's source, for what stands in its fields."""
    return response.content.decode().partition('id="vote"')[2].partition("</section>")[0]


def address(proposal: Proposal, rest: str = "vote/") -> str:
    return f"{proposal.get_absolute_url()}{rest}"


def send(client: Client, proposal: Proposal, *, headers=None, **fields):
    return client.post(address(proposal), fields, headers=headers or {})
