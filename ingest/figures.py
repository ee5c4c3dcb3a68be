"""What ingest counts beside records and batches, told by its process with its other figures."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class IngestFigures:
    """Figures of one process; every name begins with `radiotheque_`."""

    def __init__(self) -> None:
        self.folders = Counter(
            "radiotheque_folder_markers",
            "Records about an object that only stands for a folder, passed over",
            registry=None,
        )
        self.folders_listed = Gauge(
            "radiotheque_folder_markers_listed",
            "Objects in dropzone that only stand for a folder, at the reconciler's last look",
            registry=None,
        )

    def register(self, registry: CollectorRegistry) -> None:
        """Let a process's registry tell these figures."""
        registry.register(self.folders)
        registry.register(self.folders_listed)
