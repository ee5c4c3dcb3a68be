-- A film that takes long to decode is decoded apart from those that do not.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE receipt ADD COLUMN slow_at timestamptz;
COMMENT ON COLUMN receipt.slow_at IS
    'When its film was found to take long: it is decoded apart, by this order';
CREATE INDEX receipt_slow ON receipt (slow_at) WHERE slow_at IS NOT NULL AND state = 'received';

RESET ROLE;

-- migrate:down
ALTER TABLE rad.receipt DROP COLUMN slow_at;
