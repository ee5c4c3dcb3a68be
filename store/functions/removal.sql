-- Films and patients removed everywhere (store/patients.py, store/erasures.py, store/films.py).
--
-- The advisory locks are on tombstones: a drop that is being accepted holds its film's and its
-- patient's shared, whoever erases holds them alone. So a drop either sees the tombstone, or is
-- there to be erased. A patient's is always taken before its films'.

CREATE FUNCTION rules.hold_tombstone(p_code text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_code, 0));
$$;

-- Remove one film's rows; leave its tombstone and what the worker `erase` has to remove.
CREATE FUNCTION rules.erase_film(
    p_film text, p_tombstone text, p_patient_tombstone text, p_account uuid,
    p_again_s double precision
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found rad.film;
BEGIN
    PERFORM rules.hold_tombstone(p_tombstone);
    PERFORM 1 FROM film WHERE id = p_film FOR UPDATE;
    found := rules.film_decided(p_film, p_account, p_tombstone);
    INSERT INTO tombstone (code, patient, site)
    VALUES (p_tombstone, p_patient_tombstone, found.site)
    ON CONFLICT DO NOTHING;
    -- While the film still says of which site it is.
    PERFORM rules.journal(p_account, 'film.erased', p_film);
    INSERT INTO erasure (film, tombstone, raws, again_at)
    SELECT p_film, p_tombstone,
        coalesce(jsonb_agg(jsonb_build_object('bucket', r.bucket, 'key', r.key,
            'version', r.version) ORDER BY r.created_at, r.id), '[]'),
        now() + make_interval(secs => p_again_s)
    FROM receipt r WHERE r.film = p_film;
    -- A letter keeps its record whole: the film's id, or the key of its drop.
    DELETE FROM dead_letter
    WHERE key = convert_to(p_film, 'UTF8')
        OR receipt IN (SELECT id FROM receipt WHERE film = p_film);
    -- A key is what a depositor called a file: it goes with the film, only the receipt's id stays.
    DELETE FROM manifest_line
    WHERE key_code IN (SELECT key_code FROM receipt WHERE film = p_film);
    UPDATE receipt SET film = NULL, filename = NULL, said = NULL, key = 'erased/' || id,
        key_code = NULL, raw_code = NULL, keep_until = NULL,
        state = 'rejected', code = 'erased', wanted = 'a film that was not erased',
        came = 'an erased film', updated_at = clock_timestamp()
    WHERE film = p_film;
    DELETE FROM film WHERE id = p_film;
END $$;

CREATE FUNCTION api.films_erase(
    p_film text, p_tombstone text, p_account uuid, p_again_s double precision, p_events jsonb
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.allow_or_operator(p_account, 'steward', 'admin');
    PERFORM rules.erase_film(p_film, p_tombstone, NULL, p_account, p_again_s);
    PERFORM rules.say(p_events);
END $$;

-- Return the site whose tombstones an account may lift; null for the command line: any.
CREATE FUNCTION rules.lifts_for(p_account uuid) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT (rules.steward(p_account)).site;
$$;

-- Whether a tombstone is there for who lifts for this site. As elsewhere: not seen is not there.
CREATE FUNCTION rules.stands(p_tombstone text, p_site text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM tombstone
        WHERE code = p_tombstone AND (p_site IS NULL OR site IS NULL OR site = p_site));
$$;

-- While objects are still being removed, a film that came back would lose its own.
CREATE FUNCTION rules.end_erasure_first(p_tombstone text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    ends timestamptz;
BEGIN
    SELECT max(e.again_at) INTO ends FROM erasure e JOIN tombstone t ON t.code = e.tombstone
    WHERE p_tombstone IN (t.code, t.patient);
    IF ends IS NOT NULL THEN
        RAISE EXCEPTION 'wanted an erasure that has ended, came one that goes on until %',
            to_char(ends AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS "UTC"')
            USING ERRCODE = 'RD409';
    END IF;
END $$;

CREATE FUNCTION api.films_lift_erasure(p_film text, p_tombstone text, p_account uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.allow_or_operator(p_account, 'steward', 'admin');
    PERFORM rules.hold_tombstone(p_tombstone);
    IF NOT rules.stands(p_tombstone, rules.lifts_for(p_account)) THEN
        RAISE EXCEPTION 'film %: it was not erased', left(p_film, 64) USING ERRCODE = 'RD404';
    END IF;
    PERFORM rules.end_erasure_first(p_tombstone);
    DELETE FROM tombstone WHERE code = p_tombstone;
    PERFORM rules.journal(p_account, 'erasure.lifted', p_film);
END $$;

-- Patients -----------------------------------------------------------------------------------

-- Return the patient's films over which the account decides, oldest first, and keep others from
-- coming until the end of the transaction.
CREATE FUNCTION api.patients_films(p_patient text, p_tombstone text, p_account uuid)
RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    who rad.account := rules.steward(p_account);
BEGIN
    PERFORM rules.hold_tombstone(p_tombstone);
    RETURN QUERY SELECT f.id FROM film f
        WHERE f.patient = p_patient AND rules.decides(who, f.site, f.sharing)
        ORDER BY f.position;
END $$;

-- Return films that a drop says are this patient's, though the film has another or none.
CREATE FUNCTION api.patients_disputed(p_patient text, p_account uuid)
RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
DECLARE
    who rad.account := rules.steward(p_account);
BEGIN
    RETURN QUERY
        SELECT f.id FROM film f
        WHERE rules.decides(who, f.site, f.sharing) AND f.patient IS DISTINCT FROM p_patient
            AND EXISTS (SELECT 1 FROM receipt r
                WHERE r.film = f.id AND r.said ->> 'patient' = p_patient)
        ORDER BY f.position;
END $$;

-- Remove all films of a patient over which the account decides, each with its tombstone, and
-- refuse new ones. All or none.
CREATE FUNCTION api.patients_erase(
    p_patient text, p_tombstone text, p_films text[], p_tombstones text[], p_account uuid,
    p_again_s double precision, p_events jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    who rad.account := rules.steward(p_account);
BEGIN
    PERFORM rules.hold_tombstone(p_tombstone);
    IF EXISTS (SELECT 1 FROM film f WHERE f.patient = p_patient AND f.id <> ALL (p_films)
        AND rules.decides(who, f.site, f.sharing)) THEN
        RAISE EXCEPTION 'another film of this patient has come' USING ERRCODE = '40001';
    END IF;
    IF cardinality(p_films) = 0 THEN
        IF rules.stands(p_tombstone, who.site) THEN
            RETURN;  -- erased before: done
        END IF;
        RAISE EXCEPTION 'there is no film of this patient' USING ERRCODE = 'RD404';
    END IF;
    INSERT INTO tombstone (code, site) VALUES (p_tombstone, who.site) ON CONFLICT DO NOTHING;
    PERFORM rules.erase_film(film, code, p_tombstone, p_account, p_again_s)
    FROM unnest(p_films, p_tombstones) AS named(film, code);
    PERFORM rules.journal(p_account, 'patient.erased', p_patient,
        jsonb_build_object('films', cardinality(p_films)));
    PERFORM rules.say(p_events);
END $$;

-- Let a patient's films be dropped again: the patient's tombstone and those of its films go.
CREATE FUNCTION api.patients_lift(p_patient text, p_tombstone text, p_account uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.allow_or_operator(p_account, 'steward', 'admin');
    PERFORM rules.hold_tombstone(p_tombstone);
    IF NOT rules.stands(p_tombstone, rules.lifts_for(p_account)) THEN
        RAISE EXCEPTION 'this patient was not erased' USING ERRCODE = 'RD404';
    END IF;
    PERFORM rules.end_erasure_first(p_tombstone);
    DELETE FROM tombstone WHERE code = p_tombstone;
    DELETE FROM tombstone WHERE patient = p_tombstone;
    PERFORM rules.journal(p_account, 'patient.lifted', p_patient);
END $$;

-- What the worker has to remove --------------------------------------------------------------

CREATE TYPE api.erasure_row AS (
    film text, raws jsonb, erased_at timestamptz, again_at timestamptz, done_at timestamptz
);

CREATE FUNCTION api.erasures_get(p_film text) RETURNS SETOF api.erasure_row
LANGUAGE sql STABLE AS $$
    SELECT film, raws, erased_at, again_at, done_at FROM erasure WHERE film = p_film;
$$;

CREATE FUNCTION api.erasures_done(p_film text) RETURNS void LANGUAGE sql AS $$
    UPDATE erasure SET done_at = coalesce(done_at, clock_timestamp()) WHERE film = p_film;
$$;

CREATE FUNCTION api.erasures_due(p_limit bigint) RETURNS SETOF api.erasure_row
LANGUAGE sql STABLE AS $$
    SELECT film, raws, erased_at, again_at, done_at FROM erasure
    WHERE again_at <= now() ORDER BY again_at, film LIMIT p_limit;
$$;

-- Forget a film whose second pass is done. One that is not due yet stays.
CREATE FUNCTION api.erasures_end(p_film text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM erasure WHERE film = p_film AND again_at <= now();
$$;
