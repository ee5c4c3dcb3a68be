"""Accounts and tokens. What an admin may, the stored functions hold."""

from typing import Any

from store.records import Account
from web.accounts import hash_password, new_token, token_hash
from web.api.routes import subject
from web.api.shapes import (
    AccountIn,
    AccountOut,
    AccountsOut,
    IdPath,
    PasswordIn,
    RoleIn,
    TokenIn,
    TokenOut,
)
from web.auth import current_account, known_accounts
from web.deps import deps

accounts = subject("accounts", "Who may sign in, with which role and tokens.")


@accounts.get("/account", responses={200: AccountOut})
def mine() -> dict[str, Any]:
    """Return the account that asks."""
    return _account_json(current_account())


@accounts.get("/accounts", responses={200: AccountsOut})
def everybody() -> dict[str, Any]:
    """Return all accounts of the admin's site. Admins."""
    found = deps().rows.accounts.list(by=current_account().id)
    return {"items": [_account_json(account) for account in found]}


@accounts.post("/accounts", responses={201: AccountOut})
def add(body: AccountIn) -> tuple[dict[str, Any], int]:
    """Add an account of the admin's site. Admins."""
    admin = current_account()
    added = deps().rows.accounts.add(
        body.name.strip(),
        body.role,
        hash_password(body.password),
        by=admin.id,
        site=admin.site,
    )
    return _account_json(added), 201


@accounts.delete("/accounts/<id>", responses={204: None})
def remove(path: IdPath) -> tuple[str, int]:
    """Remove an account; what it said stays under its pseudonym. Admins."""
    deps().rows.accounts.remove(path.id, by=current_account().id)
    known_accounts().forget()
    return "", 204


@accounts.put("/accounts/<id>/role", responses={200: AccountOut})
def set_role(path: IdPath, body: RoleIn) -> dict[str, Any]:
    """Give another role. Admins."""
    changed = deps().rows.accounts.set_role(path.id, body.role, by=current_account().id)
    known_accounts().forget()
    return _account_json(changed)


@accounts.put("/accounts/<id>/password", responses={204: None})
def set_password(path: IdPath, body: PasswordIn) -> tuple[str, int]:
    """Change a password: one's own, or any by an admin."""
    deps().rows.accounts.set_password(
        path.id, hash_password(body.password), by=current_account().id
    )
    return "", 204


@accounts.post("/accounts/<id>/tokens", responses={201: TokenOut})
def add_token(path: IdPath, body: TokenIn) -> tuple[dict[str, str], int]:
    """Make a bearer token: for oneself, or for any account by an admin. It is shown once."""
    token = new_token()
    number = deps().rows.accounts.add_token(
        path.id, token_hash(token), body.label.strip(), by=current_account().id
    )
    return {"id": str(number), "token": token}, 201


@accounts.delete("/tokens/<id>", responses={204: None})
def remove_token(path: IdPath) -> tuple[str, int]:
    """Remove a token: one's own, or any by an admin."""
    deps().rows.accounts.remove_token(path.id, by=current_account().id)
    known_accounts().forget()
    return "", 204


def _account_json(account: Account) -> dict[str, Any]:
    return {
        "id": str(account.id),
        "name": account.name,
        "role": account.role,
        "pseudonym": account.pseudonym,
        "site": account.site,
    }
