"""Style sheets and pages know each other: each class of the one is in the other."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin

from accounts.templatetags.accounts import HUES
from dao_portal.core.models import AuditLog
from dao_portal.core.web.context import FIXED_THEMES
from governance.models import Proposal, Vote
from social.models import Comment

STATIC = settings.BASE_DIR / "static/portal"
TEMPLATES = settings.BASE_DIR / "templates"
PAGES = [
    page for page in TEMPLATES.rglob("*.html") if page.relative_to(TEMPLATES).parts[0] != "emails"
]
TAGS = list(settings.BASE_DIR.glob("*/templatetags/*.py"))
DJANGO_ADMIN = Path(admin.__file__).parent

CLASSES = re.compile(r'\bclass="((?:\{%.*?%\}|\{\{.*?\}\}|[^"{])*)"', re.DOTALL)
AVATAR = re.compile(r"\{% avatar .*?%\}")
HTMX_TARGET = re.compile(r'\bhx-[a-z-]+="[^"]*\.([a-z][\w-]*)"')
TAG = re.compile(r"\{%.*?%\}")
VALUE = re.compile(r"\{\{.*?\}\}|\{\}")
QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")

# A word that is made of a value: what stands before it, and the values.
CHOICES = Vote.Choice.values
MADE_OF = {
    "o-": [*CHOICES, *Proposal.Phase.values],  # a choice or an outcome lends its colours
    "r-": CHOICES,
    "b-": CHOICES,
    "v-": CHOICES,
    "s": [1, 2, 3, 4, 5],  # parts of the supply, bands of holders
    "d": [0, 1, 2],  # how deep an answer stands
    "av": range(HUES),
    "t-": FIXED_THEMES,
    "model-": [AuditLog._meta.model_name, Comment._meta.model_name],
    "field-": ["changes", "thread"],
}
MADE = {f"{before}{value}" for before, values in MADE_OF.items() for value in values}
THEIRS = {"htmx-request"}  # htmx puts it on what waits for an answer


def classes_of(sheet: str) -> set[str]:
    """The classes that the selectors of a sheet ask for."""
    bare = re.sub(r'/\*.*?\*/|"[^"]*"', "", sheet, flags=re.DOTALL)
    selectors = " ".join(re.findall(r"([^{};]*)\{", bare))
    return set(re.findall(r"\.([A-Za-z_][\w-]*)", selectors))


def plain_words(markup: str) -> set[str]:
    """The classes that are written out: what is made of a value is left out."""
    lists = (VALUE.sub("{", TAG.sub(" ", classes)) for classes in CLASSES.findall(markup))
    return {word for words in lists for word in words.split() if "{" not in word}


def quoted_words(text: str) -> set[str]:
    return {word for either in QUOTED.findall(text) for word in " ".join(either).split()}


def all_words(page: str) -> set[str]:
    """Every class that a page may carry, with what its tags choose: ``{% avatar member "m" %}``."""
    tags = [tag for classes in CLASSES.findall(page) for tag in TAG.findall(classes)]
    return plain_words(page).union(*map(quoted_words, [*tags, *AVATAR.findall(page)]))


def carried() -> set[str]:
    """Every class that an element of ours may carry."""
    pages = (all_words(page.read_text()) for page in PAGES)
    code = [file.read_text() for file in [*TAGS, STATIC / "portal.js"]]
    return MADE.union(THEIRS, *pages, *map(plain_words, code), *map(quoted_words, code))


def words_of_django_admin() -> set[str]:
    files = [*DJANGO_ADMIN.rglob("*.html"), *DJANGO_ADMIN.glob("**/*.py")]
    return {word for file in files for word in re.findall(r"[\w-]+", file.read_text())}


@pytest.mark.parametrize("sheet", ["portal.css", "admin.css"])
def test_each_class_of_a_sheet_is_on_a_page(sheet: str) -> None:
    asked = classes_of((STATIC / sheet).read_text())
    assert len(asked) > 40

    dead = asked - carried()
    if sheet == "admin.css":
        dead -= words_of_django_admin()
    assert not dead


def test_each_class_of_a_page_is_in_a_sheet() -> None:
    targets = {name for page in PAGES for name in HTMX_TARGET.findall(page.read_text())}
    known = classes_of((STATIC / "portal.css").read_text()) | targets
    unknown = {
        (str(page.relative_to(TEMPLATES)), word)
        for page in PAGES
        if page.relative_to(TEMPLATES).parts[0] != "admin"  # there Django's sheets know more
        for word in plain_words(page.read_text()) - known
    }
    assert not unknown


def test_sheet_is_read_as_a_browser_reads_it() -> None:
    sheet = """/* .old { } */
    .a { margin: 0 .5em; &.b:hover { } .c & { content: ".d { }"; } }
    @media print { .e::after { } }"""
    assert classes_of(sheet) == {"a", "b", "c", "e"}


def test_page_is_read_with_what_its_tags_choose() -> None:
    page = (
        """<p class="a b-{{ kind }}{% if x == 'c' %} d{% endif %} e">{% avatar member "f" %}</p>"""
    )
    assert plain_words(page) == {"a", "d", "e"}
    assert all_words(page) == {"a", "c", "d", "e", "f"}


@pytest.mark.parametrize("shell", [page for page in PAGES if ".css" in page.read_text()])
def test_colours_come_before_what_uses_them(shell: Path) -> None:
    ours = re.findall(r"static 'portal/(\w+)\.css'", shell.read_text())
    assert ours in (["tokens", "portal"], ["tokens", "admin"])
