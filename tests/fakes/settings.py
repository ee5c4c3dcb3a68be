"""Settings for tests that open nothing: every secret given, every address one nobody answers."""

from pathlib import Path

from store.settings import Settings


def fake_settings(**overrides: object) -> Settings:
    """Return settings whose services do not exist."""
    given: dict[str, object] = {
        "site": "test",
        "site_secret": "test-site-secret",
        "state_dir": Path("nowhere"),
        "kafka_bootstrap": "127.0.0.1:1",
        "s3_endpoint": "127.0.0.1:1",
        "s3_access_key": "test",
        "s3_secret_key": "test-s3-secret",
        "postgres_password": "test",
        "redis_url": "redis://127.0.0.1:1/0",
        "triton_secret": "test",
        "web_secret": "test",
        # A test that asks for it says so: most ask what became of the raw version.
        "keep_taken_s": 0.0,
    }
    return Settings.model_validate(given | overrides)
