"""What became of a manifest, over the API."""

from store.records import Drop, ManifestFault, ManifestLine, ManifestSummary
from tests.web.conftest import Web


def test_a_manifest_says_what_was_not_understood_and_which_films_are_not_here(web: Web) -> None:
    drop = Drop("dropzone", "lot/labels.csv", "v", 9, "bulk", "local", "bucket")
    (receipt,) = web.rows.receipts.open_many([drop])
    path = f"/receipts/{receipt.id}/manifest"
    assert web.get(path, "steward").status_code == 404
    web.rows.manifests.put(receipt, [ManifestLine("dropzone", "lot/a.png")])
    faults = (ManifestFault(3, "Age", "whole years, 0 to 150"),)
    web.rows.manifests.end(receipt, ManifestSummary(2, ("Remarque",), 1, faults))
    assert web.get(path, "steward").json == {
        "lines": 2,
        "absent": 1,
        "unknown_columns": ["Remarque"],
        "malformed": 1,
        "examples": [{"line": 3, "column": "Age", "wanted": "whole years, 0 to 150"}],
    }
    assert web.get(path, "viewer").status_code == 404
    told = web.get(f"/receipts/{receipt.id}", "steward").json
    assert (told["state"], told["reason"]) == ("manifest", None)
