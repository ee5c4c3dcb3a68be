-- Lists by what one source says of a finding, newest first: without this index every label of
-- that value was read, of whatever source. A physician's are few among those imported.

-- migrate:up
SET LOCAL ROLE rad_owner;
SET LOCAL search_path = rad, ext;

CREATE INDEX label_finding_source ON label (finding, source, value, position DESC);

RESET ROLE;

-- migrate:down
DROP INDEX rad.label_finding_source;
