-- What is known of a film besides its samples, and who may see it.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE film
    ADD COLUMN facts jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(facts) = 'object'),
    ADD COLUMN text_check text NOT NULL DEFAULT 'unseen'
        CHECK (text_check IN ('unseen', 'clean', 'found')),
    ADD COLUMN licence text,
    ADD COLUMN sharing text NOT NULL DEFAULT 'private'
        CHECK (sharing IN ('private', 'library', 'open')),
    ADD COLUMN checks jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(checks) = 'object');
COMMENT ON COLUMN film.facts IS 'Facts that identify nobody (schemas/facts.py)';
COMMENT ON COLUMN film.text_check IS 'Whether text is burned into the pixels';
COMMENT ON COLUMN film.checks IS 'What the input check says, by name, each with how sure';

RESET ROLE;

-- migrate:down
ALTER TABLE rad.film DROP COLUMN facts, DROP COLUMN text_check, DROP COLUMN licence,
    DROP COLUMN sharing, DROP COLUMN checks;
