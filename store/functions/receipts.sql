-- Drops and what became of them (store/receipts.py).

CREATE TYPE api.receipt_row AS (
    id uuid, bucket text, key text, version text, lane text, state text, site text, source text,
    created_at timestamptz, updated_at timestamptz, size bigint, filename text, depositor uuid,
    code text, wanted text, came text, film text, form jsonb, contradicts text[],
    held_at timestamptz, released_at timestamptz, black_out jsonb, note text,
    statement text, stated_at timestamptz, sharing text, keep_until timestamptz,
    already_here boolean, slow_at timestamptz, new boolean
);

CREATE FUNCTION rules.receipt_row(r rad.receipt, p_new boolean) RETURNS api.receipt_row
LANGUAGE sql STABLE AS $$
    SELECT (r.id, r.bucket, r.key, r.version, r.lane, r.state, r.site, r.source, r.created_at,
        r.updated_at, r.size, r.filename, r.depositor, r.code, r.wanted, r.came, r.film,
        r.said -> 'form', r.contradicts, r.held_at, r.released_at, r.black_out, r.note,
        r.statement, r.stated_at, (SELECT f.sharing FROM film f WHERE f.id = r.film),
        r.keep_until, r.already_here, r.slow_at, p_new)::api.receipt_row;
$$;

-- Whether an account knows of a receipt: its depositor, and the stewards of its site.
CREATE FUNCTION rules.knows_receipt(who rad.account, p_depositor uuid, p_site text)
RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT p_depositor = who.id OR who.role IN ('steward', 'admin') AND p_site = who.site;
$$;

-- The same row, for a reader: a film that came from another site before, and is private there,
-- is not named to who dropped it here as well, nor that it was there.
CREATE FUNCTION rules.receipt_seen(r rad.receipt, p_circles text[]) RETURNS api.receipt_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF r.film IS NOT NULL AND NOT EXISTS (SELECT 1 FROM film f
        WHERE f.id = r.film AND rules.sees(p_circles, f.site, f.sharing)) THEN
        r.film := NULL;
        r.contradicts := '{}';
        r.already_here := false;
    END IF;
    RETURN rules.receipt_row(r, false);
END $$;

-- Fill what was missing of a film with what a drop says of it, overwriting nothing; return in
-- which facts they disagree. `also` of a drop are other codes for its own patient and study.
-- A drop of another patient or study fills nothing: its other facts are about that one.
CREATE FUNCTION rules.fill_film(p_film text, p_given jsonb) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    known rad.film;
    before rad.film;
    given rad.film := jsonb_populate_record(null::rad.film, p_given - 'flags');
    -- Its pictures and analyses are made as its first drop had it shown.
    other jsonb := coalesce(given.facts, '{}') - 'presentation';
    differ text[];
BEGIN
    SELECT * INTO known FROM film WHERE id = p_film FOR UPDATE;
    before := known;
    SELECT coalesce(array_agg(name ORDER BY place), '{}') INTO differ
    FROM (VALUES
        (1, 'patient', known.patient, given.patient), (2, 'study', known.study, given.study),
        (3, 'view', known.view, given.view),
        (4, 'sex', known.facts ->> 'sex', other ->> 'sex'),
        (5, 'age', known.facts ->> 'age', other ->> 'age')
    ) AS fact(place, name, was, now_said)
    WHERE was <> now_said AND NOT (name IN ('patient', 'study') AND (
        coalesce((p_given -> 'also') ? was, false)
        OR EXISTS (SELECT 1 FROM receipt r WHERE r.film = p_film
            AND r.said ->> name = was AND (r.said -> 'also') ? now_said)));
    IF 'patient' = ANY (differ) AND NOT 'conflict' = ANY (known.flags) THEN
        known.flags := array_append(known.flags, 'conflict');
    END IF;
    IF NOT differ && '{patient,study}' THEN
        known.patient := coalesce(known.patient, given.patient);
        known.study := coalesce(known.study, given.study);
        known.view := coalesce(known.view, given.view);
        IF known.patient IS DISTINCT FROM given.patient THEN
            -- Shifted by another code's weeks: beside this patient's days it would be wrong.
            other := other - 'study_date' || jsonb_build_object(
                'method', coalesce(other -> 'method', '[]') - '113107');
        END IF;
        known.facts := other || known.facts || jsonb_strip_nulls(jsonb_build_object('method', (
            SELECT jsonb_agg(DISTINCT code ORDER BY code) FROM jsonb_array_elements(
                coalesce(known.facts -> 'method', '[]') || coalesce(other -> 'method', '[]')
            ) AS code)));
    END IF;
    UPDATE film SET patient = known.patient, study = known.study, view = known.view,
        facts = known.facts, flags = known.flags
    WHERE id = p_film AND (patient, study, view, facts, flags) IS DISTINCT FROM
        (known.patient, known.study, known.view, known.facts, known.flags);
    IF FOUND THEN
        UPDATE card SET updated_at = clock_timestamp() WHERE film = p_film;
    END IF;
    IF (before.view, before.facts -> 'age') IS DISTINCT FROM
        (known.view, known.facts -> 'age') THEN
        PERFORM rules.check_known(p_film);
    END IF;
    RETURN differ;
END $$;

-- Return both lists as one, each fact once, in the order of the film's facts.
CREATE FUNCTION rules.facts_of(p_some text[], p_more text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(SELECT name FROM unnest('{patient,study,view,sex,age}'::text[])
        WITH ORDINALITY AS fact(name, place)
        WHERE name = ANY (p_some || p_more) ORDER BY place);
$$;

-- Return each drop's receipt, made where new; `p_events`, by receipt id, are said for new ones.
CREATE FUNCTION api.receipts_open(p_drops jsonb, p_events jsonb) RETURNS SETOF api.receipt_row
LANGUAGE plpgsql AS $$
DECLARE
    made uuid[];
    late record;
BEGIN
    PERFORM rules.know_site(site)
    FROM (SELECT DISTINCT drop ->> 'site' AS site FROM jsonb_array_elements(p_drops) AS drop);
    WITH inserted AS (
        INSERT INTO receipt (id, bucket, key, version, lane, site, source, size, filename,
            depositor, key_code, said, statement, stated_at, keep_until)
        SELECT id, bucket, key, version, lane, site, source, size, filename, depositor, key_code,
            CASE WHEN form IS NOT NULL THEN jsonb_build_object('form', form) END,
            statement, CASE WHEN statement IS NOT NULL THEN clock_timestamp() END,
            CASE WHEN keep_s > 0 THEN clock_timestamp() + make_interval(secs => keep_s) END
        FROM jsonb_to_recordset(p_drops) AS d(id uuid, bucket text, key text, version text,
            lane text, site text, source text, size bigint, filename text, depositor uuid,
            key_code text, form jsonb, statement text, keep_s double precision)
        -- One order for all: two batches with the same drops must not wait for each other.
        ORDER BY id
        ON CONFLICT DO NOTHING RETURNING id
    ) SELECT coalesce(array_agg(id), '{}') INTO made FROM inserted;
    -- A notification may come before the upload's own row: the upload knows more, of the film too
    -- where it is the only drop of it.
    UPDATE receipt r SET filename = coalesce(r.filename, d.filename),
        depositor = coalesce(r.depositor, d.depositor),
        statement = coalesce(d.statement, r.statement),
        stated_at = CASE WHEN d.statement IS NULL THEN r.stated_at ELSE clock_timestamp() END,
        site = d.site
    FROM jsonb_to_recordset(p_drops)
        AS d(id uuid, filename text, depositor uuid, statement text, site text)
    WHERE r.id = d.id AND r.id <> ALL (made) AND r.code IS DISTINCT FROM 'erased'
        AND (r.filename IS NULL AND d.filename IS NOT NULL
            OR r.depositor IS NULL AND d.depositor IS NOT NULL);
    UPDATE film f SET site = r.site
    FROM receipt r JOIN jsonb_to_recordset(p_drops) AS d(id uuid) ON d.id = r.id
    WHERE f.id = r.film AND f.site <> r.site AND r.id <> ALL (made)
        AND NOT EXISTS (SELECT 1 FROM receipt o WHERE o.film = f.id AND o.id <> r.id);
    FOR late IN
        UPDATE receipt r
        SET said = coalesce(r.said, '{}') || jsonb_build_object('form', d.form)
        FROM jsonb_to_recordset(p_drops) AS d(id uuid, form jsonb)
        WHERE r.id = d.id AND r.id <> ALL (made) AND d.form IS NOT NULL
            AND NOT coalesce(r.said ? 'form', false)
        RETURNING r.id, r.film, d.form
    LOOP
        -- The film went in before its form came: it is told of it now.
        UPDATE receipt SET contradicts = rules.facts_of(contradicts, rules.fill_film(late.film,
            late.form || jsonb_build_object('facts', CASE WHEN late.form ? 'study_date' THEN
                jsonb_build_object('study_date', late.form -> 'study_date',
                    'method', '["113107"]'::jsonb) ELSE '{}' END)))
        WHERE id = late.id AND late.film IS NOT NULL;
        UPDATE film SET source = coalesce(late.form ->> 'source', source),
            licence = coalesce(late.form ->> 'licence', licence),
            sharing = coalesce(late.form ->> 'sharing', sharing)
        WHERE id = late.film
            AND NOT EXISTS (SELECT 1 FROM receipt o WHERE o.film = late.film AND o.id <> late.id);
    END LOOP;
    PERFORM rules.say(coalesce(
        (SELECT jsonb_agg(p_events -> id::text) FROM unnest(made) AS id
         WHERE p_events ? id::text), '[]'));
    RETURN QUERY
        SELECT (rules.receipt_row(r, r.id = ANY (made))).*
        FROM jsonb_array_elements(p_drops) WITH ORDINALITY AS d(said, place)
        JOIN receipt r ON r.id = (d.said ->> 'id')::uuid
        ORDER BY d.place;
END $$;

CREATE FUNCTION api.receipts_get(p_receipt uuid, p_account uuid) RETURNS SETOF api.receipt_row
LANGUAGE plpgsql STABLE AS $$
DECLARE
    circles text[] := rules.circles(p_account);
    who rad.account := (SELECT a FROM account a WHERE a.id = p_account);
BEGIN
    RETURN QUERY SELECT (rules.receipt_seen(r, circles)).* FROM receipt r
        WHERE r.id = p_receipt
            AND (who.id IS NULL OR rules.knows_receipt(who, r.depositor, r.site));
END $$;

-- By the code of bucket and key: the key itself is in no query, so in no log of queries.
CREATE FUNCTION api.receipts_find(p_key_code text, p_limit bigint, p_account uuid)
RETURNS SETOF api.receipt_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    circles text[] := rules.circles(p_account);
    who rad.account := (SELECT a FROM account a WHERE a.id = p_account);
BEGIN
    RETURN QUERY SELECT (rules.receipt_seen(r, circles)).* FROM receipt r
        WHERE r.key_code = p_key_code
            AND (who.id IS NULL OR rules.knows_receipt(who, r.depositor, r.site))
        ORDER BY r.created_at DESC, r.id LIMIT p_limit;
END $$;

-- Return those of the ids that are no receipt yet.
CREATE FUNCTION api.receipts_missing(p_ids uuid[]) RETURNS SETOF uuid LANGUAGE sql STABLE AS $$
    SELECT asked.id FROM unnest(p_ids) AS asked(id)
    WHERE NOT EXISTS (SELECT 1 FROM receipt r WHERE r.id = asked.id);
$$;

-- Store the film once, tie the receipt to it, say the events. Returns the receipt's new state.
CREATE FUNCTION api.receipts_accept(
    p_receipt uuid, p_film jsonb, p_signature bytea, p_tombstone text, p_events jsonb,
    p_patient_tombstone text DEFAULT NULL, p_former_code text DEFAULT NULL,
    p_raw_code text DEFAULT NULL, p_by_bytes boolean DEFAULT false
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    receipt_now rad.receipt;
    was_here boolean;
    given rad.film := jsonb_populate_record(null::rad.film, p_film - 'flags');
    flags_said text[] := ARRAY(SELECT jsonb_array_elements_text(p_film -> 'flags'));
    known rad.film;
    result text;
    is_analysed boolean;
    work jsonb;
    differ text[];
    line_code text := (SELECT key_code FROM receipt WHERE id = p_receipt);
BEGIN
    PERFORM rules.hold_lines(ARRAY[line_code, p_former_code]);
    -- Lines that wait since before names of one look had one code.
    UPDATE manifest_line l SET key_code = line_code
    WHERE l.key_code = p_former_code AND p_former_code <> line_code
        AND NOT EXISTS (SELECT 1 FROM manifest_line o
            WHERE o.key_code = line_code AND o.manifest = l.manifest);
    -- Shared: whoever erases this film or patient waits for us, or we see the tombstone.
    IF p_patient_tombstone IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_patient_tombstone, 0));
    END IF;
    PERFORM pg_advisory_xact_lock_shared(hashtextextended(p_tombstone, 0));
    SELECT * INTO receipt_now FROM receipt WHERE id = p_receipt FOR UPDATE;
    IF receipt_now.id IS NULL THEN
        RAISE EXCEPTION 'receipt %: there is none', p_receipt USING ERRCODE = 'RD404';
    END IF;
    IF EXISTS (SELECT 1 FROM tombstone WHERE code IN (p_tombstone, p_patient_tombstone)) THEN
        IF receipt_now.state <> 'received' THEN
            RETURN receipt_now.state;
        END IF;
        RETURN 'erased';
    END IF;
    SELECT coalesce(jsonb_agg(event ORDER BY place), '[]') INTO work
    FROM jsonb_array_elements(p_events) WITH ORDINALITY AS e(event, place)
    WHERE event ->> 'topic' NOT LIKE 'analysis.requested%';
    IF receipt_now.state NOT IN ('received', 'accepted') THEN
        IF receipt_now.state IN ('analysed', 'failed') THEN
            PERFORM rules.say(
                CASE receipt_now.state WHEN 'analysed' THEN work ELSE p_events END);
        END IF;
        RETURN receipt_now.state;
    END IF;

    -- Erased, and lifted again, since it was found by its bytes: they have to be read.
    IF p_by_bytes AND NOT EXISTS (SELECT 1 FROM film WHERE id = given.id) THEN
        RETURN receipt_now.state;
    END IF;
    PERFORM rules.know_site(given.site);
    INSERT INTO film (id, width, height, bits, site, source, signature, patient, study, view,
        flags, facts, text_check, licence, sharing, checks)
    VALUES (given.id, given.width, given.height, given.bits, given.site, given.source, p_signature,
        given.patient, given.study, given.view, flags_said, given.facts, given.text_check,
        given.licence, given.sharing, given.checks)
    ON CONFLICT DO NOTHING;
    was_here := NOT FOUND;
    -- Held until the end: an analysis saved meanwhile waits, then sees this receipt, or we see it.
    SELECT * INTO known FROM film WHERE id = given.id FOR UPDATE;
    INSERT INTO card (position, film, seen_by) VALUES (known.position, known.id,
        CASE known.sharing WHEN 'private' THEN known.site ELSE '' END)
    ON CONFLICT DO NOTHING;

    is_analysed := EXISTS (SELECT 1 FROM analysis a JOIN model m ON m.version = a.model
        WHERE a.film = given.id AND m.state = 'live');
    result := CASE WHEN is_analysed THEN 'analysed' ELSE 'accepted' END;
    differ := rules.fill_film(given.id, p_film);
    UPDATE film SET text_check = given.text_check
    WHERE id = given.id AND text_check = 'unseen' AND given.text_check <> 'unseen';
    UPDATE film SET requested_at = now()
    WHERE id = given.id AND NOT is_analysed AND work <> p_events;
    UPDATE receipt SET state = result, film = given.id, updated_at = clock_timestamp(),
        said = p_film - 'id' || coalesce(said, '{}'),
        raw_code = coalesce(p_raw_code, raw_code),
        -- Accepted once more, its own film is here.
        already_here = CASE state WHEN 'received' THEN was_here ELSE already_here END,
        contradicts = rules.facts_of(contradicts || differ,
            ARRAY(SELECT jsonb_array_elements_text(p_film -> 'contradicts')))
    WHERE id = p_receipt;
    PERFORM rules.join_lines(ARRAY[line_code]);
    PERFORM rules.say(CASE WHEN is_analysed THEN work ELSE p_events END);
    RETURN result;
END $$;

-- End a receipt's way as `rejected`, or hold it as `quarantined`, unless it went further or, for
-- the second, a steward let it pass. Said again, its events are said again. Returns its state.
CREATE FUNCTION rules.stop_receipt(
    p_receipt uuid, p_state text, p_code text, p_wanted text, p_came text, p_events jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    receipt_now rad.receipt;
BEGIN
    SELECT * INTO receipt_now FROM receipt WHERE id = p_receipt FOR UPDATE;
    IF receipt_now.id IS NULL THEN
        RAISE EXCEPTION 'receipt %: there is none', p_receipt USING ERRCODE = 'RD404';
    END IF;
    IF receipt_now.state = 'received'
        AND (p_state = 'rejected' OR receipt_now.released_at IS NULL) THEN
        UPDATE receipt SET state = p_state, code = p_code, wanted = p_wanted, came = p_came,
            held_at = CASE p_state WHEN 'quarantined' THEN clock_timestamp() ELSE held_at END,
            updated_at = clock_timestamp()
        WHERE id = p_receipt;
        PERFORM rules.say(p_events);
        RETURN p_state;
    END IF;
    IF receipt_now.state = p_state AND receipt_now.code = p_code THEN
        PERFORM rules.say(p_events);
    END IF;
    RETURN receipt_now.state;
END $$;

CREATE FUNCTION api.receipts_reject(
    p_receipt uuid, p_code text, p_wanted text, p_came text, p_events jsonb
) RETURNS text LANGUAGE sql AS $$
    SELECT rules.stop_receipt(p_receipt, 'rejected', p_code, p_wanted, p_came, p_events);
$$;

-- Return what the first drop of these bytes said of its film. A form's words on patient, exam and
-- view are in what was said, or came too late to be: then the bytes alone do not tell it.
CREATE FUNCTION api.receipts_same_bytes(p_raw_code text, p_site text)
RETURNS TABLE (film text, said jsonb) LANGUAGE sql STABLE AS $$
    SELECT r.film, r.said FROM receipt r
    WHERE r.raw_code = p_raw_code AND r.film IS NOT NULL AND r.state IN ('accepted', 'analysed')
        -- Its pseudonyms are of the site that it was said at.
        AND r.site = p_site AND r.said ->> 'site' = p_site
        AND NOT coalesce(r.said -> 'form', '{}') ?| '{patient,study,study_date,view}'
    ORDER BY r.created_at, r.id LIMIT 1;
$$;

-- Films that take long to decode ----------------------------------------------------------------

-- Set a drop aside, to be decoded apart, behind those that are there; said again, behind all.
CREATE FUNCTION api.receipts_set_aside(p_receipt uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE receipt SET slow_at = clock_timestamp() WHERE id = p_receipt AND state = 'received';
$$;

-- Return drops that were set aside, longest first.
CREATE FUNCTION api.receipts_slow(p_limit bigint) RETURNS SETOF api.receipt_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.receipt_row(r, false)).* FROM receipt r
    WHERE r.slow_at IS NOT NULL AND r.state = 'received' ORDER BY r.slow_at LIMIT p_limit;
$$;

-- What lay in dropzone for its depositor's client to look at -----------------------------------

-- Return drops that were taken and whose version has been readable for long enough, longest
-- first. What is refused has days of its own (receipts_quarantine.sql).
CREATE FUNCTION api.receipts_kept(p_limit bigint) RETURNS SETOF api.receipt_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.receipt_row(r, false)).* FROM receipt r
    WHERE r.keep_until <= now() AND r.state NOT IN ('received', 'rejected')
    ORDER BY r.keep_until LIMIT p_limit;
$$;

-- Note that the versions of these drops are gone.
CREATE FUNCTION api.receipts_let_go(p_receipts uuid[]) RETURNS void LANGUAGE sql AS $$
    UPDATE receipt SET keep_until = NULL WHERE id = ANY (p_receipts);
$$;

CREATE FUNCTION api.receipts_recent(p_account uuid, p_limit bigint)
RETURNS SETOF api.receipt_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    who rad.account := rules.allow(p_account, 'viewer', 'radiologist', 'steward', 'admin');
BEGIN
    IF who.role IN ('steward', 'admin') THEN
        RETURN QUERY SELECT (rules.receipt_seen(r, rules.circles(p_account))).* FROM receipt r
            WHERE rules.knows_receipt(who, r.depositor, r.site)
            ORDER BY r.created_at DESC LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT (rules.receipt_seen(r, rules.circles(p_account))).* FROM receipt r
            WHERE r.depositor = p_account ORDER BY r.created_at DESC LIMIT p_limit;
    END IF;
END $$;
