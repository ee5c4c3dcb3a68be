-- A receipt says where its drop contradicts, and is found by a code of its key, not the key.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE receipt
    ADD COLUMN contradicts text[] NOT NULL DEFAULT '{}'
        CHECK (contradicts <@ '{patient,study,view,sex,age}'),
    ADD COLUMN key_code text;
COMMENT ON COLUMN receipt.contradicts IS
    'Facts in which this drop disagrees with its file or with other drops of its film';
COMMENT ON COLUMN receipt.key_code IS
    'HMAC of bucket and key, keyed by the site''s secret: what a search compares';
-- Filled for older rows by store/migrate.py: the database does not hold the secret.
CREATE INDEX receipt_key_code ON receipt (key_code, created_at DESC);
CREATE INDEX receipt_without_code ON receipt (id) WHERE key_code IS NULL;

RESET ROLE;

-- migrate:down
ALTER TABLE rad.receipt DROP COLUMN contradicts, DROP COLUMN key_code;
