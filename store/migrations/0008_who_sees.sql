-- Who may see a film, what its depositor stated, and whose journal a line stands in.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE receipt
    ADD COLUMN statement text,
    ADD COLUMN stated_at timestamptz,
    ADD CHECK ((statement IS NULL) = (stated_at IS NULL));
COMMENT ON COLUMN receipt.statement IS
    'Version of what the depositor stated (schemas/provenance.py); null: nothing';

ALTER TABLE card ADD COLUMN seen_by text;
UPDATE card SET seen_by = CASE f.sharing WHEN 'private' THEN f.site ELSE '' END
FROM film f WHERE f.id = card.film;
ALTER TABLE card ALTER COLUMN seen_by SET NOT NULL;
COMMENT ON COLUMN card.seen_by IS 'The only site that sees the film; empty: every site does';
CREATE INDEX card_seen_by ON card (seen_by, position);

ALTER TABLE tombstone ADD COLUMN site text REFERENCES site;
COMMENT ON COLUMN tombstone.site IS 'Whose film it was, and who may lift it; null: not known';

ALTER TABLE audit ADD COLUMN sites text[] NOT NULL DEFAULT '{}';
COMMENT ON COLUMN audit.sites IS
    'Whose journal this is: the site of who did it and of the film; empty: everybody''s';
-- The only change there will ever be: lines of before learn whose they are.
ALTER TABLE audit DISABLE TRIGGER audit_append_only;
UPDATE audit SET sites = ARRAY(
    SELECT a.site FROM account a WHERE a.id = audit.account
    UNION SELECT f.site FROM film f WHERE f.id = audit.subject);
ALTER TABLE audit ENABLE TRIGGER audit_append_only;

-- Whoever changes a film: no text may be in what leaves its site, and what is open has a licence.
-- What a drop wished for stands in its receipt.
CREATE FUNCTION keep_private() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.text_check <> 'clean' OR (NEW.sharing = 'open' AND NEW.licence IS NULL) THEN
        NEW.sharing := 'private';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER film_keeps_private BEFORE INSERT OR UPDATE OF sharing, text_check, licence ON film
    FOR EACH ROW EXECUTE FUNCTION keep_private();

CREATE FUNCTION show_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE rad.card SET updated_at = clock_timestamp(),
        seen_by = CASE NEW.sharing WHEN 'private' THEN NEW.site ELSE '' END
    WHERE film = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER film_shows_card AFTER UPDATE ON film
    FOR EACH ROW WHEN (OLD.sharing <> NEW.sharing OR OLD.site <> NEW.site)
    EXECUTE FUNCTION show_card();

RESET ROLE;

-- migrate:down
DROP TRIGGER film_keeps_private ON rad.film;
DROP TRIGGER film_shows_card ON rad.film;
DROP FUNCTION rad.keep_private, rad.show_card;
ALTER TABLE rad.receipt DROP COLUMN statement, DROP COLUMN stated_at;
ALTER TABLE rad.card DROP COLUMN seen_by;
ALTER TABLE rad.tombstone DROP COLUMN site;
ALTER TABLE rad.audit DROP COLUMN sites;
