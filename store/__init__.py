"""What is kept: settings, objects (MinIO), rows (PostgreSQL), cache (Redis), log (Kafka)."""
