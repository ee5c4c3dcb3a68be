#!/bin/sh
# Makes the secrets of `docker compose up`: one line each in .env, which git ignores.
# Those that are there stay; run it again after an update to add new ones.
set -eu
umask 077
cd "$(dirname "$0")/.."
file="${1:-.env}"
touch "$file"
chmod 600 "$file"

letters() { LC_ALL=C tr -dc "$1" < /dev/urandom | head -c "$2"; }

keep_or_make() {
  if ! grep -q "^$1=" "$file"; then
    printf '%s=%s\n' "$1" "$2" >> "$file"
  fi
}

# Which Triton runs: cpu here, gpu with `docker compose --profile gpu up`.
keep_or_make COMPOSE_PROFILES cpu
for name in SITE_SECRET POSTGRES_ADMIN_PASSWORD POSTGRES_PASSWORD MINIO_ROOT_PASSWORD \
  S3_PROGRAM_SECRET S3_DROP_SECRET VALKEY_PASSWORD TRITON_SECRET WEB_SECRET WEB_TOKEN; do
  keep_or_make "$name" "$(letters 0-9a-f 40)"
done
# A person types this one: no letters that look alike.
part() { letters abcdefghjkmnpqrstuvwxyz23456789 5; }
keep_or_make WEB_PASSWORD "$(part)-$(part)-$(part)-$(part)"

echo "Secrets are in $file. After \`docker compose up\`:"
echo "  http://127.0.0.1:8080, account admin, password $(sed -n 's/^WEB_PASSWORD=//p' "$file")"
