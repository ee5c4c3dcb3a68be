-- How often a film's analyses were made anew: what subscribers are told then is news.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE film ADD COLUMN anew integer NOT NULL DEFAULT 0 CHECK (anew >= 0);
COMMENT ON COLUMN film.anew IS
    'How often what models said of it was forgotten, because it became lateral or no more is';

RESET ROLE;

-- migrate:down
ALTER TABLE rad.film DROP COLUMN anew;
