-- What the input check says of films, and a steward's word on it (schemas/film_check.py).

-- Return whether the film is lateral: its findings are then not assessed.
CREATE FUNCTION rules.is_lateral(p_view text, p_checks jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((p_checks ->> 'lateral')::double precision >= 0.5, p_view = 'LATERAL', false);
$$;

-- Return whether the film's greys are inverted: it is then shown and scored turned over.
CREATE FUNCTION rules.is_inverted(p_checks jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce((p_checks ->> 'inverted')::double precision >= 0.5, false);
$$;

-- Forget what models said of a film, so that it is analysed anew: the reconciler asks.
CREATE FUNCTION rules.analyse_again(p_film text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM analysis WHERE film = p_film;
    UPDATE film SET requested_at = NULL, anew = anew + 1 WHERE id = p_film;
    PERFORM rules.refresh_cards(ARRAY[p_film]);
END $$;

-- Say of a film what its view and age tell, where nothing is said yet. A later drop may have
-- filled them in. Whoever calls this holds the film.
CREATE FUNCTION rules.check_known(p_film text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known rad.film;
    told jsonb;
BEGIN
    SELECT * INTO known FROM film WHERE id = p_film;
    told := jsonb_strip_nulls(jsonb_build_object(
        'lateral', (known.view = 'LATERAL')::integer,
        'child', ((known.facts ->> 'age')::integer < 18)::integer)) || known.checks;
    IF told = known.checks THEN
        RETURN;
    END IF;
    UPDATE film SET checks = told WHERE id = p_film;
    IF rules.is_lateral(NULL, told) AND NOT rules.is_lateral(NULL, known.checks) THEN
        PERFORM rules.analyse_again(p_film);
    END IF;
END $$;

-- Put a steward's word, yes or no, in the place of what the check says.
CREATE FUNCTION api.films_overrule(
    p_film text, p_check text, p_holds boolean, p_account uuid, p_tombstone text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known rad.film;
    told jsonb;
BEGIN
    PERFORM rules.steward(p_account);
    IF p_check <> ALL ('{lateral,inverted,rotated,cropped,child}') THEN
        RAISE EXCEPTION 'wanted one of the five checks, came %', quote_literal(left(p_check, 40))
            USING ERRCODE = '22023';
    END IF;
    PERFORM 1 FROM film WHERE id = p_film FOR UPDATE;
    known := rules.film_decided(p_film, p_account, p_tombstone);
    told := known.checks || jsonb_build_object(p_check, p_holds::integer);
    UPDATE film SET checks = told WHERE id = p_film;
    UPDATE card SET updated_at = clock_timestamp() WHERE film = p_film;
    PERFORM rules.journal(p_account, 'film.check_overruled', p_film, jsonb_build_object(
        'check', p_check, 'was', known.checks -> p_check, 'now', p_holds));
    IF rules.is_inverted(known.checks) <> rules.is_inverted(told) THEN
        -- They are of its negative, or no more: searches would go on finding it by them.
        DELETE FROM embedding WHERE position = known.position;
    END IF;
    IF rules.is_lateral(known.view, known.checks) <> rules.is_lateral(known.view, told)
        OR rules.is_inverted(known.checks) <> rules.is_inverted(told) THEN
        PERFORM rules.analyse_again(p_film);
    END IF;
END $$;
