-- Manifests keep how they were understood, what was wrong by kind, and each line by its number;
-- a later manifest's line stands beside an earlier one's. Receipts are found by keys in NFC.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

ALTER TABLE manifest
    ADD COLUMN usable bigint NOT NULL DEFAULT 0,
    ADD COLUMN own_folder bigint NOT NULL DEFAULT 0,
    ADD COLUMN repeated bigint NOT NULL DEFAULT 0,
    ADD COLUMN encoding text,
    ADD COLUMN separator text,
    ADD COLUMN faults jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN read_at timestamptz;
UPDATE manifest m SET read_at = ended_at,
    faults = CASE WHEN malformed > 0 THEN jsonb_build_object('value', malformed) ELSE '{}' END,
    usable = (SELECT count(*) FROM manifest_line l WHERE l.manifest = m.receipt);
ALTER TABLE manifest DROP COLUMN malformed;
COMMENT ON COLUMN manifest.read_at IS 'From then on its lines meet their films';
COMMENT ON COLUMN manifest.faults IS
    'Values left out, counted by kind (schemas/manifest_faults.py)';
COMMENT ON COLUMN manifest.usable IS 'Lines whose path can be a film''s';
COMMENT ON COLUMN manifest.repeated IS 'Of these, lines whose path an earlier line has';
COMMENT ON COLUMN manifest.own_folder IS 'Lines whose path began with the manifest''s own folder';

ALTER TABLE manifest_line DROP CONSTRAINT manifest_line_pkey;
ALTER TABLE manifest_line
    ADD PRIMARY KEY (key_code, manifest),
    ADD COLUMN line bigint,
    ADD COLUMN differs jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN changed boolean NOT NULL DEFAULT false,
    ADD COLUMN replaced boolean NOT NULL DEFAULT false;
DROP INDEX manifest_line_manifest;
CREATE INDEX manifest_line_manifest ON manifest_line (manifest, key_code);
COMMENT ON COLUMN manifest_line.line IS
    'Its number in the file; two rows have the same one where its path may mean two keys';
COMMENT ON COLUMN manifest_line.differs IS
    'Columns in which lines of this manifest contradict each other, by the line that did so first';
COMMENT ON COLUMN manifest_line.changed IS 'An earlier manifest said otherwise of the same path';
COMMENT ON COLUMN manifest_line.replaced IS 'A later manifest speaks of the same path, too';

-- `radiotheque migrate` gives them their codes anew.
UPDATE receipt SET key_code = NULL WHERE key IS NOT NFC NORMALIZED;

RESET ROLE;

-- migrate:down
DELETE FROM rad.manifest_line l USING rad.manifest_line o
WHERE l.key_code = o.key_code AND l.manifest < o.manifest;
ALTER TABLE rad.manifest_line DROP CONSTRAINT manifest_line_pkey;
ALTER TABLE rad.manifest_line ADD PRIMARY KEY (key_code),
    DROP COLUMN line, DROP COLUMN differs, DROP COLUMN changed, DROP COLUMN replaced;
DROP INDEX rad.manifest_line_manifest;
CREATE INDEX manifest_line_manifest ON rad.manifest_line (manifest);
ALTER TABLE rad.manifest ADD COLUMN malformed bigint NOT NULL DEFAULT 0;
UPDATE rad.manifest SET malformed =
    (SELECT coalesce(sum(n::bigint), 0) FROM jsonb_each_text(faults) AS f(kind, n));
ALTER TABLE rad.manifest DROP COLUMN usable, DROP COLUMN own_folder, DROP COLUMN repeated,
    DROP COLUMN encoding, DROP COLUMN separator, DROP COLUMN faults, DROP COLUMN read_at;
