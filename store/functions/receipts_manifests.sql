-- Manifests of bulk drops: each line meets its film, whichever comes first (store/manifests.py).
--
-- A manifest is kept whole before any of its lines meets a film: two lines far apart in it may
-- contradict each other, and then neither wins. From `read_at` on its lines meet their films.

CREATE TYPE api.manifest_row AS (
    lines bigint, unknown text[], faults jsonb, examples jsonb, encoding text, separator text,
    usable bigint, own_folder bigint, found bigint, pending bigint, refused bigint,
    absent bigint, repeated bigint, changed bigint, replaced bigint, absent_lines bigint[]
);
CREATE TYPE api.manifest_line_row AS (key_code text, line bigint, said jsonb, differs jsonb);

-- Hold lines by the codes of their keys, in one order. Film and manifest both do so before they
-- hold a film: so they cannot wait for each other, and whoever comes second sees the first.
CREATE FUNCTION rules.hold_lines(p_codes text[]) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('manifest_line ' || code, 0))
    FROM (SELECT DISTINCT code FROM unnest(p_codes) AS code ORDER BY code) AS ordered;
$$;

-- Return the lines of manifests that are read, by the order in which these were dropped: 1 is the
-- newest that speaks of a key.
CREATE FUNCTION rules.lines_in_order(p_codes text[])
RETURNS TABLE (key_code text, manifest uuid, said jsonb, place bigint)
LANGUAGE sql STABLE AS $$
    SELECT l.key_code, l.manifest, l.said,
        row_number() OVER (PARTITION BY l.key_code ORDER BY r.created_at DESC, r.id DESC)
    FROM manifest_line l
    JOIN manifest m ON m.receipt = l.manifest AND m.read_at IS NOT NULL
    JOIN receipt r ON r.id = m.receipt
    WHERE l.key_code = ANY (p_codes);
$$;

-- Tell stored films what their lines say: fill what is missing, add labels, overwrite nothing.
-- The newest manifest is asked; of findings on which it is silent, the one before.
-- The caller holds the lines.
CREATE FUNCTION rules.join_lines(p_codes text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    met record;
    differ text[];
    films text[] := '{}';
BEGIN
    FOR met IN
        SELECT r.id AS receipt, r.film, newest.said, older.labels
        FROM rules.lines_in_order(p_codes) newest
        JOIN receipt r ON r.key_code = newest.key_code
        CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(s.finding, s.value ORDER BY o.place DESC) AS labels
            FROM rules.lines_in_order(ARRAY[newest.key_code]) o,
                jsonb_each(coalesce(o.said -> 'labels', '{}')) AS s(finding, value)
        ) AS older
        WHERE newest.place = 1 AND r.film IS NOT NULL
        ORDER BY r.film, r.id
    LOOP
        differ := rules.fill_film(met.film, met.said);
        UPDATE receipt SET contradicts = rules.facts_of(contradicts, differ)
        WHERE id = met.receipt;
        UPDATE film SET source = coalesce(met.said ->> 'source', source),
            licence = coalesce(licence, met.said ->> 'licence'),
            sharing = coalesce(met.said ->> 'sharing', sharing)
        WHERE id = met.film AND source IN ('bucket', 'upload')
            AND NOT EXISTS (SELECT 1 FROM receipt o
                WHERE o.film = met.film AND o.id <> met.receipt);
        INSERT INTO label (film, finding, source, author, value, position)
        SELECT met.film, finding, 'imported', 'manifest', value::smallint, f.position
        FROM jsonb_each_text(coalesce(met.labels, '{}')) AS s(finding, value)
        JOIN film f ON f.id = met.film
        ON CONFLICT DO NOTHING;
        films := array_append(films, met.film);
    END LOOP;
    IF cardinality(films) > 0 THEN
        PERFORM rules.refresh_cards(films);
    END IF;
END $$;

-- A manifest is read beside films, not among them: from here on it waits for that.
CREATE FUNCTION api.manifests_wait(p_receipt uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO manifest (receipt) VALUES (p_receipt) ON CONFLICT DO NOTHING;
$$;

-- Return the manifests that are not at their end: those a person waits for, then by age.
CREATE FUNCTION api.manifests_waiting(p_limit bigint) RETURNS SETOF api.receipt_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.receipt_row(r, false)).* FROM manifest m JOIN receipt r ON r.id = m.receipt
    WHERE m.ended_at IS NULL AND r.state = 'received'
    ORDER BY (r.lane = 'first') DESC, r.created_at, r.id LIMIT p_limit;
$$;

-- Hold these lines, and return what this manifest said of them before: its first pages, or all
-- of it where it is read again.
CREATE FUNCTION api.manifests_hold(p_receipt uuid, p_codes text[])
RETURNS SETOF api.manifest_line_row LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.hold_lines(p_codes);
    RETURN QUERY SELECT l.key_code, l.line, l.said, l.differs FROM manifest_line l
        WHERE l.manifest = p_receipt AND l.key_code = ANY (p_codes);
END $$;

-- Keep a page of lines [{"key_code", "line", "said", "differs"}, ...], each key once.
CREATE FUNCTION api.manifests_put(p_receipt uuid, p_lines jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.place(finding) FROM (
        SELECT DISTINCT finding FROM jsonb_array_elements(p_lines) AS line,
            jsonb_object_keys(coalesce(line -> 'said' -> 'labels', '{}')) AS finding) AS named;
    INSERT INTO manifest (receipt) VALUES (p_receipt) ON CONFLICT DO NOTHING;
    INSERT INTO manifest_line (key_code, manifest, line, said, differs)
    SELECT key_code, p_receipt, line, said, differs
    FROM jsonb_to_recordset(p_lines)
        AS l(key_code text, line bigint, said jsonb, differs jsonb)
    ON CONFLICT (key_code, manifest) DO UPDATE
        SET line = excluded.line, said = excluded.said, differs = excluded.differs;
END $$;

-- All of the manifest is kept: from now on films that come meet its lines.
CREATE FUNCTION api.manifests_read(p_receipt uuid) RETURNS void LANGUAGE sql AS $$
    INSERT INTO manifest (receipt, read_at) VALUES (p_receipt, clock_timestamp())
    ON CONFLICT (receipt) DO UPDATE SET read_at = coalesce(manifest.read_at, excluded.read_at);
$$;

-- Return what a line says, each thing by its own name.
CREATE FUNCTION rules.flat_said(p_said jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT (p_said - '{facts,labels,also}'::text[])
        || (coalesce(p_said -> 'facts', '{}') - '{method,study_date}'::text[])
        || coalesce(p_said -> 'labels', '{}');
$$;

-- Let the next lines, by their codes, meet the films that are here; return the last code, null
-- behind the last page. What an earlier manifest told a film of a finding under the same path, a
-- later one may correct; nobody else's word.
CREATE FUNCTION api.manifests_join(p_receipt uuid, p_after text, p_limit bigint) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    codes text[] := ARRAY(SELECT key_code FROM manifest_line
        WHERE manifest = p_receipt AND key_code > p_after ORDER BY key_code LIMIT p_limit);
BEGIN
    PERFORM rules.hold_lines(codes);
    WITH ordered AS MATERIALIZED (
        SELECT * FROM rules.lines_in_order(codes)
    ), mine AS (
        SELECT key_code, place, said FROM ordered WHERE manifest = p_receipt
    ), before AS (
        SELECT m.key_code, jsonb_object_agg(s.name, s.value ORDER BY o.place DESC) AS said
        FROM mine m JOIN ordered o ON o.key_code = m.key_code AND o.place > m.place,
            jsonb_each(rules.flat_said(o.said)) AS s(name, value)
        GROUP BY m.key_code
    ), otherwise AS (
        SELECT m.key_code, m.place = 1 AS is_newest, s.name, s.value, b.said -> s.name AS before
        FROM mine m JOIN before b ON b.key_code = m.key_code,
            jsonb_each(rules.flat_said(m.said)) AS s(name, value)
        WHERE b.said -> s.name <> s.value
    ), corrected AS (
        UPDATE label SET value = o.value::text::smallint, recorded_at = clock_timestamp()
        FROM otherwise o JOIN receipt r ON r.key_code = o.key_code
        WHERE o.is_newest AND label.film = r.film AND label.finding = o.name
            AND label.source = 'imported' AND label.author = 'manifest'
            AND to_jsonb(label.value) = o.before
    )
    UPDATE manifest_line SET changed = true
    WHERE manifest = p_receipt AND key_code IN (SELECT key_code FROM otherwise) AND NOT changed;
    UPDATE manifest_line l SET replaced = true
    FROM rules.lines_in_order(codes) o
    WHERE l.key_code = o.key_code AND l.manifest = o.manifest AND o.place > 1
        AND NOT l.replaced;
    PERFORM rules.join_lines(codes);
    RETURN codes[cardinality(codes)];
END $$;

-- Keep the summary; the receipt of the manifest is at its end.
CREATE FUNCTION api.manifests_end(
    p_receipt uuid, p_lines bigint, p_usable bigint, p_own_folder bigint, p_unknown text[],
    p_encoding text, p_separator text, p_faults jsonb, p_examples jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE manifest SET lines = p_lines, usable = p_usable, own_folder = p_own_folder,
        unknown = p_unknown, encoding = p_encoding, separator = p_separator, faults = p_faults,
        examples = p_examples, ended_at = clock_timestamp(),
        repeated = p_usable - (SELECT count(DISTINCT coalesce(line::text, key_code))
            FROM manifest_line WHERE manifest = p_receipt)
    WHERE receipt = p_receipt;
    -- It names patients. What is due is removed by a clock, so that no kill forgets it.
    UPDATE receipt SET state = 'manifest', updated_at = clock_timestamp(),
        keep_until = coalesce(keep_until, clock_timestamp())
    WHERE id = p_receipt AND state = 'received';
END $$;

-- Return what became of a manifest, to whoever knows of its receipt: store.records.LineFates,
-- counted by the number of the line, which two rows may have.
CREATE FUNCTION api.manifests_get(p_receipt uuid, p_account uuid) RETURNS SETOF api.manifest_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        WITH mine AS (
            SELECT coalesce(l.line::text, l.key_code) AS whose, l.* FROM manifest_line l
            WHERE l.manifest = p_receipt
        ), fates AS (
            SELECT whose, min(line) AS line, bool_or(changed) AS changed,
                coalesce(bool_or(r.film IS NOT NULL), false) AS found,
                coalesce(bool_or(r.state <> 'rejected'), false) AS pending,
                bool_or(r.id IS NOT NULL) AS here, bool_or(replaced) AS replaced
            FROM mine LEFT JOIN receipt r ON r.key_code = mine.key_code GROUP BY whose
        ), differ AS (
            SELECT d.line::bigint, d.name, row_number() OVER (ORDER BY d.line::bigint, d.name) AS n
            FROM (SELECT DISTINCT d.value AS line, d.key AS name
                FROM mine, jsonb_each_text(mine.differs) AS d) AS d
        ), told AS (
            SELECT coalesce(jsonb_agg(jsonb_build_object('line', line, 'column', name,
                'wanted', 'the same as in the other lines of this film',
                'kind', 'contradiction') ORDER BY n) FILTER (WHERE n <= 10), '[]') AS examples,
                count(*) AS total
            FROM differ
        )
        SELECT m.lines, m.unknown,
            m.faults || CASE WHEN told.total > 0
                THEN jsonb_build_object('contradiction', told.total) ELSE '{}' END,
            m.examples || told.examples, m.encoding, m.separator, m.usable, m.own_folder,
            count(*) FILTER (WHERE f.found),
            count(*) FILTER (WHERE f.pending AND NOT f.found),
            count(*) FILTER (WHERE f.here AND NOT f.pending AND NOT f.found),
            count(*) FILTER (WHERE NOT f.here),
            m.repeated,
            count(*) FILTER (WHERE f.changed),
            count(*) FILTER (WHERE f.replaced),
            coalesce((array_agg(f.line ORDER BY f.line)
                FILTER (WHERE NOT f.here AND f.line IS NOT NULL))[1:10], '{}')
        FROM manifest m CROSS JOIN told LEFT JOIN fates f ON true
        WHERE m.receipt = p_receipt AND m.ended_at IS NOT NULL
            AND EXISTS (SELECT 1 FROM api.receipts_get(p_receipt, p_account))
        GROUP BY m.receipt, told.examples, told.total;
END $$;
