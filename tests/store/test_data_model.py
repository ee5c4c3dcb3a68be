import re
from pathlib import Path

import pytest

from store.data_model import data_model
from store.migrate import MIGRATIONS
from store.settings import Settings

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-model.md"


@pytest.mark.services
def test_the_page_of_tables_is_what_the_database_has(database: Settings) -> None:
    assert PAGE.read_text() == data_model(database)


def test_migrations_have_a_number_each_and_can_be_undone() -> None:
    paths = sorted(MIGRATIONS.glob("*.sql"))
    numbers = [int(path.name.split("_")[0]) for path in paths]
    # Not without gaps: numbers are given to work that lands in its own order.
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 1
    for path in paths:
        assert re.match(r"^[0-9]{4}_[a-z_]+\.sql$", path.name), path.name
        text = path.read_text()
        assert text.index("-- migrate:up") < text.index("-- migrate:down"), path.name
