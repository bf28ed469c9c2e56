#!/bin/sh
# Runs the object-storage contract against a real S3 server that nobody here wrote: OpenStack Swift with its s3api, from Debian's packages.
# Everything else lies in a temporary folder and listens on the loopback address; all of it is stopped and removed at the end.
#   sh test/s3/swift.sh [arguments for vitest]      Needs Debian or Ubuntu; installs the packages (as root) when they are missing.
set -eu
cd "$(dirname "$0")/../.."

if ! command -v swift-proxy-server >/dev/null || ! command -v memcached >/dev/null; then
  echo 'Installing Swift from the distribution …'
  # RUNLEVEL=1: the packages' own services are not started.
  apt-get update -qq
  RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    swift-proxy swift-account swift-container swift-object python3-keystonemiddleware memcached
fi

proxy=18085 objects=16200 containers=16201 accounts=16202 cache=16211
work=$(mktemp -d)
etc=$work/etc
mkdir -p "$etc" "$work/srv/d1" "$work/cache" "$work/log"
pids=

stop() {
  status=$?
  trap - EXIT INT TERM
  for pid in $pids; do kill "$pid" 2>/dev/null || true; done
  for pid in $pids; do wait "$pid" 2>/dev/null || true; done
  if [ "$status" -ne 0 ] && [ -n "${KEEP_LOGS:-}" ]; then echo "Logs: $work/log"; rm -rf "$work/srv"; else rm -rf "$work"; fi
  exit "$status"
}
trap stop EXIT INT TERM

cat > "$etc/swift.conf" <<END
[swift-hash]
swift_hash_path_prefix = test
swift_hash_path_suffix = test
[storage-policy:0]
name = only
default = yes
END

# storage_server NAME PORT
storage_server() {
  cat > "$etc/$1-server.conf" <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $2
workers = 0
swift_dir = $etc
devices = $work/srv
mount_check = false
user = $(id -un)
disable_fallocate = true
[pipeline:main]
pipeline = $1-server
[app:$1-server]
use = egg:swift#$1
recon_cache_path = $work/cache
END
  builder=$etc/$1.builder
  swift-ring-builder "$builder" create 4 1 1 >/dev/null
  swift-ring-builder "$builder" add "r1z1-127.0.0.1:$2/d1" 1 >/dev/null
  swift-ring-builder "$builder" rebalance >/dev/null
}
storage_server account $accounts
storage_server container $containers
storage_server object $objects

cat > "$etc/proxy-server.conf" <<END
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $proxy
workers = 0
swift_dir = $etc
user = $(id -un)
[pipeline:main]
pipeline = catch_errors proxy-logging cache listing_formats bulk s3api tempauth slo dlo versioned_writes symlink proxy-logging proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:proxy-logging]
use = egg:swift#proxy_logging
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:$cache
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin .reseller_admin
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
[filter:dlo]
use = egg:swift#dlo
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_versioned_writes = true
[filter:symlink]
use = egg:swift#symlink
END

# start NAME COMMAND …
start() {
  name=$1
  shift
  "$@" >"$work/log/$name" 2>&1 &
  pids="$pids $!"
}
root_flag=; [ "$(id -u)" -ne 0 ] || root_flag='-u root'
# shellcheck disable=SC2086
start memcached memcached -l 127.0.0.1 -p $cache -U 0 -m 64 $root_flag
for name in account container object proxy; do start "$name" "swift-$name-server" "$etc/$name-server.conf" --verbose; done

export S3_TEST_ENDPOINT=http://127.0.0.1:$proxy S3_TEST_BUCKET=contract S3_TEST_REGION=us-east-1 \
  S3_TEST_ACCESS_KEY_ID=test:tester S3_TEST_SECRET_ACCESS_KEY=testing S3_TEST_SERVER=swift
node test/s3/make-bucket.mjs || { tail -n 5 "$work"/log/*; exit 1; }
npm run --silent test:s3 -- "$@"
