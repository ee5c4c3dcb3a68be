"""The web server: gunicorn with threads, one worker process, started from inside.

The parent only watches: it starts the worker again when it dies. The worker opens the stores
after the fork, so no connection is shared. Threads, because a live stream holds one each.
"""

import gc
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.config import Config
from gunicorn.glogging import Logger
from gunicorn.workers.gthread import ThreadWorker

from store.settings import Settings
from web.live import hub_of

#: Seconds that requests under way may take to end after SIGTERM.
GRACE_S: Final = 20


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker that ends live streams when told to stop: they would use up all its grace."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop after the requests under way."""
        app = self.app.callable
        if isinstance(app, Flask):
            hub_of(app).stop()
        super().handle_exit(sig, frame)


class Log(Logger):  # type: ignore[misc]
    """Gunicorn's lines go where all of ours go, in the form the program chose."""

    def setup(self, cfg: Config) -> None:
        """Take the levels, not the handlers."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def warning(self, msg: Any, *args: Any, **more: Any) -> None:
        """Say that a request was no HTTP without quoting it: it may hold a key, a name in it."""
        if str(msg).startswith("Invalid request from"):
            msg, args = "A request that is no HTTP was refused", ()
        super().warning(msg, *args, **more)

    def exception(self, msg: Any, *args: Any, **more: Any) -> None:
        """Say which request failed outside the application, without its query string."""
        cut = (arg.partition("?")[0] if isinstance(arg, str) else arg for arg in args)
        super().exception(msg, *cut, **more)


class Server(BaseApplication):  # type: ignore[misc]
    """Gunicorn, configured from our settings and from nothing else."""

    def __init__(self, settings: Settings, make_app: Callable[[], Flask]) -> None:
        self._settings = settings
        self._make_app = make_app
        super().__init__()

    def load_config(self) -> None:
        """Take gunicorn's configuration from the settings."""
        options: dict[str, Any] = {
            "bind": f"{self._settings.web_host}:{self._settings.web_port}",
            "workers": 1,
            "worker_class": Worker,
            "threads": self._settings.web_threads,
            "worker_connections": 1000,
            "graceful_timeout": GRACE_S,
            # Only a worker that no longer notifies at all is killed: uploads take their time.
            "timeout": 60,
            "keepalive": 15,
            "control_socket_disable": True,
            # Query strings and addresses stay out of logs; each view logs what matters.
            "accesslog": None,
            "logger_class": Log,
            "proc_name": "radiotheque-web",
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        """Return the application: called in the worker, after the fork."""
        app = self._make_app()
        # A full collection would look at every module's objects, which never die: 23 to 55 ms
        # in which nobody is answered, once in a thousand requests or so.
        gc.collect()
        gc.freeze()
        return app
