-- Manifests of bulk drops: each line meets its film, whichever comes first (store/manifests.py).

CREATE TYPE api.manifest_row AS (
    lines bigint, unknown text[], malformed bigint, examples jsonb, absent bigint
);

-- Hold lines by the codes of their keys, in one order. Film and manifest both do so before they
-- hold a film: so they cannot wait for each other, and whoever comes second sees the first.
CREATE FUNCTION rules.hold_lines(p_codes text[]) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('manifest_line ' || code, 0))
    FROM (SELECT DISTINCT code FROM unnest(p_codes) AS code ORDER BY code) AS ordered;
$$;

-- Tell stored films what their lines say: fill what is missing, add labels, overwrite nothing.
-- The caller holds the lines. Returns how many drops met their line.
CREATE FUNCTION rules.join_lines(p_codes text[]) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    met record;
    differ text[];
    films text[] := '{}';
BEGIN
    FOR met IN
        SELECT r.id AS receipt, r.film, l.said
        FROM manifest_line l JOIN receipt r ON r.key_code = l.key_code
        WHERE l.key_code = ANY (p_codes) AND r.film IS NOT NULL
        ORDER BY r.film, r.id
    LOOP
        differ := rules.fill_film(met.film, met.said);
        UPDATE receipt SET contradicts = rules.facts_of(contradicts, differ)
        WHERE id = met.receipt;
        UPDATE film SET source = coalesce(met.said ->> 'source', source),
            licence = coalesce(licence, met.said ->> 'licence'),
            sharing = coalesce(met.said ->> 'sharing', sharing)
        WHERE id = met.film AND source = 'bucket'
            AND NOT EXISTS (SELECT 1 FROM receipt o
                WHERE o.film = met.film AND o.id <> met.receipt);
        INSERT INTO label (film, finding, source, author, value, position)
        SELECT met.film, finding, 'imported', 'manifest', value::smallint, f.position
        FROM jsonb_each_text(coalesce(met.said -> 'labels', '{}')) AS s(finding, value)
        JOIN film f ON f.id = met.film
        ON CONFLICT DO NOTHING;
        films := array_append(films, met.film);
    END LOOP;
    IF FOUND THEN
        PERFORM rules.refresh_cards(films);
    END IF;
    RETURN cardinality(films);
END $$;

-- Keep a page of lines [{"key_code", "said"}, ...], and join those whose film is here.
CREATE FUNCTION api.manifests_put(p_receipt uuid, p_lines jsonb) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    codes text[] := ARRAY(SELECT line ->> 'key_code' FROM jsonb_array_elements(p_lines) AS line);
BEGIN
    PERFORM rules.place(finding) FROM (
        SELECT DISTINCT finding FROM jsonb_array_elements(p_lines) AS line,
            jsonb_object_keys(coalesce(line -> 'said' -> 'labels', '{}')) AS finding) AS named;
    PERFORM rules.hold_lines(codes);
    INSERT INTO manifest (receipt) VALUES (p_receipt) ON CONFLICT DO NOTHING;
    INSERT INTO manifest_line (key_code, manifest, said)
    SELECT DISTINCT ON (key_code) key_code, p_receipt, said
    FROM jsonb_to_recordset(p_lines) AS l(key_code text, said jsonb)
    ORDER BY key_code
    -- A later manifest's word on the same path is the one that waits for its film.
    ON CONFLICT (key_code) DO UPDATE SET manifest = excluded.manifest, said = excluded.said;
    RETURN rules.join_lines(codes);
END $$;

-- Keep the summary; the receipt of the manifest is at its end.
CREATE FUNCTION api.manifests_end(
    p_receipt uuid, p_lines bigint, p_unknown text[], p_malformed bigint, p_examples jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO manifest (receipt, lines, unknown, malformed, examples, ended_at)
    VALUES (p_receipt, p_lines, p_unknown, p_malformed, p_examples, clock_timestamp())
    ON CONFLICT (receipt) DO UPDATE SET lines = excluded.lines, unknown = excluded.unknown,
        malformed = excluded.malformed, examples = excluded.examples,
        ended_at = excluded.ended_at;
    UPDATE receipt SET state = 'manifest', updated_at = clock_timestamp()
    WHERE id = p_receipt AND state = 'received';
END $$;

-- Return what became of a manifest, to whoever knows of its receipt. `absent`: lines of it whose
-- film nobody has dropped yet.
CREATE FUNCTION api.manifests_get(p_receipt uuid, p_account uuid) RETURNS SETOF api.manifest_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT m.lines, m.unknown, m.malformed, m.examples,
            (SELECT count(*) FROM manifest_line l WHERE l.manifest = m.receipt
                AND NOT EXISTS (SELECT 1 FROM receipt r WHERE r.key_code = l.key_code))
        FROM manifest m
        WHERE m.receipt = p_receipt AND m.ended_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM api.receipts_get(p_receipt, p_account));
END $$;
