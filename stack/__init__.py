"""The services without Docker: Kafka, MinIO, PostgreSQL, Valkey, Triton as local processes."""
