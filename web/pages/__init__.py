"""The pages: what people see. Drawn on the server, brought to life by our own ES modules."""

from flask import Blueprint

from web.pages.checked import checked
from web.pages.deposit import deposit
from web.pages.entrance import entrance
from web.pages.gallery import gallery
from web.pages.manifest import manifest
from web.pages.model import model
from web.pages.quarantine import quarantine
from web.pages.reading import reading
from web.pages.shell import error_page, shell
from web.pages.system import system

__all__ = ["blueprints", "error_page"]


def blueprints() -> list[Blueprint]:
    """Return every page's blueprint, for `create_app` to register."""
    first = [shell, entrance, deposit, manifest, gallery, reading, checked]
    return [*first, quarantine, model, system]
