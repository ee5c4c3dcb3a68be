-- Outbox, dead letters and models (store/outbox.py, store/letters.py, store/models.py).

CREATE TYPE api.outbox_row AS (
    number bigint, topic text, key bytea, header_names text[], header_values bytea[], value bytea
);

CREATE FUNCTION api.outbox_add(p_events jsonb) RETURNS void LANGUAGE sql AS $$
    SELECT rules.say(p_events);
$$;

-- Take the one relay's place, for as long as this session lives. False: another has it.
CREATE FUNCTION api.outbox_take() RETURNS boolean LANGUAGE sql AS $$
    SELECT pg_try_advisory_lock(hashtextextended('radiotheque.relay', 0));
$$;

CREATE FUNCTION api.outbox_pending(p_limit bigint) RETURNS SETOF api.outbox_row
LANGUAGE sql STABLE AS $$
    SELECT number, topic, key, header_names, header_values, value FROM outbox
    WHERE published_at IS NULL ORDER BY number LIMIT p_limit;
$$;

CREATE FUNCTION api.outbox_published(p_numbers bigint[]) RETURNS void LANGUAGE sql AS $$
    UPDATE outbox SET published_at = clock_timestamp()
    WHERE number = ANY (p_numbers) AND published_at IS NULL;
$$;

CREATE FUNCTION api.outbox_depth() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM outbox WHERE published_at IS NULL;
$$;

CREATE FUNCTION api.outbox_purge(p_older_than_s double precision) RETURNS bigint
LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM outbox
        WHERE published_at <= clock_timestamp() - make_interval(secs => p_older_than_s)
        RETURNING 1
    ) SELECT count(*) FROM gone;
$$;

-- Dead letters -------------------------------------------------------------------------------

CREATE TYPE api.letter_row AS (
    id uuid, topic text, partition integer, "offset" bigint, "group" text, key bytea,
    header_names text[], header_values bytea[], value bytea, reason text, attempts integer,
    state text, recorded_at timestamptz, receipt uuid
);

CREATE FUNCTION rules.letter_row(l rad.dead_letter) RETURNS api.letter_row
    LANGUAGE sql IMMUTABLE AS $$
    SELECT (l.id, l.topic, l.partition, l."offset", l."group", l.key, l.header_names,
        l.header_values, l.value, l.reason, l.attempts, l.state, l.recorded_at,
        l.receipt)::api.letter_row;
$$;

-- Keep a dead letter once per origin and group, with its event; its receipt fails.
CREATE FUNCTION api.letters_add(
    p_id uuid, p_topic text, p_partition bigint, p_offset bigint, p_group text, p_key bytea,
    p_header_names text[], p_header_values bytea[], p_value bytea, p_reason text,
    p_attempts bigint, p_recorded_at timestamptz, p_receipt uuid, p_events jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    -- A record that is not ours may name any receipt.
    known uuid := (SELECT id FROM receipt WHERE id = p_receipt FOR UPDATE);
BEGIN
    INSERT INTO dead_letter (id, topic, partition, "offset", "group", key, header_names,
        header_values, value, reason, attempts, recorded_at, receipt)
    VALUES (p_id, p_topic, p_partition, p_offset, p_group, p_key, p_header_names,
        p_header_values, p_value, p_reason, p_attempts, p_recorded_at, known)
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    UPDATE receipt SET state = 'failed', updated_at = clock_timestamp()
    WHERE id = known AND state IN ('received', 'accepted');
    -- A request by the reconciler names the film only: every drop that waits for it has failed.
    IF p_group = 'analyse' THEN
        UPDATE receipt SET state = 'failed', updated_at = clock_timestamp()
        WHERE film = encode(p_key, 'escape') AND state = 'accepted';
    END IF;
    PERFORM rules.say(p_events);
END $$;

-- Return the steward or admin who may read letters; null for a program.
CREATE FUNCTION rules.letter_reader(p_account uuid) RETURNS rad.account
LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM rules.circles(p_account);
    RETURN CASE WHEN p_account IS NOT NULL THEN rules.allow(p_account, 'steward', 'admin') END;
END $$;

-- Whether somebody may know of a letter: not where its drop is another site's, nor where it
-- names a film that is private elsewhere. One that names neither is every steward's.
CREATE FUNCTION rules.knows_letter(l rad.dead_letter, who rad.account) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT who.id IS NULL OR NOT EXISTS (
        SELECT 1 FROM receipt r WHERE r.id = l.receipt AND r.site <> who.site
    ) AND NOT EXISTS (
        SELECT 1 FROM film f WHERE octet_length(l.key) = 64 AND f.id = encode(l.key, 'escape')
            AND NOT rules.sees(ARRAY[who.site], f.site, f.sharing));
$$;

CREATE FUNCTION api.letters_list(p_state text, p_limit bigint, p_account uuid)
RETURNS SETOF api.letter_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    who rad.account := rules.letter_reader(p_account);
BEGIN
    RETURN QUERY SELECT (rules.letter_row(l)).* FROM dead_letter l
        WHERE (p_state IS NULL OR l.state = p_state) AND rules.knows_letter(l, who)
        ORDER BY l.recorded_at DESC, l.id LIMIT p_limit;
END $$;

CREATE FUNCTION api.letters_get(p_letter uuid, p_account uuid) RETURNS SETOF api.letter_row
LANGUAGE plpgsql STABLE AS $$
DECLARE
    who rad.account := rules.letter_reader(p_account);
BEGIN
    RETURN QUERY SELECT (rules.letter_row(l)).* FROM dead_letter l
        WHERE l.id = p_letter AND rules.knows_letter(l, who);
END $$;

CREATE FUNCTION rules.close_letter(p_letter uuid, p_account uuid, p_state text)
RETURNS rad.dead_letter LANGUAGE plpgsql AS $$
DECLARE
    known rad.dead_letter;
BEGIN
    PERFORM rules.allow_or_operator(p_account, 'steward', 'admin');
    SELECT * INTO known FROM dead_letter l WHERE l.id = p_letter FOR UPDATE;
    IF known.id IS NULL OR NOT rules.knows_letter(known,
        (SELECT a FROM account a WHERE a.id = p_account)) THEN
        RAISE EXCEPTION 'dead letter %: there is none', p_letter USING ERRCODE = 'RD404';
    END IF;
    IF known.state <> 'open' THEN
        RAISE EXCEPTION 'dead letter %: wanted an open one, came %', p_letter, known.state
            USING ERRCODE = 'RD409';
    END IF;
    UPDATE dead_letter SET state = p_state WHERE id = p_letter RETURNING * INTO known;
    PERFORM rules.journal(p_account, 'letter.' || p_state, p_letter::text);
    RETURN known;
END $$;

-- Publish the record's bytes again, for its own group alone. Its receipt goes back to where it
-- was, so that the worker that reads the record finds work to do.
CREATE FUNCTION api.letters_replay(p_letter uuid, p_account uuid) RETURNS SETOF api.letter_row
LANGUAGE plpgsql AS $$
DECLARE
    known rad.dead_letter := rules.close_letter(p_letter, p_account, 'replayed');
BEGIN
    UPDATE receipt SET updated_at = clock_timestamp(),
        state = CASE WHEN film IS NULL THEN 'received' ELSE 'accepted' END
    WHERE state = 'failed' AND (id = known.receipt
        OR known."group" = 'analyse' AND film = encode(known.key, 'escape'));
    INSERT INTO outbox (topic, key, header_names, header_values, value)
    SELECT known.topic, known.key,
        coalesce(array_agg(name ORDER BY place) FILTER (WHERE name <> 'replay-for'), '{}')
            || 'replay-for'::text,
        coalesce(array_agg(text ORDER BY place) FILTER (WHERE name <> 'replay-for'), '{}')
            || convert_to(known."group", 'UTF8'),
        known.value
    FROM unnest(known.header_names, known.header_values) WITH ORDINALITY AS h(name, text, place);
    RETURN QUERY SELECT (rules.letter_row(known)).*;
END $$;

CREATE FUNCTION api.letters_discard(p_letter uuid, p_account uuid) RETURNS SETOF api.letter_row
LANGUAGE plpgsql AS $$
DECLARE
    known rad.dead_letter := rules.close_letter(p_letter, p_account, 'discarded');
BEGIN
    RETURN QUERY SELECT (rules.letter_row(known)).*;
END $$;

CREATE FUNCTION api.letters_open_count() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT count(*) FROM dead_letter WHERE state = 'open';
$$;

-- Models -------------------------------------------------------------------------------------

CREATE TYPE api.model_row AS (manifest jsonb, state text, registered_at timestamptz);

CREATE FUNCTION api.models_live() RETURNS SETOF api.model_row LANGUAGE sql STABLE AS $$
    SELECT manifest, state, registered_at FROM model WHERE state = 'live';
$$;

CREATE FUNCTION api.models_wanted() RETURNS SETOF api.model_row LANGUAGE sql STABLE AS $$
    SELECT manifest, state, registered_at FROM model WHERE state <> 'retired' ORDER BY version;
$$;

-- Any version that was ever registered, retired ones too: what it was worth can still be asked.
CREATE FUNCTION api.models_get(p_version bigint) RETURNS SETOF api.model_row
LANGUAGE sql STABLE AS $$
    SELECT manifest, state, registered_at FROM model WHERE version = p_version;
$$;

CREATE FUNCTION rules.make_live(p_version bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOCK TABLE model IN SHARE ROW EXCLUSIVE MODE;
    IF NOT EXISTS (SELECT 1 FROM model WHERE version = p_version) THEN
        RAISE EXCEPTION 'model version %: there is none', p_version USING ERRCODE = 'RD404';
    END IF;
    IF EXISTS (SELECT 1 FROM model WHERE version = p_version AND state = 'live') THEN
        RETURN;
    END IF;
    UPDATE model SET state = 'former' WHERE state = 'live';
    UPDATE model SET state = 'live', live_at = clock_timestamp() WHERE version = p_version;
    PERFORM rules.refresh_cards(ARRAY(SELECT film FROM analysis WHERE model = p_version));
    PERFORM rules.settle_search();
    PERFORM rules.journal(NULL, 'model.live',
        (SELECT label FROM model WHERE version = p_version));
END $$;

CREATE FUNCTION api.models_register(
    p_version bigint, p_label text, p_manifest jsonb, p_state text, p_embedding_version text,
    p_suspected double precision[], p_borderline double precision[], p_unreliable boolean[]
) RETURNS SETOF api.model_row LANGUAGE plpgsql AS $$
DECLARE
    known rad.model;
BEGIN
    INSERT INTO model (version, label, manifest, state, embedding_version,
        suspected, borderline, unreliable)
    VALUES (p_version, p_label, p_manifest,
        CASE p_state WHEN 'live' THEN 'candidate' ELSE p_state END,
        p_embedding_version, p_suspected, p_borderline, p_unreliable)
    ON CONFLICT DO NOTHING;
    IF FOUND THEN
        PERFORM rad.make_partition(p_embedding_version);
        IF p_state = 'live' THEN
            PERFORM rules.make_live(p_version);
        END IF;
    END IF;
    SELECT * INTO known FROM model WHERE version = p_version;
    IF known.manifest IS DISTINCT FROM p_manifest THEN
        RAISE EXCEPTION 'model version %: another manifest has it', p_version
            USING ERRCODE = 'RD409';
    END IF;
    RETURN QUERY SELECT known.manifest, known.state, known.registered_at;
END $$;

CREATE FUNCTION api.models_set_live(p_version bigint) RETURNS SETOF api.model_row
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.make_live(p_version);
    RETURN QUERY SELECT manifest, state, registered_at FROM model WHERE version = p_version;
END $$;
