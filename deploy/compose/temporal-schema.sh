#!/bin/sh
# Creates Temporal's two databases on Postgres and updates their schema. Safe to run again.
set -eu
schema() {
  tool="temporal-sql-tool --plugin postgres12 --ep postgresql -p 5432 -u temporal --db $1"
  # Both fail if they were done before. If they failed for another reason, the update below fails.
  $tool create || true
  $tool setup-schema -v 0.0 || true
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}
schema temporal temporal
schema temporal_visibility visibility
