-- Films whose greys came inverted are scored turned over from now on: what models said of those
-- that are here was said of the negative. The reconciler asks for it anew (0011).

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

COMMENT ON COLUMN film.anew IS
    'How often what models said of it was forgotten: it became lateral or inverted, or no more is';

UPDATE card SET model = NULL, scores = NULL, states = NULL, updated_at = clock_timestamp()
WHERE film IN (SELECT id FROM film WHERE (checks ->> 'inverted')::double precision >= 0.5);
DELETE FROM embedding
WHERE position IN (
    SELECT position FROM film WHERE (checks ->> 'inverted')::double precision >= 0.5);
DELETE FROM analysis
WHERE film IN (SELECT id FROM film WHERE (checks ->> 'inverted')::double precision >= 0.5);
UPDATE film SET requested_at = NULL, anew = anew + 1
WHERE (checks ->> 'inverted')::double precision >= 0.5;

RESET ROLE;

-- migrate:down
COMMENT ON COLUMN rad.film.anew IS
    'How often what models said of it was forgotten, because it became lateral or no more is';
