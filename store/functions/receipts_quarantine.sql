-- What waits for a steward, and what of refused drops may be deleted (store/quarantine.py).
--
-- A held drop is a receipt without a film: its bytes lie in the bucket `quarantine`.

-- A receipt that a decision moved, with what its event says.
CREATE TYPE api.moved_row AS (
    id uuid, site text, source text, code text, wanted text, came text, updated_at timestamptz
);

CREATE FUNCTION api.quarantine_hold(
    p_receipt uuid, p_code text, p_wanted text, p_came text, p_events jsonb
) RETURNS text LANGUAGE sql AS $$
    SELECT rules.stop_receipt(p_receipt, 'quarantined', p_code, p_wanted, p_came, p_events);
$$;

-- What a steward sees ------------------------------------------------------------------------

-- Return what waits at the account's site, longest first, after one of an earlier page.
CREATE FUNCTION api.quarantine_waiting(p_account uuid, p_limit bigint, p_after uuid)
RETURNS SETOF api.receipt_row LANGUAGE plpgsql STABLE AS $$
DECLARE
    who rad.account := rules.allow(p_account, 'steward', 'admin');
BEGIN
    RETURN QUERY
        SELECT (rules.receipt_row(r, false)).* FROM receipt r
        WHERE r.state = 'quarantined' AND r.site = who.site
            AND (p_after IS NULL
                OR (r.held_at, r.id) > (SELECT l.held_at, l.id FROM receipt l
                    WHERE l.id = p_after))
        ORDER BY r.held_at, r.id LIMIT p_limit;
END $$;

-- Hold a receipt in quarantine of the account's site; refuse any other.
CREATE FUNCTION rules.held(p_receipt uuid, p_account uuid) RETURNS rad.receipt
LANGUAGE plpgsql AS $$
DECLARE
    who rad.account := rules.allow(p_account, 'steward', 'admin');
    found rad.receipt;
BEGIN
    SELECT * INTO found FROM receipt WHERE id = p_receipt AND site = who.site FOR UPDATE;
    IF found.id IS NULL THEN
        RAISE EXCEPTION 'receipt %: there is none', p_receipt USING ERRCODE = 'RD404';
    END IF;
    IF found.state <> 'quarantined' THEN
        RAISE EXCEPTION 'receipt %: wanted a quarantined one, came %', p_receipt, found.state
            USING ERRCODE = 'RD409';
    END IF;
    RETURN found;
END $$;

-- Write that the picture of one was looked at.
CREATE FUNCTION api.quarantine_look(p_receipt uuid, p_account uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rules.held(p_receipt, p_account);
    PERFORM rules.journal(p_account, 'quarantine.opened', p_receipt::text);
END $$;

-- What a steward decides ---------------------------------------------------------------------

-- Let it go on, with these parts blacked out: it comes in again as an upload does.
CREATE FUNCTION api.quarantine_release(
    p_receipt uuid, p_account uuid, p_black_out jsonb, p_events jsonb
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    known rad.receipt := rules.held(p_receipt, p_account);
BEGIN
    UPDATE receipt SET state = 'received', code = NULL, wanted = NULL, came = NULL,
        released_at = clock_timestamp(), black_out = p_black_out,
        updated_at = clock_timestamp()
    WHERE id = p_receipt;
    PERFORM rules.journal(p_account, 'quarantine.released', p_receipt::text,
        jsonb_build_object('code', known.code,
            'blacked_out', coalesce(jsonb_array_length(p_black_out), 0)));
    PERFORM rules.say(p_events);
END $$;

CREATE FUNCTION api.quarantine_refuse(
    p_receipt uuid, p_account uuid, p_code text, p_wanted text, p_came text, p_note text
) RETURNS SETOF api.moved_row LANGUAGE plpgsql AS $$
DECLARE
    known rad.receipt := rules.held(p_receipt, p_account);
BEGIN
    PERFORM rules.journal(p_account, 'quarantine.refused', p_receipt::text,
        jsonb_build_object('code', known.code));
    RETURN QUERY
        UPDATE receipt r SET state = 'rejected', code = p_code, wanted = p_wanted,
            came = p_came, note = p_note, updated_at = clock_timestamp()
        WHERE r.id = p_receipt
        RETURNING r.id, r.site, r.source, r.code, r.wanted, r.came, r.updated_at;
END $$;

-- What could not be read ---------------------------------------------------------------------

-- Return drops whose object the store could not give, longest first.
CREATE FUNCTION api.receipts_unreadable(p_limit bigint) RETURNS SETOF api.receipt_row
LANGUAGE sql STABLE AS $$
    SELECT (rules.receipt_row(r, false)).* FROM receipt r
    WHERE r.state = 'rejected' AND r.code = 'unreadable-object'
    ORDER BY r.updated_at, r.id LIMIT p_limit;
$$;

-- Let one come in again, once its object can be read.
CREATE FUNCTION api.receipts_again(p_receipt uuid, p_events jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE receipt SET state = 'received', code = NULL, wanted = NULL, came = NULL,
        updated_at = clock_timestamp()
    WHERE id = p_receipt AND state = 'rejected' AND code = 'unreadable-object';
    IF NOT FOUND THEN
        RAISE EXCEPTION 'receipt %: wanted one whose object could not be read', p_receipt
            USING ERRCODE = 'RD409';
    END IF;
    PERFORM rules.journal(NULL, 'receipt.again', p_receipt::text);
    PERFORM rules.say(p_events);
END $$;

-- What the housekeeper deletes ---------------------------------------------------------------

-- End what has waited too long for its steward, longest first. Returns the receipts that moved.
CREATE FUNCTION api.quarantine_expire(
    p_days double precision, p_code text, p_wanted text, p_came text, p_limit bigint
) RETURNS SETOF api.moved_row LANGUAGE sql AS $$
    UPDATE receipt r SET state = 'rejected', code = p_code, wanted = p_wanted, came = p_came,
        updated_at = clock_timestamp()
    WHERE r.state = 'quarantined' AND r.id IN (
        SELECT id FROM receipt
        WHERE state = 'quarantined' AND held_at < now() - make_interval(secs => 86400 * p_days)
        ORDER BY held_at, id LIMIT p_limit FOR UPDATE)
    RETURNING r.id, r.site, r.source, r.code, r.wanted, r.came, r.updated_at;
$$;

-- Return refused receipts whose bytes have had their time, oldest first. What has been in
-- quarantine was decided on, and has had its time.
CREATE FUNCTION api.quarantine_spent(p_days double precision, p_limit bigint)
RETURNS SETOF api.receipt_row LANGUAGE sql STABLE AS $$
    SELECT (rules.receipt_row(r, false)).* FROM receipt r
    -- Of an erased film the worker `erase` has removed everything. What could not be read may be
    -- the only copy of a film: it stays until somebody who has seen why removes it.
    WHERE r.swept_at IS NULL AND r.state = 'rejected'
        AND r.code NOT IN ('erased', 'unreadable-object')
        AND (r.code IN ('refused', 'expired')
            OR r.updated_at < now() - make_interval(secs => 86400 * p_days))
    ORDER BY r.updated_at LIMIT p_limit;
$$;

-- Note that a refused receipt's bytes are deleted.
CREATE FUNCTION api.quarantine_swept(p_receipt uuid) RETURNS void LANGUAGE sql AS $$
    UPDATE receipt SET swept_at = clock_timestamp()
    WHERE id = p_receipt AND state = 'rejected';
$$;
