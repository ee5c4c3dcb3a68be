"""What a worker counts, in a registry of its own, for Prometheus."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120)
_RECORDS: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_AGE: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600)


class WorkerMetrics:
    """The figures of one worker; every name begins with `radiotheque_`."""

    def __init__(self, group: str) -> None:
        self.registry = CollectorRegistry()
        names = ("group",)
        kept = self.registry
        self._records = Counter(
            "radiotheque_records",
            "Records brought to their end, by fate (done, passed, dead)",
            ("group", "fate"),
            registry=kept,
        )
        self._batch = Histogram(
            "radiotheque_batch_records",
            "Records of one batch",
            names,
            registry=kept,
            buckets=_RECORDS,
        ).labels(group)
        self._seconds = Histogram(
            "radiotheque_batch_seconds",
            "Seconds of one batch",
            names,
            registry=kept,
            buckets=_SECONDS,
        ).labels(group)
        self._age = Histogram(
            "radiotheque_record_age_seconds",
            "Seconds from a record's writing to its end",
            names,
            registry=kept,
            buckets=_AGE,
        ).labels(group)
        self._waiting = Gauge(
            "radiotheque_waiting",
            "1 while the worker waits for a service that is down",
            names,
            registry=kept,
        ).labels(group)
        self._group = group

    def fates(self, *, done: int, passed: int, dead: int) -> None:
        """Count records by what became of them."""
        for fate, count in (("done", done), ("passed", passed), ("dead", dead)):
            if count:
                self._records.labels(self._group, fate).inc(count)

    def batch(self, records: int, seconds: float) -> None:
        """Count one batch."""
        self._batch.observe(records)
        self._seconds.observe(seconds)

    def age(self, seconds: float) -> None:
        """Count how old a record was when it was done."""
        self._age.observe(max(0.0, seconds))

    def waiting(self, *, now: bool) -> None:
        """Say whether a service is being waited for."""
        self._waiting.set(1 if now else 0)
