"""The application on fakes: accounts of every role, a live model, films."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from schemas.errors import NotFound
from store.records import Account, Neighbour, Role
from store.settings import Settings
from tests.fakes.objects import FakeObjects
from tests.fakes.rows import FakeRows
from web.accounts import new_token, token_hash
from web.app import create_app
from web.deps import Deps

ROLES: tuple[Role, ...] = ("viewer", "radiologist", "steward", "admin")
PASSWORD = "an honest password"
#: Hashing costs 50 ms on purpose: tests that do not sign in give accounts this one.
CHEAP_HASH = "$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$JQvj2PYcMbDq2sOf1DBH9A"


@dataclass
class FakeSimilar:
    """Answers with what it was told; remembers what it was asked."""

    answers: dict[str, tuple[Neighbour, ...]] = field(default_factory=dict)
    asked: list[tuple[str, int, str | None, bool]] = field(default_factory=list)

    def answer(
        self,
        film: str,
        k: int = 12,
        finding: str | None = None,
        *,
        site: str,
        account: UUID | None,
        same_patient: bool = False,
    ) -> tuple[Neighbour, ...]:
        # The application answers people: they have a site, and it is asked with their account.
        assert site
        assert account is not None
        self.asked.append((film, k, finding, same_patient))
        if film not in self.answers:
            raise NotFound(f"film {film}: it has no embedding yet")
        return self.answers[film][:k]


class NoCache:
    """A cache that keeps nothing: the application itself never asks it."""

    def get_similar(self, key: str) -> tuple[Neighbour, ...] | None:
        assert key
        return None

    def put_similar(self, key: str, answer: Sequence[Neighbour], ttl_s: int) -> None:
        pass

    def forget(self, film: str) -> None:
        pass

    def ping(self) -> None:
        pass


class Answer(TestResponse):
    """A response whose JSON tests may look into."""

    @property
    def json(self) -> Any:
        return self.get_json()


class Browser(FlaskClient):
    """Flask's client, with answers that say what they hold."""

    def open(self, *args: Any, **more: Any) -> Answer:
        return cast("Answer", super().open(*args, **more))

    def get(self, *args: Any, **more: Any) -> Answer:
        return cast("Answer", super().get(*args, **more))

    def post(self, *args: Any, **more: Any) -> Answer:
        return cast("Answer", super().post(*args, **more))


@dataclass
class Web:
    """The application on fakes, and what it stands on."""

    app: Flask
    settings: Settings
    rows: FakeRows
    objects: FakeObjects
    similar: FakeSimilar
    accounts: dict[Role, Account]
    tokens: dict[Role, str]
    status: dict[str, Any] = field(default_factory=dict)

    def client(self) -> Browser:
        """Return a browser without any cookie."""
        self.app.test_client_class = Browser
        return cast("Browser", self.app.test_client())

    def call(self, method: str, path: str, role: Role | None = "admin", **more: Any) -> Answer:
        """Ask the API as a program with this role's token."""
        headers = dict(more.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self.tokens[role]}"
        return self.client().open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, path: str, role: Role | None = "admin", **more: Any) -> Answer:
        """Ask for something."""
        return self.call("GET", path, role, **more)

    def post(self, path: str, role: Role | None = "admin", **more: Any) -> Answer:
        """Send something."""
        return self.call("POST", path, role, **more)


def build(tmp_path: Path, **settings: Any) -> Web:
    """Return the application with an account and a token for every role."""
    made = Settings.model_validate(
        {
            "site_secret": "site",
            "state_dir": tmp_path,
            "kafka_bootstrap": "nowhere:1",
            "s3_endpoint": "nowhere:1",
            "s3_access_key": "a",
            "s3_secret_key": "s",
            "postgres_password": "p",
            "redis_url": "redis://nowhere",
            "triton_secret": "t",
            "web_secret": "a secret of tests",
            **settings,
        }
    )
    rows, objects, similar = FakeRows(), FakeObjects(), FakeSimilar()
    accounts: dict[Role, Account] = {}
    tokens: dict[Role, str] = {}
    by = None
    for role in reversed(ROLES):
        account = rows.accounts.add(f"a {role}", role, CHEAP_HASH, by=by)
        by = by or account.id
        accounts[role] = account
        tokens[role] = new_token()
        rows.accounts.add_token(account.id, token_hash(tokens[role]), "test", by=by)
    status: dict[str, Any] = {
        "processes": [],
        "topics": [],
        "dead_letters": 0,
        "model": None,
    }
    deps = Deps(rows, objects, NoCache(), similar, lambda: status)
    app = create_app(made, deps)
    return Web(app, made, rows, objects, similar, accounts, tokens, status)


@pytest.fixture
def web(tmp_path: Path) -> Web:
    """Return the application on fakes."""
    return build(tmp_path)
