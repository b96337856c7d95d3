#!/bin/sh
# Registers the namespace and the search attributes of restores; safe to run again. Uses TEMPORAL_ADDRESS and
# TEMPORAL_NAMESPACE like all of Temporal's tools.
set -eu
# Temporal's command line looks for its profile in HOME and fails without one.
export HOME="${HOME:-/tmp}"

temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --retention 30d --namespace "$TEMPORAL_NAMESPACE"

missing() {
  ! temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" 2>/dev/null | grep -qw "$1"
}

# A new namespace is not known to all parts of the server at once.
for attribute in DrydockRestore DrydockBackup DrydockNamespace DrydockPhase DrydockOutcome; do
  tries=0
  while missing "$attribute"; do
    tries=$((tries + 1))
    [ "$tries" -le 30 ] || { echo "search attribute $attribute could not be registered" >&2; exit 1; }
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$attribute" --type Keyword || true
    sleep 1
  done
done
