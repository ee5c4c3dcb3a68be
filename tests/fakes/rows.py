"""PostgreSQL in memory, for tests: the same behaviour as store.rows, without a server.

`FakeRows()` has every subject of `store.ports.Rows`. `fake.outbox.messages` is all that was said;
`fake.tables` holds the rows; `fake.down = True` makes every call raise Unavailable.
`FakeRows(operator=True)` acts as the command line, which may leave `by` or `account` out.
"""

from tests.fakes.rows_analyses import FakeAnalyses, FakeVectors
from tests.fakes.rows_films import FakeFilms
from tests.fakes.rows_log import FakeLetters, FakeModels, FakeOutbox, FakeSignals
from tests.fakes.rows_manifests import FakeManifests
from tests.fakes.rows_people import FakeAccounts, FakeAudit, FakeReadings
from tests.fakes.rows_quarantine import FakeQuarantine
from tests.fakes.rows_receipts import FakeReceipts
from tests.fakes.rows_removal import FakeErasures, FakePatients
from tests.fakes.rows_tables import Tables


class FakeRows:
    """Implements store.ports.Rows; one lock makes every method one transaction."""

    def __init__(self, site: str = "local", *, operator: bool = False) -> None:
        self.tables = Tables(site=site, operator=operator)
        self.receipts = FakeReceipts(self.tables)
        self.quarantine = FakeQuarantine(self.tables)
        self.manifests = FakeManifests(self.tables, self.receipts)
        self.films = FakeFilms(self.tables)
        self.analyses = FakeAnalyses(self.tables)
        self.vectors = FakeVectors(self.tables)
        self.readings = FakeReadings(self.tables)
        self.accounts = FakeAccounts(self.tables)
        self.letters = FakeLetters(self.tables)
        self.models = FakeModels(self.tables)
        self.outbox = FakeOutbox(self.tables)
        self.signals = FakeSignals(self.tables)
        self.audit = FakeAudit(self.tables)
        self.patients = FakePatients(self.tables)
        self.erasures = FakeErasures(self.tables)

    @property
    def down(self) -> bool:
        """Return whether the server is played dead."""
        return self.tables.down

    @down.setter
    def down(self, value: bool) -> None:
        with self.tables.lock:
            self.tables.down = value
            self.tables.lock.notify_all()

    def ping(self) -> None:
        """Raise Unavailable while down."""
        with self.tables.work():
            pass

    def close(self) -> None:
        """Do nothing: there is no connection."""
