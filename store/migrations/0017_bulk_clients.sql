-- What clients for bulk drops need: a taken drop stays readable for a while, and bytes that are
-- dropped again are known.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE receipt
    ADD COLUMN keep_until timestamptz,
    ADD COLUMN raw_code text CHECK (raw_code ~ '^[0-9a-f]{32}$'),
    ADD COLUMN already_here boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN receipt.keep_until IS
    'Until when its version stays in dropzone once taken; null: it is gone, or goes at once';
COMMENT ON COLUMN receipt.raw_code IS
    'Keyed code of the dropped bytes and of how they were read: they need no second look';
COMMENT ON COLUMN receipt.already_here IS 'Its film was here, by another drop, when it was taken';
CREATE INDEX receipt_kept ON receipt (keep_until)
    WHERE keep_until IS NOT NULL AND state NOT IN ('received', 'rejected');
CREATE INDEX receipt_raw_code ON receipt (raw_code);

RESET ROLE;

-- migrate:down
ALTER TABLE rad.receipt DROP COLUMN keep_until, DROP COLUMN raw_code, DROP COLUMN already_here;
