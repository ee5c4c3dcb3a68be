-- What the tables do by themselves: the journal cannot be changed, news wakes its listeners.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only' USING ERRCODE = 'RD403';
END $$;
CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- PostgreSQL sends equal notifications of one transaction once.
CREATE FUNCTION wake_relay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END $$;
CREATE TRIGGER outbox_wakes AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION wake_relay();

CREATE FUNCTION wake_receipt() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('receipt', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER receipt_opened AFTER INSERT ON receipt
    FOR EACH ROW EXECUTE FUNCTION wake_receipt();
CREATE TRIGGER receipt_moved AFTER UPDATE OF state, film ON receipt
    FOR EACH ROW WHEN (OLD.state <> NEW.state OR OLD.film IS DISTINCT FROM NEW.film)
    EXECUTE FUNCTION wake_receipt();

-- A partition is made by the owner of the tables, whoever registers a model.
CREATE FUNCTION make_partition(p_version text) RETURNS void
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
REVOKE ALL ON FUNCTION make_partition(text) FROM PUBLIC;

GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA rad TO rad_api;
REVOKE UPDATE, DELETE ON audit FROM rad_api;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA rad TO rad_api;
GRANT EXECUTE ON FUNCTION make_partition(text) TO rad_api;
-- Reads everything, for save and export; writes nothing.
GRANT SELECT ON ALL TABLES IN SCHEMA rad TO radiotheque_export;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA rad TO radiotheque_export;

RESET ROLE;

-- migrate:down
DROP TRIGGER audit_append_only ON rad.audit;
DROP TRIGGER audit_keep_all ON rad.audit;
DROP TRIGGER outbox_wakes ON rad.outbox;
DROP TRIGGER receipt_opened ON rad.receipt;
DROP TRIGGER receipt_moved ON rad.receipt;
DROP FUNCTION rad.refuse_change, rad.wake_relay, rad.wake_receipt, rad.make_partition;
