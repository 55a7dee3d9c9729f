#!/bin/sh
# Backs up the data folder of a Parvis, which may run meanwhile, and keeps the newest 14.
#
#   backup.sh DATA BACKUPS [PYTHON]      writes BACKUPS/parvis-2026-11-22T04-00-00Z.tar
#
# The database is copied by SQLite's own online backup, so that it is whole; recordings are appended to, and
# what is written during the copy may be missing at their end. Left out: run/ (sockets), lock. With PostgreSQL
# back the database up by pg_dump beside this. To restore: docs/operations/README.md.
set -eu

data=${1:?the data folder} backups=${2:?a folder for backups} python=${3:-/opt/parvis/current/bin/python}
keep=14

umask 077
mkdir -p "$backups"
made=$backups/parvis-$(date -u +%Y-%m-%dT%H-%M-%SZ)
work=$(mktemp -d "$backups/.making-XXXXXX")
trap 'rm -rf "$work"' EXIT

if [ -f "$data/parvis.sqlite3" ]; then
    "$python" - "$data/parvis.sqlite3" "$work/parvis.sqlite3" <<'EOF'
import sqlite3, sys
source = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True, timeout=30)
target = sqlite3.connect(sys.argv[2])
with target:
    source.backup(target, pages=256, sleep=0.05)
(state,) = target.execute("PRAGMA integrity_check").fetchone()
sys.exit(0 if state == "ok" else f"the copy of the database is not whole: {state}")
EOF
fi

# tar says 1 when a recording grew while it was read: that is expected.
tar --create --file="$work/all.tar" --directory="$data" --exclude=./run --exclude=./lock \
    --exclude='./parvis.sqlite3*' --warning=no-file-changed . || [ $? -eq 1 ]
if [ -f "$work/parvis.sqlite3" ]; then
    tar --append --file="$work/all.tar" --directory="$work" ./parvis.sqlite3
fi
mv "$work/all.tar" "$made.tar"
echo "$made.tar"

ls -1d "$backups"/parvis-*.tar | sort | head -n -"$keep" | while IFS= read -r old; do rm -f "$old"; done
