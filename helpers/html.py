"""Fills the HTML templates of `helpers/templates/`."""

import functools
from pathlib import Path

from markupsafe import Markup


def fill(template, **values):
    """The template with the values filled in, all escaped unless they are `Markup`, as the result is."""
    return Markup(_environment().get_template(template).render(values))


@functools.cache
def _environment():
    from jinja2 import Environment, FileSystemLoader  # here, since most importers never fill one

    folder = Path(__file__).with_name("templates")
    return Environment(loader=FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True)
