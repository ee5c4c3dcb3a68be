"""Who may call what: the login roles, one per program, and their functions.

`store.migrate` turns this table into GRANT EXECUTE; a test holds the database to it. No program
has a right on a table; only the command line's read-only role for save and export has SELECT.
"""

from typing import Final

#: Owns the tables, and nobody signs in as it.
OWNER: Final = "rad_owner"
#: Owns the functions and may touch the tables, and nobody signs in as it.
API: Final = "rad_api"
#: Reads every table, for save and export.
EXPORT: Final = "radiotheque_export"
#: The command line: a site engineer's every operation. Its functions take no account.
OPERATOR: Final = "radiotheque_operator"

#: What every worker of the runtime needs to set a record aside.
_WORKER: Final = frozenset({"letters_add", "letters_open_count", "outbox_add"})
_READ: Final = frozenset({"films_many", "analyses_get", "models_live", "models_wanted"})
#: What web has of them: films as an account sees them, never as they are.
_WEB_READ: Final = _READ - {"films_many"}

#: Functions of schema api by login role. The command line's role may call all of them.
GRANTS: Final[dict[str, frozenset[str]]] = {
    "radiotheque_web": _WEB_READ
    | {
        "accounts_add",
        "accounts_add_token",
        "accounts_by_token",
        "accounts_for_sign_in",
        "accounts_get",
        "accounts_list",
        "accounts_remove",
        "accounts_remove_token",
        "accounts_set_password",
        "accounts_set_role",
        "accounts_signed_in",
        "audit_list",
        "audit_write",
        "comments_add",
        "comments_of",
        "comments_remove",
        "films_erase",
        "films_lift_erasure",
        "films_open",
        "films_overrule",
        "films_page",
        "films_provenance",
        "films_rows",
        "films_seen",
        "films_share",
        "letters_discard",
        "letters_get",
        "letters_list",
        "letters_open_count",
        "letters_replay",
        "manifests_get",
        "models_get",
        "once_find",
        "once_keep",
        "outbox_add",
        "outbox_depth",
        "patients_disputed",
        "patients_erase",
        "patients_films",
        "patients_lift",
        "quarantine_look",
        "quarantine_refuse",
        "quarantine_release",
        "quarantine_waiting",
        "readings_of",
        "readings_record",
        "readings_shown",
        "receipts_find",
        "receipts_get",
        "receipts_open",
        "receipts_recent",
        "vectors_alike",
        "vectors_nearest",
        "vectors_version",
    },
    "radiotheque_ingest": _WORKER
    | _READ
    | {
        "films_add_labels",
        "manifests_wait",
        "quarantine_hold",
        "receipts_accept",
        "receipts_find",
        "receipts_get",
        "receipts_missing",
        "receipts_open",
        "receipts_reject",
        "receipts_same_bytes",
        "receipts_set_aside",
        "receipts_slow",
    },
    "radiotheque_analyse": _WORKER
    | _READ
    | {
        "analyses_done",
        "analyses_save",
        "models_working",
        "receipts_get",
        "vectors_embedded",
    },
    "radiotheque_similar": _WORKER
    | _READ
    | {"receipts_get", "vectors_alike", "vectors_nearest", "vectors_version"},
    "radiotheque_erase": _WORKER
    | {"erasures_done", "erasures_due", "erasures_end", "erasures_get"},
    "radiotheque_relay": frozenset(
        {
            "letters_open_count",
            "outbox_depth",
            "outbox_pending",
            "outbox_published",
            "outbox_purge",
            "outbox_take",
        }
    ),
    "radiotheque_models": frozenset(
        {"models_all", "models_live", "models_register", "models_set_live", "models_wanted"}
    ),
    "radiotheque_reconciler": _READ
    | {
        "analyses_request",
        "films_without_analysis",
        "manifests_end",
        "manifests_hold",
        "manifests_join",
        "manifests_put",
        "manifests_read",
        "manifests_waiting",
        "outbox_add",
        "outbox_depth",
        "quarantine_expire",
        "quarantine_spent",
        "quarantine_swept",
        "receipts_kept",
        "receipts_let_go",
        "receipts_missing",
        "receipts_open",
        "receipts_reject",
    },
    OPERATOR: frozenset(),
}

LOGINS: Final = (*GRANTS, EXPORT)
