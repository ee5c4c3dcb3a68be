"""Making the stores ready: what `radiotheque prepare` does, each step repeatable.

Run by `up` with the administrators' keys in its environment: PostgreSQL's superuser, MinIO's root.
The programs themselves never see those.
"""

import hashlib
import time

from schemas.errors import Unavailable
from stack import passwords
from stack.state import State, current_state
from store.settings import PREFIX, Settings, load_settings

#: The login role of the command line.
OPERATOR = "radiotheque_operator"


def prepare() -> None:
    """Bring every store to the state the programs expect, printing what was done.

    Order: rows (roles, tables, functions); buckets, then MinIO's users, then the notification's
    topic with all others; the starter model; the first account with its token.
    """
    state = current_state()
    admin = load_settings()
    programs = program_settings(state)
    prepare_rows(admin)
    prepare_buckets(admin, passwords.read_secrets(state))
    prepare_topics(programs)
    prepare_model(programs)
    prepare_account(programs, passwords.read_secrets(state))


def program_settings(state: State) -> Settings:
    """Return the settings of the command line itself, without the administrators' keys."""
    return load_settings({f"{PREFIX}STATE": str(state.root)}, postgres_user=OPERATOR)


def prepare_rows(admin: Settings) -> None:
    """Migrate the database."""
    from store.migrate import migrate

    migrate(admin)
    print("database migrated")


def prepare_buckets(admin: Settings, secrets: dict[str, str]) -> None:
    """Make the buckets and MinIO's two users: our programs', and the one that may only drop."""
    from store.object_users import ensure_users
    from store.objects import ensure_buckets

    ensure_buckets(admin)
    ensure_users(
        admin,
        program=(passwords.S3_PROGRAM_USER, secrets["s3_program_secret"]),
        dropper=(passwords.S3_DROP_USER, secrets["s3_drop_secret"]),
    )
    print("buckets and their users are there")


def prepare_topics(settings: Settings) -> None:
    """Make the topics that are missing, waiting up to 90 s for a Kafka that still starts."""
    from store.log import ensure_topics

    deadline = time.monotonic() + 90
    while True:
        try:
            made = ensure_topics(settings)
            break
        except Unavailable:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
    print(f"topics are there ({len(made)} new)")


def prepare_model(settings: Settings) -> None:
    """Register the starter model as the live one, unless a model is live."""
    if settings.starter_model is None:
        print("no starter model was built: none registered")
        return
    from store.objects import connect as connect_objects
    from store.rows import connect as connect_rows
    from workers.models import seed_starter

    rows = connect_rows(settings)
    try:
        seed_starter(settings, rows.models, connect_objects(settings))
    finally:
        rows.close()


def prepare_account(settings: Settings, secrets: dict[str, str]) -> None:
    """Make the first account, an admin, with a token for programs, unless it is there."""
    from argon2 import PasswordHasher

    from store.rows import connect

    rows = connect(settings)
    try:
        if rows.accounts.for_sign_in(passwords.WEB_USER) is not None:
            return
        account = rows.accounts.add(
            passwords.WEB_USER, "admin", PasswordHasher().hash(secrets["web_password"]), by=None
        )
        token = hashlib.sha256(secrets["web_token"].encode()).digest()
        rows.accounts.add_token(account.id, token, "made by `radiotheque up`", by=account.id)
    finally:
        rows.close()
    print(f"account {passwords.WEB_USER} was made")
