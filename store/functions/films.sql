-- Films, their labels and their lists (store/films.py).

CREATE TYPE api.film_row AS (
    id text, width integer, height integer, bits integer, site text, source text,
    signature bytea, patient text, study text, view text, flags text[], created_at timestamptz,
    facts jsonb, text_check text, licence text, sharing text, checks jsonb, anew integer
);
CREATE TYPE api.card_row AS (
    film api.film_row, "position" bigint, updated_at timestamptz, model text,
    probabilities real[], labels jsonb, readings integer, comments integer
);

CREATE FUNCTION rules.film_row(f rad.film) RETURNS api.film_row LANGUAGE sql IMMUTABLE AS $$
    SELECT (f.id, f.width, f.height, f.bits, f.site, f.source, f.signature, f.patient, f.study,
        f.view, f.flags, f.created_at, f.facts, f.text_check, f.licence, f.sharing,
        f.checks, f.anew)::api.film_row;
$$;

CREATE TYPE api.list_row AS (
    id text, width integer, height integer, bits integer, site text, source text,
    signature bytea, patient text, study text, view text, flags text[], created_at timestamptz,
    facts jsonb, text_check text, licence text, sharing text, checks jsonb, anew integer,
    "position" bigint, updated_at timestamptz, model text, probabilities real[], labels jsonb,
    readings integer, comments integer
);

-- Return the list rows of these films, in this order; those that are gone are left out. Planned
-- once for each connection: it is index after index whatever is asked, and planning it took longer
-- than running it.
CREATE FUNCTION rules.list_rows(p_films text[]) RETURNS SETOF api.list_row
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY SELECT
        f.id, f.width, f.height, f.bits::integer, f.site, f.source, f.signature, f.patient,
        f.study, f.view, f.flags, f.created_at, f.facts, f.text_check, f.licence, f.sharing,
        f.checks, f.anew, c.position, c.updated_at, m.label, c.scores,
        coalesce((
            SELECT jsonb_agg(jsonb_build_object('finding', l.finding, 'value', l.value,
                'source', l.source, 'author', l.author, 'recorded_at', l.recorded_at)
                ORDER BY rules.place(l.finding), l.source, l.author)
            FROM label l WHERE l.film = f.id), '[]'),
        c.readings, c.comments
    FROM unnest(p_films) WITH ORDINALITY AS asked(film, place)
    JOIN film f ON f.id = asked.film
    JOIN card c ON c.film = f.id
    LEFT JOIN model m ON m.version = c.model
    ORDER BY asked.place;
END $$;

CREATE FUNCTION api.films_many(p_films text[]) RETURNS SETOF api.film_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.film_row(f)).* FROM film f WHERE id = ANY (p_films);
$$;

-- Return those of the films that exist and that the account sees.
CREATE FUNCTION api.films_seen(p_films text[], p_account uuid) RETURNS SETOF api.film_row
LANGUAGE plpgsql STABLE AS $$
DECLARE
    circles text[] := rules.circles(p_account);
BEGIN
    RETURN QUERY SELECT (rules.film_row(f)).* FROM film f
        WHERE f.id = ANY (p_films) AND rules.sees(circles, f.site, f.sharing);
END $$;

-- Return the film's list row and write `film.opened`.
CREATE FUNCTION api.films_open(p_film text, p_account uuid) RETURNS SETOF api.list_row
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.allow(p_account, 'viewer', 'radiologist', 'steward', 'admin');
    PERFORM rules.film_seen(p_film, p_account);
    PERFORM rules.journal(p_account, 'film.opened', p_film);
    RETURN QUERY SELECT * FROM rules.list_rows(ARRAY[p_film]);
END $$;

-- Return a page, newest first. Each filter has its index; which one serves is the planner's
-- choice by the values asked for, so plans are never shared between calls. What everybody sees
-- and what one's own site sees are walked apart: however many films are other sites', no more
-- than a page of each is read.
CREATE FUNCTION api.films_page(
    p_account uuid, p_finding text, p_minimum double precision, p_label bigint, p_source text,
    p_state text, p_updated_since timestamptz, p_limit bigint, p_after bigint
) RETURNS SETOF api.list_row LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    k integer;
    wanted smallint := array_position(
        ARRAY['not_assessed', 'not_suspected', 'borderline', 'suspected', 'unreliable'],
        p_state) - 1;
    before bigint := coalesce(p_after, 9223372036854775807);
    low real := p_minimum;
    films text[];
    circles text[];
BEGIN
    PERFORM rules.allow(p_account, 'viewer', 'radiologist', 'steward', 'admin');
    circles := rules.circles(p_account);
    IF p_state IS NOT NULL AND wanted IS NULL
        AND p_state NOT IN ('analysed', 'waiting', 'read', 'unread') THEN
        RAISE EXCEPTION 'state: wanted one of the fixed words, came %',
            quote_literal(left(p_state, 40)) USING ERRCODE = '22023';
    END IF;
    IF p_finding IS NOT NULL OR p_minimum IS NOT NULL OR p_label IS NOT NULL
        OR wanted IS NOT NULL THEN
        k := rules.place(p_finding);
    END IF;
    -- Twice the same filters: a subquery under OR would be asked for every card.
    IF p_label IS NULL AND p_source IS NULL THEN
        SELECT array_agg(film ORDER BY place DESC) INTO films FROM (
            SELECT c.film, c.position AS place FROM unnest(circles) AS circle(name), LATERAL (
                SELECT c.film, c.position FROM card c
                WHERE c.seen_by = circle.name AND c.position < before
                    AND (p_updated_since IS NULL OR c.updated_at >= p_updated_since)
                    AND (p_minimum IS NULL OR c.model IS NOT NULL AND c.scores[k] >= low)
                    AND (wanted IS NULL OR c.model IS NOT NULL AND c.states[k] = wanted)
                    AND (p_state IS DISTINCT FROM 'analysed' OR c.model IS NOT NULL)
                    AND (p_state IS DISTINCT FROM 'waiting' OR c.model IS NULL)
                    AND (p_state IS DISTINCT FROM 'read' OR c.readings > 0)
                    AND (p_state IS DISTINCT FROM 'unread' OR c.readings = 0)
                ORDER BY c.position DESC LIMIT p_limit
            ) AS c
            ORDER BY place DESC LIMIT p_limit
        ) AS page;
    ELSE
        SELECT array_agg(film ORDER BY place DESC) INTO films FROM (
            SELECT c.film, c.position AS place FROM unnest(circles) AS circle(name), LATERAL (
                SELECT c.film, c.position FROM card c
                WHERE c.seen_by = circle.name AND c.position < before
                    AND (p_updated_since IS NULL OR c.updated_at >= p_updated_since)
                    AND (p_minimum IS NULL OR c.model IS NOT NULL AND c.scores[k] >= low)
                    AND (wanted IS NULL OR c.model IS NOT NULL AND c.states[k] = wanted)
                    AND (p_state IS DISTINCT FROM 'analysed' OR c.model IS NOT NULL)
                    AND (p_state IS DISTINCT FROM 'waiting' OR c.model IS NULL)
                    AND (p_state IS DISTINCT FROM 'read' OR c.readings > 0)
                    AND (p_state IS DISTINCT FROM 'unread' OR c.readings = 0)
                    AND c.position IN (
                        SELECT l.position FROM label l
                        WHERE l.position < before
                            AND (p_finding IS NULL OR l.finding = p_finding)
                            AND (p_label IS NULL OR l.value = p_label)
                            AND (p_source IS NULL OR l.source = p_source))
                ORDER BY c.position DESC LIMIT p_limit
            ) AS c
            ORDER BY place DESC LIMIT p_limit
        ) AS page;
    END IF;
    RETURN QUERY SELECT * FROM rules.list_rows(films);
END $$;

CREATE FUNCTION api.films_rows(p_films text[], p_account uuid) RETURNS SETOF api.list_row
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    circles text[];
BEGIN
    PERFORM rules.allow(p_account, 'viewer', 'radiologist', 'steward', 'admin');
    circles := rules.circles(p_account);
    RETURN QUERY SELECT * FROM rules.list_rows(ARRAY(
        SELECT asked.film FROM unnest(p_films) WITH ORDINALITY AS asked(film, place)
        JOIN film f ON f.id = asked.film
        WHERE rules.sees(circles, f.site, f.sharing) ORDER BY asked.place));
END $$;

-- Where a film comes from: its first drop at its own site, and the first statement among those.
CREATE TYPE api.provenance_row AS (
    site text, source text, licence text, sharing text, statement text, stated_at timestamptz,
    deposited_at timestamptz
);
CREATE FUNCTION api.films_provenance(p_film text, p_account uuid)
RETURNS SETOF api.provenance_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    found rad.film := rules.film_seen(p_film, p_account);
BEGIN
    RETURN QUERY SELECT found.site, found.source, found.licence, found.sharing,
        stated.statement, stated.stated_at, first.created_at
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT r.created_at FROM receipt r WHERE r.film = p_film AND r.site = found.site
        ORDER BY r.created_at, r.id LIMIT 1) AS first ON true
    LEFT JOIN LATERAL (
        SELECT r.statement, r.stated_at FROM receipt r
        WHERE r.film = p_film AND r.site = found.site AND r.statement IS NOT NULL
        ORDER BY r.stated_at, r.id LIMIT 1) AS stated ON true;
END $$;

-- Say who may see a film, and under which licence.
CREATE FUNCTION api.films_share(
    p_film text, p_sharing text, p_licence text, p_account uuid, p_tombstone text
) RETURNS SETOF api.film_row LANGUAGE plpgsql AS $$
DECLARE
    found rad.film;
BEGIN
    PERFORM rules.steward(p_account);
    PERFORM 1 FROM film WHERE id = p_film FOR UPDATE;
    found := rules.film_decided(p_film, p_account, p_tombstone);
    IF p_sharing <> 'private' AND found.text_check <> 'clean' THEN
        RAISE EXCEPTION 'film %: to leave private, wanted its text check clean, came %',
            left(p_film, 64), found.text_check USING ERRCODE = 'RD409';
    END IF;
    IF p_sharing = 'open' AND p_licence IS NULL THEN
        RAISE EXCEPTION 'film %: to be open, wanted a licence, came none', left(p_film, 64)
            USING ERRCODE = 'RD409';
    END IF;
    UPDATE film SET sharing = p_sharing, licence = p_licence WHERE id = p_film;
    UPDATE card SET updated_at = clock_timestamp() WHERE film = p_film;
    PERFORM rules.journal(p_account, 'film.shared', p_film, jsonb_build_object(
        'sharing', p_sharing, 'licence', p_licence,
        'before', jsonb_build_object('sharing', found.sharing, 'licence', found.licence)));
    RETURN QUERY SELECT (rules.film_row(f)).* FROM film f WHERE f.id = p_film;
END $$;

CREATE FUNCTION api.films_add_labels(
    p_film text, p_labels jsonb, p_tombstone text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found rad.film := rules.film_seen_to_write(p_film, NULL, p_tombstone);
BEGIN
    PERFORM rules.place(l ->> 'finding') FROM jsonb_array_elements(p_labels) AS l;
    INSERT INTO label (film, finding, source, author, value, position, recorded_at)
    SELECT p_film, finding, source, author, value, found.position, recorded_at
    FROM jsonb_to_recordset(p_labels) AS l(finding text, source text, author text,
        value smallint, recorded_at timestamptz)
    ON CONFLICT (film, finding, source, author)
    DO UPDATE SET value = excluded.value, recorded_at = excluded.recorded_at;
    PERFORM rules.refresh_cards(ARRAY[p_film]);
END $$;

CREATE FUNCTION api.films_remove_label(
    p_film text, p_finding text, p_source text, p_author text
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM label WHERE film = p_film AND finding = p_finding AND source = p_source
        AND author = p_author;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'film %: no such % label of %', left(p_film, 64), p_source, p_finding
            USING ERRCODE = 'RD404';
    END IF;
    PERFORM rules.journal(NULL, 'label.removed', p_film,
        jsonb_build_object('finding', p_finding, 'source', p_source, 'author', p_author));
    PERFORM rules.refresh_cards(ARRAY[p_film]);
END $$;

-- Return films that the live model has not analysed and that nobody waits for. A film asked for
-- in the last 10 minutes is waited for; with those returned that is at most p_limit. One whose
-- analysis by this model ended as a dead letter is passed over: asked again, it would only die
-- again. A replay, or another live model, asks again.
CREATE FUNCTION api.films_without_analysis(p_limit bigint) RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
    live integer;
    since timestamptz;
    recent timestamptz := now() - interval '10 minutes';
    waiting bigint;
BEGIN
    SELECT version, live_at INTO live, since FROM model WHERE state = 'live';
    IF live IS NULL THEN
        RETURN;
    END IF;
    SELECT count(*) INTO waiting FROM (
        SELECT 1 FROM card c JOIN film f ON f.id = c.film
        WHERE (c.model IS NULL OR c.model <> live) AND f.requested_at > recent LIMIT p_limit
    ) AS counted;
    RETURN QUERY
        SELECT c.film FROM card c JOIN film f ON f.id = c.film
        WHERE (c.model IS NULL OR c.model <> live)
            AND (f.requested_at IS NULL OR f.requested_at <= recent)
            AND NOT EXISTS (
                SELECT 1 FROM dead_letter d
                WHERE d.key = convert_to(c.film, 'UTF8') AND d."group" = 'analyse'
                    AND d.state IN ('open', 'discarded')
                    AND d.recorded_at >= coalesce(since, '-infinity'))
        ORDER BY c.position LIMIT p_limit - waiting;
    PERFORM rules.settle_search();
END $$;
