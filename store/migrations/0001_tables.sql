-- The tables. They belong to rad_owner; programs reach them through the functions of schema api
-- only. Roles, the schemas and the extension vector are made by store/migrate.py before this.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE TABLE site (
    code text PRIMARY KEY CHECK (code <> ''),
    first_seen timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE site IS 'Where films come from: the source of events';

-- People and programs ------------------------------------------------------------------------

CREATE TABLE account (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role text NOT NULL CHECK (role IN ('viewer', 'radiologist', 'steward', 'admin')),
    pseudonym text NOT NULL UNIQUE,
    site text NOT NULL REFERENCES site,
    password_hash text,
    created_at timestamptz NOT NULL DEFAULT now(),
    removed_at timestamptz
);
COMMENT ON TABLE account IS
    'A person or program that signs in; removed ones keep their pseudonym, never their name';
CREATE UNIQUE INDEX account_name ON account (lower(name)) WHERE removed_at IS NULL;

CREATE TABLE token (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account uuid NOT NULL REFERENCES account,
    sha256 bytea NOT NULL UNIQUE CHECK (octet_length(sha256) = 32),
    label text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE token IS 'A bearer token of a program; only its hash is kept';
CREATE INDEX token_account ON token (account);

-- Films and drops ----------------------------------------------------------------------------

CREATE TABLE film (
    id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY UNIQUE,
    width integer NOT NULL CHECK (width > 0),
    height integer NOT NULL CHECK (height > 0),
    bits smallint NOT NULL CHECK (bits IN (8, 16)),
    site text NOT NULL REFERENCES site,
    source text NOT NULL,
    signature bytea NOT NULL CHECK (octet_length(signature) = 1024),
    patient text,
    study text,
    view text CHECK (view IN ('PA', 'AP', 'LATERAL')),
    flags text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    requested_at timestamptz
);
COMMENT ON TABLE film IS 'A stored film, by the hash of its samples';
COMMENT ON COLUMN film.position IS 'Orders lists, newest first: their keyset';
COMMENT ON COLUMN film.signature IS '32 x 32 grey samples, row by row';
COMMENT ON COLUMN film.requested_at IS 'When an analysis was last asked for';
CREATE INDEX film_patient ON film (patient) WHERE patient IS NOT NULL;

CREATE TABLE receipt (
    id uuid PRIMARY KEY,
    bucket text NOT NULL,
    key text NOT NULL,
    version text NOT NULL,
    lane text NOT NULL CHECK (lane IN ('first', 'bulk')),
    state text NOT NULL DEFAULT 'received' CHECK (
        state IN ('received', 'accepted', 'analysed', 'rejected', 'quarantined', 'failed')
    ),
    site text NOT NULL REFERENCES site,
    source text NOT NULL,
    size bigint NOT NULL CHECK (size >= 0),
    filename text,
    depositor uuid REFERENCES account,
    code text,
    wanted text,
    came text,
    film text REFERENCES film ON DELETE SET NULL,
    said jsonb,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (bucket, key, version)
);
COMMENT ON TABLE receipt IS 'A drop (one version of one object) and what became of it';
COMMENT ON COLUMN receipt.said IS
    'What this drop says of patient, study, view and source; never overwritten';
CREATE INDEX receipt_film ON receipt (film);
CREATE INDEX receipt_newest ON receipt (created_at DESC);
CREATE INDEX receipt_depositor ON receipt (depositor, created_at DESC);

CREATE TABLE tombstone (
    code text PRIMARY KEY,
    erased_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE tombstone IS 'HMAC of the id of an erased film, keyed by the site''s secret';

-- What models say ----------------------------------------------------------------------------

CREATE TABLE model (
    version integer PRIMARY KEY CHECK (version > 0),
    label text NOT NULL UNIQUE,
    manifest jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('live', 'former', 'candidate', 'retired')),
    embedding_version text NOT NULL,
    alert double precision[] NOT NULL CHECK (cardinality(alert) = 14),
    sensitive double precision[] NOT NULL CHECK (cardinality(sensitive) = 14),
    registered_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE model IS 'A registered model version; alert and sensitive are its thresholds';
CREATE UNIQUE INDEX model_live ON model (state) WHERE state = 'live';

CREATE TABLE analysis (
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    model integer NOT NULL REFERENCES model,
    preprocessing text NOT NULL,
    probabilities real[] NOT NULL CHECK (cardinality(probabilities) = 14),
    features bytea NOT NULL,
    activation bytea NOT NULL,
    analysed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (film, model)
);
COMMENT ON TABLE analysis IS 'What one model version says of one film';
COMMENT ON COLUMN analysis.probabilities IS 'Calibrated, 0..1, null where not assessed';
COMMENT ON COLUMN analysis.features IS 'float16 little-endian (d,), pooled';
COMMENT ON COLUMN analysis.activation IS 'uint8 (14, h, w), scaled per finding';
-- Half precision floats do not compress: trying would only cost time.
ALTER TABLE analysis ALTER COLUMN features SET STORAGE EXTERNAL;

CREATE TABLE embedding (
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    embedding_version text NOT NULL,
    embedding halfvec(512) NOT NULL,
    PRIMARY KEY (embedding_version, film)
) PARTITION BY LIST (embedding_version);
COMMENT ON TABLE embedding IS
    'Unit vectors, one partition with its HNSW index per embedding version';

CREATE TABLE setting (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    search_version text
);
COMMENT ON TABLE setting IS 'One row: the embedding version that searches use';
INSERT INTO setting DEFAULT VALUES;

-- What people say ----------------------------------------------------------------------------

CREATE TABLE label (
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    finding text NOT NULL,
    source text NOT NULL CHECK (source IN ('physician', 'imported', 'synthetic')),
    author text NOT NULL,
    value smallint NOT NULL CHECK (value IN (1, 0, -1)),
    position bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (film, finding, source, author)
);
COMMENT ON TABLE label IS '1 present, 0 absent, -1 uncertain; not mentioned is no row';
CREATE INDEX label_finding ON label (finding, value, position DESC) INCLUDE (source);
CREATE INDEX label_source ON label (source, position DESC);

CREATE TABLE reading (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    account uuid NOT NULL REFERENCES account,
    answer_visible boolean NOT NULL,
    others_visible boolean NOT NULL,
    model text,
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE reading IS 'One person''s verdicts on one film, saved together';
COMMENT ON COLUMN reading.answer_visible IS 'The reader had seen the model''s scores';
CREATE INDEX reading_film ON reading (film, recorded_at);

CREATE TABLE verdict (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    reading uuid NOT NULL REFERENCES reading ON DELETE CASCADE,
    finding text NOT NULL,
    value smallint NOT NULL CHECK (value IN (1, 0, -1)),
    UNIQUE (reading, finding)
);
COMMENT ON TABLE verdict IS 'What a reading says of one finding';

CREATE TABLE comment (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    account uuid NOT NULL REFERENCES account,
    text text NOT NULL CHECK (length(text) <= 4000 AND text ~ '\S'),
    recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX comment_film ON comment (film, recorded_at);
COMMENT ON TABLE comment IS 'What somebody wrote of a film';

CREATE TABLE shown (
    account uuid NOT NULL REFERENCES account,
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    answer boolean NOT NULL,
    others boolean NOT NULL,
    PRIMARY KEY (account, film)
);
CREATE INDEX shown_film ON shown (film);
COMMENT ON TABLE shown IS 'What the server has shown to whom: scores, others'' verdicts';

-- Messages and the journal -------------------------------------------------------------------

CREATE TABLE outbox (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    topic text NOT NULL,
    key bytea,
    header_names text[] NOT NULL,
    header_values bytea[] NOT NULL,
    value bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz,
    CHECK (cardinality(header_names) = cardinality(header_values))
);
COMMENT ON TABLE outbox IS 'Messages said in the transaction that made them true';
CREATE INDEX outbox_waiting ON outbox (number) WHERE published_at IS NULL;
CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL;
-- Every row is updated once and deleted once: vacuum early, or dead rows drown the waiting ones.
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.02);

CREATE TABLE dead_letter (
    id uuid PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    "group" text NOT NULL,
    key bytea,
    header_names text[] NOT NULL,
    header_values bytea[] NOT NULL,
    value bytea,
    reason text NOT NULL,
    attempts integer NOT NULL CHECK (attempts > 0),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'replayed', 'discarded')),
    receipt uuid REFERENCES receipt,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (topic, partition, "offset", "group"),
    CHECK (cardinality(header_names) = cardinality(header_values))
);
COMMENT ON TABLE dead_letter IS 'A record set aside whole, once per origin and group';
CREATE INDEX dead_letter_open ON dead_letter (recorded_at DESC) WHERE state = 'open';
CREATE INDEX dead_letter_newest ON dead_letter (recorded_at DESC);

CREATE TABLE audit (
    number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    account uuid,
    who text,
    action text NOT NULL,
    subject text,
    detail jsonb NOT NULL DEFAULT '{}'
);
COMMENT ON TABLE audit IS 'Who did what, when: appended to, never changed';

-- What lists show: kept by the functions, so that a page costs the same among 100,000 films ------

CREATE TABLE card (
    position bigint PRIMARY KEY,
    film text NOT NULL UNIQUE REFERENCES film ON DELETE CASCADE,
    updated_at timestamptz NOT NULL DEFAULT now(),
    model integer REFERENCES model,
    scores real[],
    states smallint[],
    present boolean[],
    readings integer NOT NULL DEFAULT 0,
    comments integer NOT NULL DEFAULT 0
);
COMMENT ON TABLE card IS
    'A film as lists show it: scores of the live model''s analysis, else of the newest';
COMMENT ON COLUMN card.states IS
    'Per finding: 0 not assessed, 1 not suspected, 2 borderline, 3 suspected';
COMMENT ON COLUMN card.present IS
    'Per finding: labelled present by a physician or import or, unlabelled, suspected';
CREATE INDEX card_updated ON card (updated_at);
CREATE INDEX card_waiting ON card (position) WHERE model IS NULL;
CREATE INDEX card_model ON card (model);
CREATE INDEX card_read ON card (position) WHERE readings > 0;

DO $$
BEGIN
    FOR place IN 1..14 LOOP
        EXECUTE format(
            'CREATE INDEX card_score_%1$s ON card ((scores[%1$s])) WHERE model IS NOT NULL',
            place);
        EXECUTE format(
            'CREATE INDEX card_state_%1$s ON card ((states[%1$s]), position)'
            ' WHERE model IS NOT NULL', place);
        EXECUTE format(
            'CREATE INDEX card_present_%1$s ON card (position) WHERE present[%1$s]', place);
    END LOOP;
END $$;

RESET ROLE;

-- migrate:down
DROP SCHEMA rad CASCADE;
CREATE SCHEMA rad AUTHORIZATION rad_owner;
