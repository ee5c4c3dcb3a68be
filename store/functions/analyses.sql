-- What models say of films (store/analyses.py, store/vectors.py).

-- Store a batch in one round trip: parallel arrays, one place per film.
CREATE FUNCTION api.analyses_save(
    p_films text[], p_models bigint[], p_versions text[], p_preprocessing text[],
    p_probabilities text[], p_embeddings text[], p_features bytea[], p_activations bytea[],
    p_anews bigint[], p_moments timestamptz[], p_events jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    there text[];
    made text[];
BEGIN
    -- Held in one order: receipts accepted meanwhile wait, then see these analyses.
    SELECT coalesce(array_agg(id), '{}') INTO there FROM (
        SELECT id FROM film WHERE id = ANY (p_films) ORDER BY id FOR UPDATE
    ) AS held;
    IF EXISTS (SELECT 1 FROM unnest(p_films, p_anews) AS new(film, anew)
        JOIN film f ON f.id = new.film AND f.anew <> new.anew)
    THEN
        RAISE EXCEPTION 'a film of these became lateral, or is no more, since it was read'
            USING ERRCODE = '40001';
    END IF;
    WITH inserted AS (
        INSERT INTO analysis (film, model, preprocessing, probabilities, features, activation,
            analysed_at)
        SELECT film, model::integer, preprocessing, probabilities::real[], features, activation,
            coalesce(moment, clock_timestamp())
        FROM unnest(p_films, p_models, p_preprocessing, p_probabilities, p_features,
            p_activations, p_moments)
            AS new(film, model, preprocessing, probabilities, features, activation, moment)
        WHERE film = ANY (there)
        ON CONFLICT DO NOTHING RETURNING film
    ) SELECT coalesce(array_agg(film), '{}') INTO made FROM inserted;
    INSERT INTO embedding (position, embedding_version, embedding)
    SELECT f.position, new.version, new.embedding::halfvec(512)
    FROM unnest(p_films, p_versions, p_embeddings) AS new(film, version, embedding)
    JOIN film f ON f.id = new.film
    WHERE new.film = ANY (there)
    ON CONFLICT DO NOTHING;
    PERFORM rules.refresh_cards(made);
    PERFORM rules.keep_findable(there);
    UPDATE receipt SET state = 'analysed', updated_at = clock_timestamp()
    WHERE id IN (
        SELECT id FROM receipt
        WHERE film = ANY (there) AND state IN ('accepted', 'failed') ORDER BY id FOR UPDATE);
    PERFORM rules.say(coalesce(
        (SELECT jsonb_agg(event ORDER BY place)
         FROM jsonb_array_elements(p_events) WITH ORDINALITY AS e(event, place)
         WHERE event ->> 'key' = ANY (made)), '[]'));
END $$;

CREATE FUNCTION api.analyses_done(p_films text[], p_model bigint) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT film FROM analysis WHERE film = ANY (p_films) AND model = p_model;
$$;

CREATE TYPE api.analysis_row AS (
    film text, model integer, model_label text, embedding_version text, preprocessing text,
    probabilities real[], embedding real[], features bytea, activation bytea,
    analysed_at timestamptz, manifest jsonb, state text
);

-- Return one analysis of a film that the account sees: of this version; else the live one's,
-- else the newest.
CREATE FUNCTION api.analyses_get(p_film text, p_model bigint, p_account uuid)
RETURNS SETOF api.analysis_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    circles text[] := rules.circles(p_account);
BEGIN
    RETURN QUERY SELECT a.film, a.model, m.label, m.embedding_version, a.preprocessing,
        a.probabilities,
        (SELECT e.embedding::real[] FROM embedding e JOIN film f ON f.position = e.position
         WHERE e.embedding_version = m.embedding_version AND f.id = a.film),
        a.features, a.activation, a.analysed_at, m.manifest, m.state
    FROM analysis a JOIN model m ON m.version = a.model
    WHERE a.film = p_film AND (p_model IS NULL OR a.model = p_model)
        AND EXISTS (SELECT 1 FROM film f
            WHERE f.id = p_film AND rules.sees(circles, f.site, f.sharing))
    ORDER BY m.state = 'live' DESC, a.analysed_at DESC LIMIT 1;
END $$;

CREATE FUNCTION api.analyses_request(p_films text[], p_events jsonb) RETURNS void
LANGUAGE sql AS $$
    UPDATE film SET requested_at = now() WHERE id = ANY (p_films);
    SELECT rules.say(p_events);
$$;

CREATE FUNCTION api.vectors_version() RETURNS text LANGUAGE sql STABLE AS $$
    SELECT search_version FROM setting;
$$;

CREATE TYPE api.neighbour_row AS (
    version text, film text, similarity double precision, signature bytea
);

-- Return the vector of a film that these circles see, its number and its patient.
CREATE FUNCTION rules.vector_of(
    p_version text, p_film text, p_circles text[],
    OUT vector halfvec, OUT number bigint, OUT patient text
) LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    SELECT e.embedding, f.position, f.patient INTO vector, number, patient
    FROM embedding e JOIN film f ON f.position = e.position
    WHERE e.embedding_version = p_version AND f.id = p_film
        AND rules.sees(p_circles, f.site, f.sharing);
END $$;

-- Return near films by the index of vectors: as it walks it, each by its number. Where filters
-- make it walk on, later ones may be nearer than earlier ones: kept in strict order the walk
-- would pass over those, and lost one in ten of a finding's nearest. There is
-- one right plan, so it is made once for each connection: made for each call, it took as long as
-- the walk. What could tempt a planner that does not know the values is closed to it.
-- ef_search: docs/search-at-scale.md.
CREATE FUNCTION rules.nearest_by_index(
    p_version text, p_vector halfvec, p_me bigint, p_patient text, p_place integer,
    p_circles text[], p_count bigint
) RETURNS SETOF api.neighbour_row LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan
SET enable_sort = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET hnsw.ef_search = 100
SET hnsw.iterative_scan = relaxed_order AS $$
BEGIN
    RETURN QUERY
        SELECT p_version, f.id, -(e.embedding <#> p_vector), f.signature
        FROM embedding e
        JOIN film f ON f.position = e.position
        JOIN card c ON c.position = e.position
        WHERE e.embedding_version = p_version AND e.position <> p_me
            AND (p_place IS NULL OR c.present[p_place])
            AND (p_circles IS NULL OR c.seen_by = ANY (p_circles))
            AND (p_patient IS NULL OR f.patient IS DISTINCT FROM p_patient)
        ORDER BY e.embedding <#> p_vector LIMIT p_count;
END $$;

-- Return the nearest films, most alike first, after a row without film that names the version.
-- Only films that the account sees, or that a site sees for which a program asks.
CREATE FUNCTION api.vectors_nearest(
    p_film text, p_count bigint, p_finding text, p_same_patient boolean, p_account uuid,
    p_site text
) RETURNS SETOF api.neighbour_row LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    used text := (SELECT search_version FROM setting);
    asked halfvec;
    me bigint;
    mine text;
    k integer := CASE WHEN p_finding IS NOT NULL THEN rules.place(p_finding) END;
    few boolean := false;
    circles text[] := rules.circles(p_account);
    nearby api.neighbour_row[];
BEGIN
    IF p_account IS NULL AND p_site IS NOT NULL THEN
        circles := ARRAY['', p_site];
    END IF;
    SELECT vector, number, patient INTO asked, me, mine
    FROM rules.vector_of(used, p_film, circles);
    IF asked IS NULL THEN
        RAISE EXCEPTION 'film %: it has no embedding yet', left(p_film, 64)
            USING ERRCODE = 'RD404';
    END IF;
    RETURN NEXT (used, NULL, NULL, NULL)::api.neighbour_row;
    IF p_same_patient THEN
        mine := NULL;
    END IF;
    IF k IS NOT NULL THEN
        SELECT count(*) < 20000 INTO few
        FROM (SELECT 1 FROM card WHERE present[k] LIMIT 20000) AS counted;
    END IF;
    IF NOT few THEN
        -- Of a finding twice as many, for they come in a loose order.
        nearby := ARRAY(SELECT n FROM rules.nearest_by_index(
            used, asked, me, mine, k, circles,
            CASE WHEN k IS NULL THEN p_count ELSE 2 * p_count END) AS n);
        -- The scan gives up after some 20,000 vectors. Too few of them passed the filters: so few
        -- do that they are compared one by one.
        few := cardinality(nearby) < p_count;
    END IF;
    IF few THEN
        RETURN QUERY
            WITH near AS MATERIALIZED (
                SELECT e.position, e.embedding <#> asked AS minus_cosine
                FROM card c
                JOIN embedding e ON e.embedding_version = used AND e.position = c.position
                WHERE (k IS NULL OR c.present[k]) AND c.position <> me
                    AND (circles IS NULL OR c.seen_by = ANY (circles))
                ORDER BY minus_cosine
            )
            SELECT used, f.id, -near.minus_cosine, f.signature
            FROM near JOIN film f ON f.position = near.position
            WHERE mine IS NULL OR f.patient IS DISTINCT FROM mine
            ORDER BY near.minus_cosine LIMIT p_count;
    ELSE
        RETURN QUERY SELECT n.* FROM unnest(nearby) AS n
            ORDER BY n.similarity DESC LIMIT p_count;
    END IF;
END $$;

-- Return the pairs among these films that the account sees whose cosine is over p_least, once.
CREATE FUNCTION api.vectors_alike(p_films text[], p_least double precision, p_account uuid)
RETURNS TABLE (one text, other text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    circles text[] := rules.circles(p_account);
BEGIN
    RETURN QUERY WITH asked AS MATERIALIZED (
        SELECT f.id, e.embedding FROM film f JOIN embedding e ON e.position = f.position
        WHERE f.id = ANY (p_films) AND rules.sees(circles, f.site, f.sharing)
            AND e.embedding_version = (SELECT search_version FROM setting)
    )
    SELECT a.id, b.id FROM asked a JOIN asked b ON a.id < b.id
    WHERE -(a.embedding <#> b.embedding) > p_least;
END $$;

CREATE FUNCTION api.vectors_add(
    p_film text, p_version text, p_embedding text, p_tombstone text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found rad.film := rules.film_seen_to_write(p_film, NULL, p_tombstone);
BEGIN
    IF NOT EXISTS (SELECT 1 FROM model WHERE embedding_version = p_version) THEN
        RAISE EXCEPTION 'embedding version %: no model has it', left(p_version, 80)
            USING ERRCODE = 'RD404';
    END IF;
    INSERT INTO embedding (position, embedding_version, embedding)
    VALUES (found.position, p_version, p_embedding::halfvec(512))
    ON CONFLICT (embedding_version, position) DO UPDATE SET embedding = excluded.embedding;
END $$;

CREATE FUNCTION api.vectors_remove(p_film text, p_version text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    its rad.film := rules.film_seen(p_film, NULL);
BEGIN
    DELETE FROM embedding WHERE embedding_version = p_version AND position = its.position;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'film %: no such embedding', left(p_film, 64) USING ERRCODE = 'RD404';
    END IF;
    PERFORM rules.journal(NULL, 'embedding.removed', p_film);
END $$;
