"""One template serves the page and its parts."""

import pytest
from django.test import RequestFactory
from django_htmx.middleware import HtmxDetails

from dao_portal.core.web.htmx import render_page

PAGE = """
<h1>{{ title }}</h1>
{% partialdef results inline %}<p id="results">{{ title }} results</p>{% endpartialdef %}
{% partialdef secret inline %}<p id="secret">not alone</p>{% endpartialdef %}
"""


@pytest.fixture
def template(tmp_path, settings):
    """The name of a template with two parts, one of which may be asked for."""
    (tmp_path / "page.html").write_text(PAGE)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return "page.html"


def answer(template, *, status=200, **headers):
    request = RequestFactory().get("/", headers=headers)
    request.htmx = HtmxDetails(request)
    return render_page(request, template, {"title": "Votes"}, partials=("results",), status=status)


def test_a_browser_gets_the_page(template):
    body = answer(template).content.decode()

    assert "<h1>Votes</h1>" in body
    assert 'id="results"' in body
    assert 'id="secret"' in body


def test_htmx_gets_the_part_that_it_names(template):
    response = answer(template, **{"HX-Request": "true", "HX-Target": "results"})

    assert response.content.decode().strip() == '<p id="results">Votes results</p>'


@pytest.mark.parametrize(
    "headers",
    [
        {"HX-Request": "true"},
        {"HX-Request": "true", "HX-Target": "secret"},
        {"HX-Request": "true", "HX-Target": "../../settings"},
        {"HX-Request": "true", "HX-Target": "body"},
        {"HX-Request": "true", "HX-History-Restore-Request": "true"},
        {"HX-Target": "results"},
        {"HX-Request": "false", "HX-Target": "results"},
    ],
)
def test_anything_else_gets_the_page(template, headers):
    assert "<h1>Votes</h1>" in answer(template, **headers).content.decode()


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Target": "results"}])
def test_a_cache_between_us_must_tell_page_and_part_apart(template, headers):
    varies = {name.strip() for name in answer(template, **headers)["Vary"].split(",")}

    assert varies == {"HX-Request", "HX-Target"}


def test_a_form_that_was_refused_keeps_its_status(template):
    assert answer(template, status=422, **{"HX-Request": "true"}).status_code == 422
