-- What 20,000 films taught: vectors are found by the film's number, not its 64 letters, and the
-- planner needs figures of the scores.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE embedding ADD COLUMN position bigint;
UPDATE embedding SET position = film.position FROM film WHERE film.id = embedding.film;
ALTER TABLE embedding ALTER COLUMN position SET NOT NULL;
ALTER TABLE embedding DROP CONSTRAINT embedding_pkey;
ALTER TABLE embedding ADD PRIMARY KEY (embedding_version, position);
ALTER TABLE embedding DROP COLUMN film;
ALTER TABLE embedding ADD FOREIGN KEY (position) REFERENCES film (position) ON DELETE CASCADE;
-- Erasing a film looks its vectors up by this alone.
CREATE INDEX embedding_position ON embedding (position);
COMMENT ON COLUMN embedding.position IS 'The film''s';

-- A partial index brings no figures of its expression: they are gathered apart.
DO $$
BEGIN
    FOR place IN 1..14 LOOP
        EXECUTE format('CREATE STATISTICS card_scores_%1$s ON (scores[%1$s]) FROM card', place);
        EXECUTE format('CREATE STATISTICS card_states_%1$s ON (states[%1$s]) FROM card', place);
    END LOOP;
END $$;

RESET ROLE;

-- migrate:down
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

DO $$
BEGIN
    FOR place IN 1..14 LOOP
        EXECUTE format('DROP STATISTICS card_scores_%1$s, card_states_%1$s', place);
    END LOOP;
END $$;
ALTER TABLE embedding ADD COLUMN film text REFERENCES film ON DELETE CASCADE;
UPDATE embedding SET film = film.id FROM film WHERE film.position = embedding.position;
ALTER TABLE embedding DROP CONSTRAINT embedding_pkey;
ALTER TABLE embedding ADD PRIMARY KEY (embedding_version, film);
ALTER TABLE embedding DROP COLUMN position;

RESET ROLE;
