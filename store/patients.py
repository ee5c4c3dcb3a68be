"""Patients by their pseudonym, in PostgreSQL (store/functions/removal.sql)."""

from uuid import UUID

from store.films import erased
from store.messages import messages_json
from store.receipts import patient_tombstone, tombstone
from store.rows import Call, Database, json_value


class PostgresPatients:
    """Implements store.ports.Patients."""

    def __init__(self, database: Database, site: str, secret: str, again_s: float) -> None:
        self._database = database
        self._site = site
        self._secret = secret
        self._again_s = again_s

    def _films(self, call: Call, patient: str, account: UUID | None) -> list[str]:
        code = patient_tombstone(self._secret, patient)
        found = call.rows("patients_films", patient=patient, tombstone=code, account=account)
        return [row["patients_films"] for row in found]

    def films(self, patient: str, *, account: UUID | None) -> list[str]:
        return self._database.transaction(lambda call: self._films(call, patient, account))

    def disputed(self, patient: str, *, account: UUID | None) -> list[str]:
        rows = self._database.rows("patients_disputed", patient=patient, account=account)
        return [row["patients_disputed"] for row in rows]

    def erase(self, patient: str, *, account: UUID | None) -> list[str]:
        def work(call: Call) -> list[str]:
            # The tombstones need the site's secret, which the database has not: so the films are
            # read first, under the lock that keeps others from coming.
            films = self._films(call, patient, account)
            call.rows(
                "patients_erase",
                patient=patient,
                tombstone=patient_tombstone(self._secret, patient),
                films=films,
                tombstones=[tombstone(self._secret, film) for film in films],
                account=account,
                again_s=self._again_s,
                events=json_value(messages_json([erased(film, self._site) for film in films])),
            )
            return films

        return self._database.transaction(work)

    def lift(self, patient: str, *, account: UUID | None) -> None:
        self._database.rows(
            "patients_lift",
            patient=patient,
            tombstone=patient_tombstone(self._secret, patient),
            account=account,
        )
