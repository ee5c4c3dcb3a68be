-- Who sees which film. Every function of schema api that a person reaches asks here.
--
-- A private film is there for the accounts of its own site alone, whatever their role; for all
-- others it is not there: NotFound, never Forbidden. Programs and the command line see all.

-- Return the values of card.seen_by that an account sees; null for a program: all of them.
CREATE FUNCTION rules.circles(p_account uuid) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF p_account IS NOT NULL THEN
        RETURN ARRAY['', (rules.allow(p_account, 'viewer', 'radiologist', 'steward',
            'admin')).site];
    END IF;
    -- What web answers, it answers to somebody: a call without an account is a bug there.
    IF session_user = 'radiotheque_web' THEN
        RAISE EXCEPTION 'wanted an account; came none' USING ERRCODE = 'RD403';
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION rules.sees(p_circles text[], p_site text, p_sharing text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT p_circles IS NULL OR p_sharing <> 'private' OR p_site = ANY (p_circles);
$$;

-- Return the film's row as the account may see it; where `p_tombstone` stands, say that it was
-- erased, to whoever could have seen it then.
CREATE FUNCTION rules.film_seen(p_film text, p_account uuid, p_tombstone text DEFAULT NULL)
RETURNS rad.film LANGUAGE plpgsql STABLE AS $$
DECLARE
    circles text[] := rules.circles(p_account);
    found rad.film;
BEGIN
    SELECT * INTO found FROM film
    WHERE id = p_film AND rules.sees(circles, site, sharing);
    IF found.id IS NULL THEN
        IF EXISTS (SELECT 1 FROM tombstone WHERE code = p_tombstone
            AND (circles IS NULL OR site IS NULL OR site = ANY (circles))) THEN
            RAISE EXCEPTION 'film %: it was erased', left(p_film, 64) USING ERRCODE = 'RD410';
        END IF;
        RAISE EXCEPTION 'film %: there is none', left(p_film, 64) USING ERRCODE = 'RD404';
    END IF;
    RETURN found;
END $$;

-- The same for whoever writes of it: erased meanwhile, it is gone before anything is written.
CREATE FUNCTION rules.film_seen_to_write(p_film text, p_account uuid, p_tombstone text)
RETURNS rad.film LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM film WHERE id = p_film FOR KEY SHARE;
    RETURN rules.film_seen(p_film, p_account, p_tombstone);
END $$;

-- Whether an account (null: the command line) decides over a film: a steward of the film's own
-- site, or an admin who sees it.
CREATE FUNCTION rules.decides(who rad.account, p_site text, p_sharing text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
    SELECT who.id IS NULL OR p_site = who.site OR who.role = 'admin' AND p_sharing <> 'private';
$$;

-- Return the steward or admin; null for the command line; refuse others.
CREATE FUNCTION rules.steward(p_account uuid) RETURNS rad.account LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rules.allow_or_operator(p_account, 'steward', 'admin');
    RETURN (SELECT a FROM account a WHERE a.id = p_account);
END $$;

-- Return the film over which this account decides.
CREATE FUNCTION rules.film_decided(p_film text, p_account uuid, p_tombstone text DEFAULT NULL)
RETURNS rad.film LANGUAGE plpgsql STABLE AS $$
DECLARE
    who rad.account := rules.steward(p_account);
    found rad.film := rules.film_seen(p_film, p_account, p_tombstone);
BEGIN
    IF NOT rules.decides(who, found.site, found.sharing) THEN
        RAISE EXCEPTION 'film %: wanted a steward of its own site', left(p_film, 64)
            USING ERRCODE = 'RD403';
    END IF;
    RETURN found;
END $$;
