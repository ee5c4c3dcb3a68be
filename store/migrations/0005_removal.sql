-- Films and patients removed everywhere, and analyses that always die asked for only once.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE TABLE erasure (
    film text PRIMARY KEY,
    tombstone text NOT NULL,
    raws jsonb NOT NULL CHECK (jsonb_typeof(raws) = 'array'),
    erased_at timestamptz NOT NULL DEFAULT now(),
    again_at timestamptz NOT NULL,
    done_at timestamptz
);
COMMENT ON TABLE erasure IS
    'A film whose objects are being removed; gone with the second pass, its raw keys with it';
COMMENT ON COLUMN erasure.raws IS 'Raw versions of its drops: bucket, key, version';
COMMENT ON COLUMN erasure.again_at IS 'When the second pass is due';
COMMENT ON COLUMN erasure.done_at IS 'When the first pass was done';
CREATE INDEX erasure_due ON erasure (again_at);
CREATE INDEX erasure_tombstone ON erasure (tombstone);

ALTER TABLE tombstone ADD COLUMN patient text;
COMMENT ON TABLE tombstone IS
    'HMAC of the id of an erased film or patient, keyed by the site''s secret';
COMMENT ON COLUMN tombstone.patient IS
    'The tombstone of the patient this film was erased with: both are lifted together';
CREATE INDEX tombstone_patient ON tombstone (patient) WHERE patient IS NOT NULL;

ALTER TABLE model ADD COLUMN live_at timestamptz;
UPDATE model SET live_at = registered_at WHERE state = 'live';
COMMENT ON COLUMN model.live_at IS 'When it last went live: dead letters before are not its own';

-- By hash: a key that is not ours may be longer than a tree's page holds.
CREATE INDEX dead_letter_key ON dead_letter USING hash (key);
CREATE INDEX dead_letter_receipt ON dead_letter (receipt);

GRANT SELECT, INSERT, UPDATE, DELETE ON erasure TO rad_api;
GRANT SELECT ON erasure TO radiotheque_export;

RESET ROLE;

-- migrate:down
DROP TABLE rad.erasure;
ALTER TABLE rad.tombstone DROP COLUMN patient;
ALTER TABLE rad.model DROP COLUMN live_at;
DROP INDEX rad.dead_letter_key, rad.dead_letter_receipt;
