"""Depositing films, and what became of them: /radiographs (POST) and /receipts."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from flask import Response, request
from werkzeug.wsgi import get_input_stream

from schemas.deposits import deposit_folder, film_key
from schemas.errors import NotFound
from schemas.film_files import is_manifest
from store.ports import Objects
from store.records import Account, Drop
from store.records_manifests import ManifestSummary
from web import health, uploads
from web.api.receipt_shapes import ManifestOut, ReceiptOut, ReceiptQuery, ReceiptsOut
from web.api.routes import subject, table
from web.api.shapes import IdPath
from web.auth import current_account, require_role
from web.deps import deps, settings
from web.form import DepositForm, UploadOut, form_says
from web.language import current_language
from web.manifests import manifest_csv, manifest_json
from web.problems import API_PREFIX
from web.receipts import read_receipt, receipt_json
from web.uploads import Upload

receipts = subject("deposit", "Films come in, and receipts say what became of them.")

DROPZONE: Final = "dropzone"
_PUTS: Final = 4
_UPLOAD_BODY: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": [uploads.FIELD, "statement"],
                    "properties": {
                        uploads.FIELD: {
                            "type": "array",
                            "items": {"type": "string", "format": "binary"},
                            "minItems": 1,
                            "maxItems": 100,
                            "description": (
                                "PNG, JPEG, TIFF, JPEG XL or DICOM, 64 MiB each, 512 MiB together;"
                                " a labels.csv says what is known of the films of its deposit"
                            ),
                        },
                        **DepositForm.model_json_schema()["properties"],
                    },
                }
            }
        },
    }
}


@receipts.post("/radiographs", responses={202: UploadOut}, openapi_extensions=_UPLOAD_BODY)
def deposit() -> tuple[dict[str, Any], int]:
    """Take films; the answer comes before anything is decoded. A viewer may not deposit.

    `patient`, `exam_date` and `view` may be said of all films of the request. Of the patient's
    code and the day only a keyed hash and a shifted day are ever stored. Where a file says
    otherwise, the file is believed and the receipt says so.

    `statement` is required: the version of what the depositor states, once for all films of a
    deposit. `source`, `licence` and `sharing` say where they come from and who may see them.
    """
    account = require_role("radiologist", "steward", "admin")
    # This view reads the body itself, under its own limits; the small one is for all others.
    uploads.check_length(request.content_length, settings())
    stream = get_input_stream(request.environ)
    with uploads.read_uploads(stream, request.content_type or "", settings()) as body:
        files = body.files
        # First: what is wrong is said before anything is stored.
        said = form_says(body.fields, settings(), account.site)
        drops = [
            replace(drop, form=said.form, statement=said.statement)
            for drop in _put_all(files, account, said.deposit)
        ]
    # 1. the objects are there, 2. receipts and `object.uploaded` in one transaction. Cut between
    # the two, MinIO's own notification brings the films in all the same.
    taken = deps().rows.receipts.open_with_event(drops)
    figures = health.metrics()
    figures.uploaded.inc(len(files))
    figures.uploaded_bytes.inc(sum(file.size for file in files))
    items = [
        {
            "id": str(receipt.id),
            "filename": file.filename,
            "url": f"{API_PREFIX}/receipts/{receipt.id}",
        }
        for receipt, file in zip(taken, files, strict=True)
    ]
    return {"receipts": items}, 202


@receipts.after_request
def take_in_the_rest(answer: Response) -> Response:
    """Read on after a refusal, so that the sender comes to see why (web/uploads.py)."""
    if request.endpoint == "api_deposit.deposit" and answer.status_code >= 400:
        return uploads.answer_then_drain(answer, get_input_stream(request.environ))
    return answer


@receipts.get("/receipts/<id>", responses={200: ReceiptOut})
def read(path: IdPath) -> dict[str, Any]:
    """Say what became of one drop. Stewards see their whole site's, others their own."""
    receipt = read_receipt(deps().rows, path.id, current_account())
    return receipt_json(receipt, current_language())


@receipts.get("/receipts/<id>/manifest", responses={200: ManifestOut})
def manifest(path: IdPath) -> dict[str, Any]:
    """Say what became of a manifest: what was left out of it, and of which films it speaks."""
    return manifest_json(read_manifest(path.id), current_language())


@receipts.get("/receipts/<id>/manifest.csv", responses={200: table()})
def manifest_table(path: IdPath) -> Response:
    """Return the same as a table: what, name, count, line, column, message."""
    said = manifest_csv(read_manifest(path.id), current_language())
    # With its mark: without it Excel reads UTF-8 in the machine's code page.
    response = Response(said.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    name = f"manifest-{path.id}.csv"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@receipts.get("/receipts", responses={200: ReceiptsOut})
def find(query: ReceiptQuery) -> dict[str, Any]:
    """Return the receipts of one object, newest first: each of its versions has one.

    The rows are compared by a keyed hash of the key.
    """
    account = current_account()
    found = deps().rows.receipts.find(query.bucket, query.key, account=account.id)
    language = current_language()
    return {"items": [receipt_json(row, language) for row in found]}


def read_manifest(receipt: UUID) -> ManifestSummary:
    """Return what became of a manifest that this account may know of. Raises NotFound."""
    found = deps().rows.manifests.get(receipt, account=current_account().id)
    if found is None:
        raise NotFound(f"receipt {receipt}: it is of no manifest")
    return found


def _put_all(files: list[Upload], account: Account, deposit: UUID) -> list[Drop]:
    """Put the files in dropzone, several at a time; return their drops in the order sent."""
    secret = settings().site_secret.get_secret_value()
    folder = deposit_folder(secret, account.id, deposit)
    keys = _keys(files, folder, secret)
    put = partial(_put, objects=deps().objects, site=account.site, depositor=account.id)
    if len(files) == 1:
        return [put(files[0], keys[0])]
    with ThreadPoolExecutor(_PUTS) as pool:
        return list(pool.map(put, files, keys))


def _keys(files: list[Upload], folder: str, secret: str) -> list[str]:
    """Return a key of each file, not its name: names may hold a patient's (schemas/deposits.py).

    Of two files of one path no line of a manifest can tell which it means: it finds neither.
    """
    times = Counter(file.within for file in files)
    keys = []
    for file in files:
        if file.within is None or times[file.within] > 1:
            keys.append(f"{folder}/{uuid4()}")
        elif is_manifest(file.within):
            keys.append(f"{folder}/{file.within}")
        else:
            keys.append(film_key(secret, folder, file.within))
    return keys


def _put(file: Upload, key: str, *, objects: Objects, site: str, depositor: UUID) -> Drop:
    if file.path is None:
        version = objects.put(DROPZONE, key, bytes(file.data))
    else:
        version = objects.put_file(DROPZONE, key, file.path)
    return Drop(
        bucket=DROPZONE,
        key=key,
        version=version,
        size=file.size,
        lane="first",
        site=site,
        source="upload",
        filename=file.filename,
        depositor=depositor,
    )
