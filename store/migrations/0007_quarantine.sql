-- Drops that wait for a steward, and what of refused ones may be deleted.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE receipt
    ADD COLUMN held_at timestamptz,
    ADD COLUMN released_at timestamptz,
    ADD COLUMN black_out jsonb,
    ADD COLUMN note text CHECK (length(note) BETWEEN 1 AND 500),
    ADD COLUMN swept_at timestamptz;
COMMENT ON COLUMN receipt.held_at IS
    'Since when its bytes lie in the bucket quarantine, where it waited for a steward';
COMMENT ON COLUMN receipt.released_at IS
    'When a steward looked at the film and let it pass: nothing holds it again';
COMMENT ON COLUMN receipt.black_out IS
    'Parts of the film the steward had blacked out: [[left, top, width, height], ...], 0..1';
COMMENT ON COLUMN receipt.note IS 'Why a steward refused it, for its depositor alone';
COMMENT ON COLUMN receipt.swept_at IS 'When its bytes were deleted, its time being over';
CREATE INDEX receipt_held ON receipt (held_at, id) WHERE state = 'quarantined';
CREATE INDEX receipt_unswept ON receipt (updated_at)
    WHERE swept_at IS NULL AND state = 'rejected';

RESET ROLE;

-- migrate:down
ALTER TABLE rad.receipt DROP COLUMN held_at, DROP COLUMN released_at,
    DROP COLUMN black_out, DROP COLUMN note, DROP COLUMN swept_at;
