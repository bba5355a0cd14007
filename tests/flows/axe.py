"""One page against axe (WCAG 2.2 AA and best practice)."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

AXE = Axe()
RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
    # What axe reads style sheets for is a rule outside these tags; where one @imports another, as
    # in Django's admin, axe would write it into the page, which our policy forbids and reports.
    "preload": False,
}


def violations(name: str, page: Page) -> list[str]:
    """What axe has to say about the page once its colours have stopped moving.

    The window is as high as the page meanwhile: in a lower one some link always lies half under
    the phone's fixed bars, by chance of fonts and scrolling, and axe calls that too small a target.
    """
    window = page.viewport_size
    assert window
    height = page.evaluate("Math.max(innerHeight, document.documentElement.scrollHeight)")
    page.set_viewport_size({"width": window["width"], "height": height})
    page.evaluate("Promise.all(document.getAnimations().map(({finished}) => finished))")
    found = [
        f"{name}: {violation['id']}: {violation['help']}: "
        + "; ".join(node["html"][:160] for node in violation["nodes"][:3])
        for violation in AXE.run(page, options=RULES).response["violations"]
    ]
    page.set_viewport_size(window)
    return found


def overflow(name: str, page: Page) -> list[str]:
    """WCAG 1.4.10: at 320 px, and so at 400 % zoom on a desk, nothing scrolls sideways."""
    page.set_viewport_size({"width": 320, "height": 900})
    too_wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{name}: {too_wide} px too wide for 320 px"] if too_wide > 0 else []
