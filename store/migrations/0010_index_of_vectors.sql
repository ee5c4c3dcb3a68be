-- The index of vectors takes more care when it is built (docs/search-at-scale.md).

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE OR REPLACE FUNCTION make_partition(p_version text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rad, ext, pg_temp AS $$
DECLARE
    name text := 'embedding_' || left(md5(p_version), 12);
BEGIN
    IF to_regclass('rad.' || quote_ident(name)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE rad.%I PARTITION OF rad.embedding FOR VALUES IN (%L)',
        name, p_version);
    EXECUTE format('CREATE INDEX %I ON rad.%I USING hnsw (embedding halfvec_ip_ops)'
        ' WITH (m = 16, ef_construction = 128)', name || '_hnsw', name);
    EXECUTE format('GRANT SELECT ON rad.%I TO radiotheque_export', name);
END $$;

-- What is indexed stays as it is; films that come are put in with the same care from now on.
DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT i.indexrelid::regclass::text FROM pg_index i
        JOIN pg_inherits h ON h.inhrelid = i.indrelid
        JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
        WHERE h.inhparent = 'rad.embedding'::regclass AND a.amname = 'hnsw'
    LOOP
        EXECUTE format('ALTER INDEX %s SET (ef_construction = 128)', name);
    END LOOP;
END $$;

RESET ROLE;

-- migrate:down
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE OR REPLACE FUNCTION make_partition(p_version text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rad, ext, pg_temp AS $$
DECLARE
    name text := 'embedding_' || left(md5(p_version), 12);
BEGIN
    IF to_regclass('rad.' || quote_ident(name)) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE rad.%I PARTITION OF rad.embedding FOR VALUES IN (%L)',
        name, p_version);
    EXECUTE format('CREATE INDEX %I ON rad.%I USING hnsw (embedding halfvec_ip_ops)'
        ' WITH (m = 16, ef_construction = 64)', name || '_hnsw', name);
    EXECUTE format('GRANT SELECT ON rad.%I TO radiotheque_export', name);
END $$;

RESET ROLE;
