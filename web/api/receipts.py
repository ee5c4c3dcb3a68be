"""Depositing films, and what became of them: /radiographs (POST) and /receipts."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from flask import Response, request
from werkzeug.wsgi import get_input_stream

from schemas.errors import NotFound
from store.ports import UPLOADS, Objects
from store.records import Account, Drop
from web import health, uploads
from web.api.receipt_shapes import ManifestOut, ReceiptOut, ReceiptQuery, ReceiptsOut
from web.api.routes import subject
from web.api.shapes import IdPath
from web.auth import current_account, require_role
from web.deps import deps, settings
from web.form import DepositForm, UploadOut, form_says
from web.language import current_language
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
                                "PNG, JPEG, TIFF, JPEG XL or DICOM, 64 MiB each, 512 MiB together"
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
        form, statement = form_says(body.fields, settings(), account.site)
        drops = [
            replace(drop, form=form, statement=statement) for drop in _put_all(files, account)
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
    """Say what became of a manifest: what was not understood, and which films are not here."""
    found = deps().rows.manifests.get(path.id, account=current_account().id)
    if found is None:
        raise NotFound(f"receipt {path.id}: it is of no manifest")
    return {
        "lines": found.lines,
        "absent": found.absent,
        "unknown_columns": list(found.unknown),
        "malformed": found.malformed,
        "examples": [asdict(fault) for fault in found.examples],
    }


@receipts.get("/receipts", responses={200: ReceiptsOut})
def find(query: ReceiptQuery) -> dict[str, Any]:
    """Return the receipts of one object, newest first: each of its versions has one.

    The rows are compared by a keyed hash of the key.
    """
    account = current_account()
    found = deps().rows.receipts.find(query.bucket, query.key, account=account.id)
    language = current_language()
    return {"items": [receipt_json(row, language) for row in found]}


def _put_all(files: list[Upload], account: Account) -> list[Drop]:
    """Put the files in dropzone, several at a time; return their drops in the order sent."""
    put = partial(_put, objects=deps().objects, site=account.site, depositor=account.id)
    if len(files) == 1:
        return [put(files[0])]
    with ThreadPoolExecutor(_PUTS) as pool:
        return list(pool.map(put, files))


def _put(file: Upload, *, objects: Objects, site: str, depositor: UUID) -> Drop:
    # A key of its own, not the file's name: names may hold a patient's.
    key = f"{UPLOADS}{uuid4()}"
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
