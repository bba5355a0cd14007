"""What members write stays text: judged in a real browser, on every page that shows it."""

import pytest
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from accounts.models import User
from accounts.services.profiles import update_profile
from governance.models import Proposal
from social.models import Comment
from tests.factories import ProposalFactory, UserFactory, comment_on
from tests.flows.conftest import OpenPage

ELSEWHERE = "http://elsewhere.test"  # no name that anybody can have
CODE = "window.pwned = true"
ATTACKS = [
    f"<script>{CODE}</script>",
    f"<script src={ELSEWHERE}/a.js></script>",
    f'<img src=x onerror="{CODE}">',
    f'<svg onload="{CODE}"><script>{CODE}</script></svg>',
    f'<details open ontoggle="{CODE}"><summary>x</summary></details>',
    f'<iframe srcdoc="<script>parent.{CODE.split(".")[1]}</script>"></iframe>',
    f"<style>body {{ background: url({ELSEWHERE}/style.png) }}</style>",
    f'<p style="background: url({ELSEWHERE}/attribute.png)">styled</p>',
    f'<div hx-get="/attacked/" hx-trigger="load" hx-on:htmx:load="{CODE}">htmx</div>',
    '<form action="/attacked/"><button autofocus>Free tokens</button></form>',
    '<meta http-equiv="refresh" content="0; url=/attacked/">',
    '<base href="/attacked/">',
    f"![seen]({ELSEWHERE}/image.png)",
    f"![referred][far]\n\n[far]: {ELSEWHERE}/referred.png",
    f"[click](javascript:{CODE.replace(' ', '')})",
    f"[click](JaVaScRiPt:{CODE.replace(' ', '')})",
    f"[click](&#106;avascript:{CODE.replace(' ', '')})",
    f"[click](java&#10;script:{CODE.replace(' ', '')})",
    f"<javascript:{CODE.replace(' ', '')}>",
    "[click](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[click](vbscript:attack)",
    f'[click](/attacked/ "\\" onmouseover=\\"{CODE}")',
    f'[" onmouseover="{CODE}](https://example.org/"onmouseover="{CODE})',
    f"```\n</code></pre><script>{CODE}</script>\n```",
    f'```"><script>{CODE}</script>\nx\n```',
    f"| a |\n|---|\n| <img src=x onerror={CODE.replace(' ', '')}> |",
    f'<a id="main" name="toasts" class="toast" href="javascript:{CODE}">clobber</a>',
    f"{{% load x %}}{{{{ request }}}} ${{{CODE}}} <%= {CODE} %>",
]
TEXT = "\n\n".join(ATTACKS)

# What must not be in an element that shows a member's text.
SINS = """
    element => [...element.querySelectorAll("*")].flatMap(part => {
        const found = [];
        const allowed = ["href", "rel", "start", "title"];
        if (["SCRIPT", "STYLE", "IMG", "SVG", "IFRAME", "FORM", "BUTTON", "META", "BASE", "DETAILS"]
            .includes(part.tagName.toUpperCase())) found.push(part.tagName);
        for (const attribute of part.attributes)
            if (!allowed.includes(attribute.name)) found.push(attribute.name);
        if (part.tagName === "A" && !["http:", "https:", "mailto:"].includes(part.protocol))
            found.push(part.href);
        return found;
    })
"""


@pytest.fixture
def attacker(live_server: LiveServer) -> User:
    return UserFactory(username="mallory")


@pytest.fixture
def proposal(attacker: User) -> Proposal:
    """An attack in each place: title, text, comment, answer, name and biography."""
    update_profile(
        actor=attacker,
        first_name="",
        last_name="",
        bio=TEXT,
        website="",
        twitter=f'"><script>{CODE}</script>',
        discord="",
        telegram="",
        theme="auto",
        time_zone="UTC",
    )
    # no form and no service takes such a name, but a member may have one from before
    User.objects.filter(pk=attacker.pk).update(
        first_name=f"<script>{CODE}</script>", last_name="<img src=x>"
    )
    attacker.refresh_from_db()
    proposal = ProposalFactory(
        upcoming=True,
        title=f"<script>{CODE}</script> \"'>",
        description=TEXT,
        proposer=attacker,
    )
    root = comment_on(proposal, TEXT, author=attacker)
    comment_on(proposal, TEXT, author=attacker, parent=root)
    return proposal


def watch(page: Page) -> list[str]:
    """The addresses that the page asks for from now on; a dialog counts as one."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(f"dialog: {dialog.message}"))
    return asked


def judge(page: Page, asked: list[str], live_server: LiveServer) -> None:
    """Nothing ran, nothing was fetched, and nothing is there that could."""
    page.wait_for_load_state("networkidle")
    shown = page.locator(".prose")
    assert shown.count() >= 1
    assert [shown.nth(n).evaluate(SINS) for n in range(shown.count())] == [[]] * shown.count()
    for link in shown.get_by_role("link").all():
        link.hover()
    assert page.evaluate("window.pwned") is None
    assert [url for url in asked if not url.startswith(live_server.url)] == []
    assert [url for url in asked if "attacked" in url] == []


@pytest.mark.parametrize("where", ["/proposals/{}/", "/members/mallory/"])
def test_what_members_write_stays_text(open_page: OpenPage, live_server, proposal, where):
    page = open_page(user=UserFactory(username="ada"))
    asked = watch(page)

    page.goto(where.format(proposal.number))

    judge(page, asked, live_server)


def test_titles_and_names_stay_text_in_the_list(open_page: OpenPage, proposal, attacker):
    page = open_page()

    page.goto("/proposals/")

    row = page.locator(".prow")
    expect(row.get_by_role("link", name=proposal.title)).to_be_visible()
    expect(row).to_contain_text(attacker.display_name)
    assert page.evaluate("window.pwned") is None


def test_what_htmx_puts_into_the_page_stays_text(open_page: OpenPage, live_server, proposal):
    page = open_page(user=UserFactory(username="ada"))
    asked = watch(page)
    page.goto(proposal.get_absolute_url())

    page.get_by_role("link", name="Oldest").click()
    expect(page.get_by_role("link", name="Oldest")).to_have_attribute("aria-current", "true")
    page.get_by_label("Add to the discussion").fill(TEXT)
    page.get_by_role("button", name="Post comment").click()
    expect(page.get_by_text("Your comment is posted.")).to_be_visible()

    judge(page, asked, live_server)


def test_judge_sees_what_would_not_stay_text(browser: Browser, live_server, proposal):
    """The same attacks past the Markdown: found, and still stopped by the page's policy."""
    raw = "".join(attack for attack in ATTACKS if "<meta" not in attack)  # no policy stops that
    Comment.objects.filter(proposal=proposal).update(content_html=raw)
    with browser.new_context(base_url=live_server.url) as context:
        page = context.new_page()
        page.goto(proposal.get_absolute_url())
        page.wait_for_load_state("networkidle")

        sins = page.locator(".cm .prose").first.evaluate(SINS)

        assert {"SCRIPT", "IMG", "onerror", "style", "hx-get"} <= set(sins)
        assert page.evaluate("window.pwned") is None
