-- What was asked for once and may be asked again by a client that did not see the answer.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE TABLE once (
    account uuid NOT NULL REFERENCES account ON DELETE CASCADE,
    kind text NOT NULL CHECK (kind IN ('reading', 'comment')),
    key bytea NOT NULL CHECK (length(key) = 32),
    said bytea NOT NULL CHECK (length(said) = 32),
    film text NOT NULL REFERENCES film ON DELETE CASCADE,
    made uuid NOT NULL,
    kept_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (account, kind, key)
);
COMMENT ON TABLE once IS
    'Requests with an Idempotency-Key that were done: for a day, the same again makes nothing new';
COMMENT ON COLUMN once.key IS 'Keyed code of the client''s key';
COMMENT ON COLUMN once.said IS 'Keyed code of what was asked';
COMMENT ON COLUMN once.made IS 'The reading or comment that it made';
CREATE INDEX once_kept_at ON once (kept_at);
CREATE INDEX once_film ON once (film);
GRANT SELECT, INSERT, UPDATE, DELETE ON once TO rad_api;
GRANT SELECT ON once TO radiotheque_export;

RESET ROLE;

-- migrate:down
DROP TABLE rad.once;
