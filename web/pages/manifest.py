"""*Bilan du manifeste*: what was read of a labels.csv, and what became of each line."""

from itertools import groupby
from typing import Final
from uuid import UUID

from flask import Blueprint, render_template

from web.api.receipts import read_manifest
from web.auth import current_account
from web.deps import deps
from web.language import current_language
from web.manifests import fates_of, manifest_json
from web.receipts import read_receipt

manifest: Final = Blueprint("manifest", __name__)


@manifest.get("/depot/manifestes/<uuid:receipt>")
def page(receipt: UUID) -> str:
    """Show the summary to whoever knows of the manifest's receipt."""
    known = read_receipt(deps().rows, receipt, current_account())
    summary = read_manifest(receipt)
    told = manifest_json(summary, current_language())
    examples = {
        kind: list(rows)
        for kind, rows in groupby(
            sorted(told["examples"], key=lambda row: row["kind"]), key=lambda row: row["kind"]
        )
    }
    return render_template(
        "manifest.html",
        receipt=receipt,
        name=known.filename or "labels.csv",
        manifest=told,
        fates=list(fates_of(summary)),
        examples=examples,
    )
