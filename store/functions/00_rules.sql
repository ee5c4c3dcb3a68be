-- What the functions of schema api check and do on their way. No program may call these.

-- Return the account when its role is one of these; refuse otherwise.
CREATE FUNCTION rules.allow(p_account uuid, VARIADIC p_roles text[]) RETURNS rad.account
LANGUAGE plpgsql STABLE AS $$
DECLARE
    found rad.account;
BEGIN
    SELECT * INTO found FROM account WHERE id = p_account AND removed_at IS NULL;
    IF found.id IS NULL OR found.role <> ALL (p_roles) THEN
        RAISE EXCEPTION 'wanted one of %; came %',
            array_to_string(p_roles, ', '), coalesce(found.role, 'no account')
            USING ERRCODE = 'RD403';
    END IF;
    RETURN found;
END $$;

-- The same, but the command line (its login role says so) may act without an account.
CREATE FUNCTION rules.allow_or_operator(p_account uuid, VARIADIC p_roles text[]) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_account IS NULL AND session_user = 'radiotheque_operator' THEN
        RETURN;
    END IF;
    PERFORM rules.allow(p_account, VARIADIC p_roles);
END $$;

-- Append to the audit.
CREATE FUNCTION rules.journal(
    p_account uuid, p_action text, p_subject text, p_detail jsonb DEFAULT '{}'
) RETURNS void LANGUAGE sql AS $$
    INSERT INTO audit (account, who, action, subject, detail, sites)
    VALUES (
        p_account,
        coalesce((SELECT pseudonym FROM account WHERE id = p_account),
            CASE WHEN session_user = 'radiotheque_operator' THEN 'command line' END),
        p_action, p_subject, p_detail,
        ARRAY(SELECT site FROM account WHERE id = p_account
            UNION SELECT site FROM film WHERE id = p_subject)
    );
$$;

-- Put messages in the outbox: [{"topic", "key", "headers": {name: text}, "value"}, ...].
CREATE FUNCTION rules.say(p_events jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (topic, key, header_names, header_values, value)
    SELECT
        event ->> 'topic',
        convert_to(event ->> 'key', 'UTF8'),
        ARRAY(SELECT name FROM jsonb_each_text(event -> 'headers') AS h(name, text) ORDER BY name),
        ARRAY(
            SELECT convert_to(text, 'UTF8')
            FROM jsonb_each_text(event -> 'headers') AS h(name, text) ORDER BY name
        ),
        convert_to(event ->> 'value', 'UTF8')
    FROM jsonb_array_elements(p_events) WITH ORDINALITY AS said(event, place)
    -- A statement trigger fires even for no row: say nothing when there is nothing to say.
    WHERE jsonb_array_length(p_events) > 0
    ORDER BY place;
$$;

CREATE FUNCTION rules.know_site(p_site text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO site (code) SELECT p_site
    WHERE NOT EXISTS (SELECT 1 FROM site WHERE code = p_site)
    ON CONFLICT DO NOTHING;
$$;

-- The findings' places, 1..14, in CheXpert's order.
CREATE FUNCTION rules.place(p_finding text) RETURNS integer LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    place integer := array_position(ARRAY[
        'No Finding', 'Enlarged Cardiomediastinum', 'Cardiomegaly', 'Lung Opacity',
        'Lung Lesion', 'Edema', 'Consolidation', 'Pneumonia', 'Atelectasis', 'Pneumothorax',
        'Pleural Effusion', 'Pleural Other', 'Fracture', 'Support Devices'
    ], p_finding);
BEGIN
    IF place IS NULL THEN
        RAISE EXCEPTION 'wanted one of the fourteen findings, came %',
            coalesce(quote_literal(left(p_finding, 80)), 'none') USING ERRCODE = '22023';
    END IF;
    RETURN place;
END $$;

-- Make the cards of these films what their rows now say (schemas.findings.finding_state).
CREATE FUNCTION rules.refresh_cards(p_films text[]) RETURNS void LANGUAGE sql AS $$
    -- Held first: the next statement then sees what whoever held them before has written.
    SELECT 1 FROM card WHERE film = ANY (p_films) ORDER BY position FOR UPDATE;
    UPDATE card SET
        updated_at = clock_timestamp(),
        model = new.model,
        scores = new.probabilities,
        states = new.states,
        present = ARRAY(
            SELECT coalesce(said.present, new.states[k] = 3, false)
            FROM generate_series(1, 14) AS k
            LEFT JOIN (
                SELECT rules.place(l.finding) AS k, bool_or(l.value = 1) AS present
                FROM label l WHERE l.film = new.film AND l.source <> 'synthetic' GROUP BY 1
            ) AS said USING (k)
            ORDER BY k),
        readings = (SELECT count(*) FROM reading r WHERE r.film = new.film),
        comments = (SELECT count(*) FROM comment c WHERE c.film = new.film)
    FROM (
        SELECT f.film, shown.model, shown.probabilities, shown.states
        FROM unnest(p_films) AS f(film)
        LEFT JOIN LATERAL (
            SELECT a.model, a.probabilities, ARRAY(
                SELECT CASE
                    WHEN score IS NULL OR suspected IS NULL OR borderline IS NULL THEN 0
                    WHEN unreliable THEN 4
                    WHEN score::double precision >= suspected THEN 3
                    WHEN score::double precision >= borderline THEN 2
                    ELSE 1 END
                FROM unnest(a.probabilities, m.suspected, m.borderline, m.unreliable)
                    WITH ORDINALITY AS t(score, suspected, borderline, unreliable, k)
                ORDER BY k)::smallint[] AS states
            FROM analysis a JOIN model m ON m.version = a.model
            WHERE a.film = f.film
            ORDER BY m.state = 'live' DESC, a.analysed_at DESC LIMIT 1
        ) AS shown ON true
    ) AS new
    WHERE card.film = new.film;
$$;
