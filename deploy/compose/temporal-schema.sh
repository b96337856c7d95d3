#!/bin/sh
# Creates Temporal's two databases on Postgres and brings their schema up to date; safe to run again.
set -eu
schema() {
  tool="temporal-sql-tool --plugin postgres12 --ep postgresql -p 5432 -u temporal --db $1"
  # Both fail where they were done before; the update below fails where they did not work.
  $tool create || true
  $tool setup-schema -v 0.0 || true
  $tool update-schema -d "/etc/temporal/schema/postgresql/v12/$2/versioned"
}
schema temporal temporal
schema temporal_visibility visibility
