-- Requests that a client may send again (store/once.py). Both are called in the transaction that
-- does what was asked: a kill in between leaves neither the reading nor the key.

-- Return what the same request made before, NULL where it is new. The lock is the transaction's:
-- who gets it sees what its holder before has committed.
CREATE FUNCTION api.once_find(p_account uuid, p_kind text, p_key bytea, p_said bytea)
RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    found rad.once;
BEGIN
    IF NOT pg_try_advisory_xact_lock(
        hashtextextended(p_account::text || p_kind || encode(p_key, 'hex'), 16)) THEN
        RAISE EXCEPTION 'a request with this key is being done' USING ERRCODE = 'RD425';
    END IF;
    SELECT * INTO found FROM once WHERE account = p_account AND kind = p_kind AND key = p_key
        AND kept_at > now() - interval '24 hours';
    IF found.said <> p_said THEN
        RAISE EXCEPTION 'this key was used for another request' USING ERRCODE = 'RD422';
    END IF;
    RETURN found.made;
END $$;

-- Keep what a request made, and let go of those of yesterday.
CREATE FUNCTION api.once_keep(
    p_account uuid, p_kind text, p_key bytea, p_said bytea, p_film text, p_made uuid
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.film_seen(p_film, p_account);
    DELETE FROM once WHERE (account, kind, key) IN (
        SELECT o.account, o.kind, o.key FROM once o
        WHERE o.kept_at <= now() - interval '24 hours'
        ORDER BY o.kept_at LIMIT 100 FOR UPDATE SKIP LOCKED);
    INSERT INTO once (account, kind, key, said, film, made)
    VALUES (p_account, p_kind, p_key, p_said, p_film, p_made)
    -- One of yesterday that is still there.
    ON CONFLICT (account, kind, key) DO UPDATE
    SET said = excluded.said, film = excluded.film, made = excluded.made, kept_at = now();
END $$;
