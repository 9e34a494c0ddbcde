#!/bin/sh
# Writes passwords and a key for this machine alone, next to itself; git ignores them. What is there already stays.
set -eu
cd "$(dirname "$0")"
umask 077

if [ ! -e nats-passwords.env ]; then
  for role in route ingest edge hub webhooks operator; do
    # A letter first: the server reads it as a value of its configuration.
    echo "$role=p$(openssl rand -hex 24)"
  done > nats-passwords.env.new
  mv nats-passwords.env.new nats-passwords.env
fi

if [ ! -e token-keys.env ]; then
  echo "TIDINGS_JWT_SECRET=$(openssl rand -hex 32)" > token-keys.env.new
  mv token-keys.env.new token-keys.env
fi
