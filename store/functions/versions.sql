-- Embedding versions: the one that searches use, and the live model's, which is being filled.

-- Whoever moves searches holds this; whoever saves analyses shares it from the moment when it
-- looks which version searches use until it commits. So no film is saved without the embedding
-- by which searches find it.
CREATE FUNCTION rules.search_lock() RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT hashtextextended('radiotheque.search_version', 0);
$$;

-- Return the films that searches find by one version and would not find by the other. One whose
-- analysis by the live model was a dead letter that somebody discarded is not waited for.
CREATE FUNCTION rules.unfilled(p_used text, p_wanted text) RETURNS SETOF bigint
LANGUAGE sql STABLE AS $$
    SELECT e.position FROM embedding e
    WHERE e.embedding_version = p_used
        AND NOT EXISTS (
            SELECT 1 FROM embedding n
            WHERE n.embedding_version = p_wanted AND n.position = e.position)
        AND NOT EXISTS (
            SELECT 1 FROM dead_letter d
            JOIN film f ON convert_to(f.id, 'UTF8') = d.key
            WHERE d."group" = 'analyse' AND d.state = 'discarded' AND f.position = e.position
                AND d.recorded_at >= (SELECT coalesce(live_at, '-infinity') FROM model
                    WHERE state = 'live'));
$$;

-- Move searches to the live model's embeddings once they find every film by them.
CREATE FUNCTION rules.settle_search() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    used text;
BEGIN
    SELECT embedding_version INTO wanted FROM model WHERE state = 'live';
    SELECT search_version INTO used FROM setting;
    IF wanted IS NULL OR wanted = used
        OR EXISTS (SELECT 1 FROM rules.unfilled(used, wanted)) THEN
        RETURN;
    END IF;
    -- What was being saved meanwhile is looked for again, when no more is being saved.
    PERFORM pg_advisory_xact_lock(rules.search_lock());
    IF NOT EXISTS (SELECT 1 FROM rules.unfilled(used, wanted)) THEN
        UPDATE setting SET search_version = wanted;
    END IF;
END $$;

-- Refuse to end a transaction that leaves one of these films without the embedding by which
-- searches find it: they moved after the worker had read which models to ask. It asks again.
CREATE FUNCTION rules.keep_findable(p_films text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    used text;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(rules.search_lock());
    SELECT search_version INTO used FROM setting;
    -- Where no model is left that could embed for it, the film waits for the next version.
    IF EXISTS (SELECT 1 FROM model WHERE embedding_version = used AND state <> 'retired')
        AND EXISTS (
            SELECT 1 FROM film f WHERE f.id = ANY (p_films) AND NOT EXISTS (
                SELECT 1 FROM embedding e
                WHERE e.embedding_version = used AND e.position = f.position))
    THEN
        RAISE EXCEPTION 'searches use embedding version %, which a film of these would lack',
            used USING ERRCODE = '40001';
    END IF;
END $$;

-- Return the models that a new film is given to: the live one; and, while searches use another
-- embedding version than its own, the newest one of that version.
CREATE FUNCTION api.models_working() RETURNS SETOF api.model_row LANGUAGE sql STABLE AS $$
    (SELECT manifest, state, registered_at FROM model WHERE state = 'live')
    UNION ALL
    (SELECT m.manifest, m.state, m.registered_at
     FROM model m, setting s, model live
     WHERE live.state = 'live' AND m.embedding_version = s.search_version
        AND m.embedding_version <> live.embedding_version AND m.state <> 'retired'
     ORDER BY m.state = 'candidate', m.version DESC LIMIT 1);
$$;

CREATE TYPE api.filling_row AS (wanted text, used text, films bigint, missing bigint);

-- Return how far the live model's embeddings are; nothing while searches use them already.
CREATE FUNCTION api.models_filling() RETURNS SETOF api.filling_row LANGUAGE sql STABLE AS $$
    SELECT m.embedding_version, s.search_version,
        (SELECT count(*) FROM embedding e WHERE e.embedding_version = s.search_version),
        (SELECT count(*) FROM rules.unfilled(s.search_version, m.embedding_version))
    FROM model m, setting s
    WHERE m.state = 'live' AND m.embedding_version <> s.search_version;
$$;

CREATE FUNCTION api.models_all() RETURNS SETOF api.model_row LANGUAGE sql STABLE AS $$
    SELECT manifest, state, registered_at FROM model ORDER BY version;
$$;

CREATE FUNCTION api.vectors_embedded(p_films text[], p_version text) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT f.id FROM film f JOIN embedding e ON e.position = f.position
    WHERE f.id = ANY (p_films) AND e.embedding_version = p_version;
$$;
