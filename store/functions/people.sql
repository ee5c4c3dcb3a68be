-- People, what they say, and the journal (store/accounts.py, store/readings.py, store/audit.py).

CREATE TYPE api.account_row AS (
    id uuid, name text, role text, pseudonym text, site text, disabled boolean
);

CREATE FUNCTION rules.account_row(a rad.account) RETURNS api.account_row
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (a.id, a.name, a.role, a.pseudonym, a.site, a.removed_at IS NOT NULL)::api.account_row;
$$;

-- Return the account. For an admin those of other sites are not there: whoever could give oneself
-- their password would see their films.
CREATE FUNCTION rules.known_account(p_account uuid, p_by uuid) RETURNS rad.account
LANGUAGE plpgsql AS $$
DECLARE
    found rad.account;
BEGIN
    SELECT * INTO found FROM account WHERE id = p_account AND removed_at IS NULL
        AND (p_by IS NULL OR site = (SELECT site FROM account WHERE id = p_by))
    FOR UPDATE;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'account %: there is none', p_account USING ERRCODE = 'RD404';
    END IF;
    RETURN found;
END $$;

-- One admin stays. The lock makes two admins who remove each other take turns.
CREATE FUNCTION rules.keep_an_admin(p_account uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM account WHERE role = 'admin' AND removed_at IS NULL ORDER BY id FOR UPDATE;
    IF NOT EXISTS (SELECT 1 FROM account
        WHERE role = 'admin' AND removed_at IS NULL AND id <> p_account) THEN
        RAISE EXCEPTION 'wanted one admin to stay, came the removal of the last'
            USING ERRCODE = 'RD409';
    END IF;
END $$;

CREATE FUNCTION api.accounts_add(
    p_name text, p_role text, p_password_hash text, p_site text, p_by uuid
) RETURNS api.account_row LANGUAGE plpgsql AS $$
DECLARE
    made rad.account;
    identity uuid := gen_random_uuid();
BEGIN
    -- Two first accounts at once would both find none.
    LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE;
    IF p_by IS NOT NULL OR EXISTS (SELECT 1 FROM account) THEN
        PERFORM rules.allow_or_operator(p_by, 'admin');
    END IF;
    IF p_by IS NOT NULL AND p_site <> (SELECT site FROM account WHERE id = p_by) THEN
        RAISE EXCEPTION 'wanted an account of the admin''s own site' USING ERRCODE = 'RD403';
    END IF;
    IF EXISTS (SELECT 1 FROM account
        WHERE lower(name) = lower(p_name) AND removed_at IS NULL) THEN
        RAISE EXCEPTION 'this account name is taken' USING ERRCODE = 'RD409';
    END IF;
    PERFORM rules.know_site(p_site);
    INSERT INTO account (id, name, role, pseudonym, site, password_hash)
    VALUES (identity, p_name, p_role, 'r' || left(replace(identity::text, '-', ''), 12), p_site,
        p_password_hash)
    RETURNING * INTO made;
    PERFORM rules.journal(p_by, 'account.added', made.pseudonym,
        jsonb_build_object('role', p_role));
    RETURN rules.account_row(made);
END $$;

CREATE FUNCTION api.accounts_remove(p_account uuid, p_by uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known rad.account;
BEGIN
    PERFORM rules.allow_or_operator(p_by, 'admin');
    known := rules.known_account(p_account, p_by);
    PERFORM rules.keep_an_admin(p_account);
    DELETE FROM token WHERE account = p_account;
    UPDATE account SET name = pseudonym, password_hash = NULL, removed_at = now()
    WHERE id = p_account;
    PERFORM rules.journal(p_by, 'account.removed', known.pseudonym);
END $$;

CREATE FUNCTION api.accounts_set_role(p_account uuid, p_role text, p_by uuid)
RETURNS api.account_row LANGUAGE plpgsql AS $$
DECLARE
    known rad.account;
BEGIN
    PERFORM rules.allow_or_operator(p_by, 'admin');
    PERFORM rules.known_account(p_account, p_by);
    IF p_role <> 'admin' THEN
        PERFORM rules.keep_an_admin(p_account);
    END IF;
    UPDATE account SET role = p_role WHERE id = p_account RETURNING * INTO known;
    PERFORM rules.journal(p_by, 'account.role', known.pseudonym,
        jsonb_build_object('role', p_role));
    RETURN rules.account_row(known);
END $$;

CREATE FUNCTION api.accounts_set_password(p_account uuid, p_password_hash text, p_by uuid)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known rad.account;
BEGIN
    IF p_by IS DISTINCT FROM p_account THEN
        PERFORM rules.allow_or_operator(p_by, 'admin');
    END IF;
    known := rules.known_account(p_account, p_by);
    UPDATE account SET password_hash = p_password_hash WHERE id = p_account;
    PERFORM rules.journal(p_by, 'account.password', known.pseudonym);
END $$;

CREATE FUNCTION api.accounts_get(p_account uuid) RETURNS SETOF api.account_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.account_row(a)).* FROM account a WHERE id = p_account AND removed_at IS NULL;
$$;

CREATE TYPE api.sign_in_row AS (
    id uuid, name text, role text, pseudonym text, site text, disabled boolean,
    password_hash text
);
CREATE FUNCTION api.accounts_for_sign_in(p_name text) RETURNS SETOF api.sign_in_row
LANGUAGE sql STABLE AS $$
    SELECT id, name, role, pseudonym, site, false, password_hash FROM account
    WHERE lower(name) = lower(p_name) AND removed_at IS NULL AND password_hash IS NOT NULL;
$$;

-- The name that was typed is not kept: people type passwords into the wrong field.
CREATE FUNCTION api.accounts_signed_in(p_account uuid, p_success boolean) RETURNS void
LANGUAGE sql AS $$
    SELECT rules.journal(
        CASE WHEN p_success THEN p_account END,
        CASE WHEN p_success THEN 'sign-in' ELSE 'sign-in.refused' END,
        (SELECT pseudonym FROM account WHERE id = p_account));
$$;

CREATE FUNCTION api.accounts_add_token(
    p_account uuid, p_sha256 bytea, p_label text, p_by uuid
) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
    known rad.account;
    made uuid;
BEGIN
    IF p_by IS DISTINCT FROM p_account THEN
        PERFORM rules.allow_or_operator(p_by, 'admin');
    END IF;
    known := rules.known_account(p_account, p_by);
    INSERT INTO token (account, sha256, label) VALUES (p_account, p_sha256, p_label)
    ON CONFLICT DO NOTHING RETURNING id INTO made;
    IF made IS NULL THEN
        RAISE EXCEPTION 'this token is there already' USING ERRCODE = 'RD409';
    END IF;
    PERFORM rules.journal(p_by, 'token.added', known.pseudonym);
    RETURN made;
END $$;

CREATE FUNCTION api.accounts_by_token(p_sha256 bytea) RETURNS SETOF api.account_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.account_row(a)).* FROM token t JOIN account a ON a.id = t.account
    WHERE t.sha256 = p_sha256 AND a.removed_at IS NULL;
$$;

CREATE FUNCTION api.accounts_remove_token(p_token uuid, p_by uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    owner uuid;
BEGIN
    SELECT t.account INTO owner FROM token t JOIN account a ON a.id = t.account
    WHERE t.id = p_token
        AND (p_by IS NULL OR a.site = (SELECT site FROM account WHERE id = p_by));
    IF owner IS NULL THEN
        RAISE EXCEPTION 'token %: there is none', p_token USING ERRCODE = 'RD404';
    END IF;
    IF p_by IS DISTINCT FROM owner THEN
        PERFORM rules.allow_or_operator(p_by, 'admin');
    END IF;
    DELETE FROM token WHERE id = p_token;
    PERFORM rules.journal(p_by, 'token.removed',
        (SELECT pseudonym FROM account WHERE id = owner));
END $$;

CREATE FUNCTION api.accounts_list(p_by uuid) RETURNS SETOF api.account_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rules.allow_or_operator(p_by, 'admin');
    RETURN QUERY SELECT (rules.account_row(a)).* FROM account a
        WHERE removed_at IS NULL
            AND (p_by IS NULL OR a.site = (SELECT site FROM account WHERE id = p_by))
        ORDER BY lower(a.name);
END $$;

-- Readings and comments ----------------------------------------------------------------------

CREATE TYPE api.reading_row AS (
    id uuid, film text, reader text, reader_name text, labels jsonb, answer_visible boolean,
    others_visible boolean, model text, recorded_at timestamptz, validations jsonb
);

CREATE FUNCTION rules.readings_of(p_film text) RETURNS SETOF api.reading_row
LANGUAGE sql STABLE AS $$
    SELECT r.id, r.film, a.pseudonym, a.name,
        (SELECT jsonb_object_agg(v.finding, v.value) FROM verdict v WHERE v.reading = r.id),
        r.answer_visible, r.others_visible, r.model, r.recorded_at,
        (SELECT jsonb_object_agg(v.finding, v.id) FROM verdict v WHERE v.reading = r.id)
    FROM reading r JOIN account a ON a.id = r.account
    WHERE r.film = p_film ORDER BY r.recorded_at, r.id;
$$;

CREATE FUNCTION api.readings_of(p_film text, p_account uuid) RETURNS SETOF api.reading_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rules.film_seen(p_film, p_account);
    RETURN QUERY SELECT * FROM rules.readings_of(p_film);
END $$;

CREATE FUNCTION api.readings_record(
    p_film text, p_labels jsonb, p_account uuid, p_answer_visible boolean, p_model text,
    p_tombstone text DEFAULT NULL
) RETURNS SETOF api.reading_row LANGUAGE plpgsql AS $$
DECLARE
    who rad.account := rules.allow(p_account, 'radiologist', 'steward', 'admin');
    found rad.film;
    seen rad.shown;
    made rad.reading;
BEGIN
    found := rules.film_seen_to_write(p_film, p_account, p_tombstone);
    IF p_labels = '{}' THEN
        RAISE EXCEPTION 'film %: wanted verdicts, came none', p_film USING ERRCODE = '22023';
    END IF;
    PERFORM rules.place(finding) FROM jsonb_object_keys(p_labels) AS finding;
    SELECT * INTO seen FROM shown WHERE account = p_account AND film = p_film;
    INSERT INTO reading (film, account, answer_visible, others_visible, model)
    VALUES (p_film, p_account, p_answer_visible OR coalesce(seen.answer, false),
        coalesce(seen.others, false), p_model)
    RETURNING * INTO made;
    INSERT INTO verdict (reading, finding, value)
    SELECT made.id, finding, value::smallint FROM jsonb_each_text(p_labels) AS l(finding, value);
    INSERT INTO label (film, finding, source, author, value, position, recorded_at)
    SELECT p_film, finding, 'physician', who.pseudonym, value::smallint, found.position,
        made.recorded_at
    FROM jsonb_each_text(p_labels) AS l(finding, value)
    ON CONFLICT (film, finding, source, author)
    DO UPDATE SET value = excluded.value, recorded_at = excluded.recorded_at;
    PERFORM rules.refresh_cards(ARRAY[p_film]);
    PERFORM rules.journal(p_account, 'reading.recorded', p_film,
        jsonb_build_object('reading', made.id));
    RETURN QUERY SELECT * FROM rules.readings_of(p_film) AS r WHERE r.id = made.id;
END $$;

CREATE FUNCTION api.readings_shown(
    p_film text, p_account uuid, p_answer boolean, p_others boolean,
    p_tombstone text DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.allow(p_account, 'viewer', 'radiologist', 'steward', 'admin');
    PERFORM rules.film_seen_to_write(p_film, p_account, p_tombstone);
    INSERT INTO shown (account, film, answer, others)
    VALUES (p_account, p_film, p_answer, p_others)
    ON CONFLICT (account, film) DO UPDATE
    SET answer = shown.answer OR excluded.answer, others = shown.others OR excluded.others;
END $$;

CREATE TYPE api.comment_row AS (
    id uuid, film text, author text, author_name text, text text, recorded_at timestamptz
);

CREATE FUNCTION rules.comments_of(p_film text) RETURNS SETOF api.comment_row
LANGUAGE sql STABLE AS $$
    SELECT c.id, c.film, a.pseudonym, a.name, c.text, c.recorded_at
    FROM comment c JOIN account a ON a.id = c.account
    WHERE c.film = p_film ORDER BY c.recorded_at, c.id;
$$;

CREATE FUNCTION api.comments_of(p_film text, p_account uuid) RETURNS SETOF api.comment_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rules.film_seen(p_film, p_account);
    RETURN QUERY SELECT * FROM rules.comments_of(p_film);
END $$;

CREATE FUNCTION api.comments_add(
    p_film text, p_text text, p_account uuid, p_tombstone text DEFAULT NULL
) RETURNS SETOF api.comment_row LANGUAGE plpgsql AS $$
DECLARE
    made rad.comment;
BEGIN
    PERFORM rules.allow(p_account, 'radiologist', 'steward', 'admin');
    PERFORM rules.film_seen_to_write(p_film, p_account, p_tombstone);
    INSERT INTO comment (film, account, text) VALUES (p_film, p_account, p_text)
    RETURNING * INTO made;
    PERFORM rules.refresh_cards(ARRAY[p_film]);
    PERFORM rules.journal(p_account, 'comment.added', p_film,
        jsonb_build_object('comment', made.id));
    RETURN QUERY SELECT * FROM rules.comments_of(p_film) AS c WHERE c.id = made.id;
END $$;

CREATE FUNCTION api.comments_remove(p_comment uuid, p_account uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    known rad.comment;
BEGIN
    PERFORM rules.allow_or_operator(p_account, 'viewer', 'radiologist', 'steward', 'admin');
    SELECT c.* INTO known FROM comment c JOIN film f ON f.id = c.film
    WHERE c.id = p_comment AND rules.sees(rules.circles(p_account), f.site, f.sharing)
    FOR UPDATE OF c;
    IF known.id IS NULL THEN
        RAISE EXCEPTION 'comment %: there is none', p_comment USING ERRCODE = 'RD404';
    END IF;
    IF known.account IS DISTINCT FROM p_account THEN
        PERFORM rules.film_decided(known.film, p_account);
    END IF;
    DELETE FROM comment WHERE id = p_comment;
    PERFORM rules.refresh_cards(ARRAY[known.film]);
    PERFORM rules.journal(p_account, 'comment.removed', known.film,
        jsonb_build_object('comment', p_comment));
END $$;

-- The journal --------------------------------------------------------------------------------

CREATE TYPE api.audit_row AS (
    at timestamptz, account text, action text, subject text, detail jsonb
);

CREATE FUNCTION api.audit_list(p_by uuid, p_limit bigint) RETURNS SETOF api.audit_row
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rules.allow_or_operator(p_by, 'steward', 'admin');
    RETURN QUERY SELECT a.at, a.who, a.action, a.subject, a.detail FROM audit a
        WHERE p_by IS NULL OR a.sites = '{}'
            OR (SELECT site FROM account WHERE id = p_by) = ANY (a.sites)
        ORDER BY a.number DESC LIMIT p_limit;
END $$;

CREATE FUNCTION api.audit_write(p_account uuid, p_action text, p_subject text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    -- A film's id: whoever does not see it has done nothing with it.
    IF p_subject ~ '^[0-9a-f]{64}$' THEN
        PERFORM rules.film_seen(p_subject, p_account);
    END IF;
    PERFORM rules.journal(p_account, p_action, p_subject);
END $$;
