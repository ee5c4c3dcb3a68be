#!/bin/sh
# Writes the state folder that `make up` writes natively, then runs the command.
# The programs' settings come from the container's environment; only `prepare` is also given the
# administrators' keys and the first secrets, which never reach settings.env.
set -eu
umask 077
state="${RADIOTHEQUE_STATE_DIR:?}"
export RADIOTHEQUE_STATE="$state"
env | grep '^RADIOTHEQUE_' | grep -v '^RADIOTHEQUE_POSTGRES_ADMIN_PASSWORD=' \
  | grep -v '^RADIOTHEQUE_STATE=' > "$state/settings.env"
if [ -n "${ADMIN_S3_ACCESS_KEY:-}" ]; then
  export RADIOTHEQUE_S3_ACCESS_KEY="$ADMIN_S3_ACCESS_KEY"
  export RADIOTHEQUE_S3_SECRET_KEY="$ADMIN_S3_SECRET_KEY"
  env | sed -n 's/^SECRET_\([A-Z0-9_]*\)=\(.*\)$/\1 \2/p' | awk '
    BEGIN { printf "{" }
    { printf "%s\"%s\": \"%s\"", (NR > 1 ? ", " : ""), tolower($1), $2 }
    END { print "}" }' > "$state/secrets.json"
fi
exec "$@"
