-- What a bulk drop's manifest says of its films, line by line, before or after they come.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE receipt DROP CONSTRAINT receipt_state_check;
ALTER TABLE receipt ADD CONSTRAINT receipt_state_check CHECK (state IN
    ('received', 'accepted', 'analysed', 'rejected', 'quarantined', 'failed', 'manifest'));

CREATE TABLE manifest (
    receipt uuid PRIMARY KEY REFERENCES receipt ON DELETE CASCADE,
    lines bigint NOT NULL DEFAULT 0,
    unknown text[] NOT NULL DEFAULT '{}',
    malformed bigint NOT NULL DEFAULT 0,
    examples jsonb NOT NULL DEFAULT '[]',
    ended_at timestamptz
);
COMMENT ON TABLE manifest IS 'A bulk drop''s labels.csv, and what of it was not understood';

CREATE TABLE manifest_line (
    key_code text PRIMARY KEY,
    manifest uuid NOT NULL REFERENCES manifest ON DELETE CASCADE,
    said jsonb NOT NULL
);
COMMENT ON TABLE manifest_line IS
    'One film''s line, by the keyed code of the key it is dropped under: pseudonyms and facts';
CREATE INDEX manifest_line_manifest ON manifest_line (manifest);
GRANT SELECT, INSERT, UPDATE, DELETE ON manifest, manifest_line TO rad_api;
GRANT SELECT ON manifest, manifest_line TO radiotheque_export;

RESET ROLE;

-- migrate:down
DROP TABLE rad.manifest_line, rad.manifest;
ALTER TABLE rad.receipt DROP CONSTRAINT receipt_state_check;
ALTER TABLE rad.receipt ADD CONSTRAINT receipt_state_check CHECK (state IN
    ('received', 'accepted', 'analysed', 'rejected', 'quarantined', 'failed'));
