#!/bin/sh
# A real S3 server for tests: Ceph radosgw with a memory-only store, on loopback, without root, Docker or Python.
# The distribution's packages are downloaded with apt-get into CACHE and unpacked there; nothing is installed.
#
#   scripts/ceph.sh install CACHE             about 160 MB download, 460 MB on disk; does nothing when it is there
#   scripts/ceph.sh start CACHE RUN PORT      prints the URL; uses PORT and PORT+1; keys TESTKEY / TESTSECRET
#   scripts/ceph.sh stop CACHE RUN            ends it; everything stored is gone
#
# SUITE=forky (default, radosgw 20.2) or trixie (18.2). MIRROR overrides the package mirror of this machine.
# MEMORY_GIB=4 bounds the store.
set -eu

fail() {
  echo "ceph.sh: $*" >&2
  exit 1
}

usage() {
  fail "usage: ceph.sh install CACHE | start CACHE RUN PORT | stop CACHE RUN"
}

absolute() {
  case $1 in /*) echo "$1" ;; *) echo "$PWD/$1" ;; esac
}

# Packages that the daemons name as dependencies but never load when started by hand.
is_unneeded() {
  case $1 in
  ceph-volume* | python3* | libpython3* | systemd_* | libsystemd-shared* | binutils* | gcc-* | lvm2* | nvme* | \
    smartmontools* | cryptsetup* | xfsprogs* | parted* | gdisk* | hdparm* | cron* | logrotate* | sudo* | adduser* | \
    passwd* | psmisc* | sysvinit* | dmidecode* | tzdata* | libc-gconv*) return 0 ;;
  *) return 1 ;;
  esac
}

install() {
  [ -f "$cache/complete" ] && return 0
  . "$scripts/debian.sh"
  require_debian "Use an S3 endpoint of your own instead."
  mkdir -p "$cache/root"
  download "$cache/apt" "${SUITE:-forky}" radosgw ceph-mon ceph-osd
  for package in "$apt"/cache/archives/*.deb; do
    is_unneeded "$(basename "$package")" || dpkg -x "$package" "$cache/root" >>"$log" 2>&1 ||
      fail "$package cannot be unpacked; is the disk full? See $log"
  done
  rm -rf "$apt/cache" "$apt/lists"
  : >"$cache/complete"
}

# Runs a program of the cache through its own loader, since this machine's libc may be older.
ceph_run() {
  program=$1
  shift
  set -- "$cache/root/usr/bin/$program" "$@"
  for loader in "$libraries"/ld-linux*.so.?; do
    "$loader" --library-path "$libraries:$libraries/ceph" "$@"
    return
  done
}

write_config() {
  cat >ceph.conf <<CONFIG
[global]
fsid=$1
mon host=[v2:127.0.0.1:$((port + 1))/0]
run dir=$run
admin socket=
pid file=$run/\$name.pid
log file=$run/\$name.log
keyring=$run/keyring
plugin dir=$libraries/ceph
erasure code dir=$libraries/ceph/erasure-code
osd pool default size=1
osd pool default min size=1
mon allow pool size one=true
osd crush chooseleaf type=0
osd pool default pg num=4
osd pool default pg autoscale mode=off
mon data avail crit=1
mon max pg per osd=2000
public network=127.0.0.0/8
ms bind ipv6=false
[mon.a]
mon data=$run/mon
# Without these two the start takes eleven seconds instead of one.
paxos propose interval=0.02
paxos min wait=0.01
[osd.0]
osd data=$run/osd
osd objectstore=memstore
memstore device bytes=$((${MEMORY_GIB:-4} * 1073741824))
osd class dir=$libraries/rados-classes
osd class load list=*
osd class default list=*
[client.rgw]
rgw frontends=beast endpoint=127.0.0.1:$port
rgw data=$run/rgw
rgw run sync thread=false
CONFIG
}

boot() {
  ceph_run ceph-authtool --create-keyring keyring --gen-key -n mon. --cap mon 'allow *' &&
    for name in client.admin client.rgw osd.0; do
      ceph_run ceph-authtool keyring --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *' || return 1
    done &&
    ceph_run monmaptool --create --addv a "[v2:127.0.0.1:$((port + 1))]" --fsid "$1" monmap &&
    ceph_run osdmaptool --createsimple 1 --clobber osdmap &&
    ceph_run ceph-mon -c ceph.conf --mkfs -i a --monmap monmap --osdmap osdmap --keyring keyring &&
    ceph_run ceph-mon -c ceph.conf -i a &&
    ceph_run ceph-osd -c ceph.conf -i 0 --mkfs --osd-uuid "$2" --monmap monmap &&
    ceph_run ceph-osd -c ceph.conf -i 0 &&
    ceph_run radosgw -c ceph.conf -n client.rgw &&
    ceph_run radosgw-admin -c ceph.conf -n client.rgw user create --uid=test --display-name=test \
      --access-key=TESTKEY --secret=TESTSECRET &&
    await_port
}

# radosgw returns to the shell before it listens.
await_port() {
  tries=600
  until grep -qs "0100007F:$(printf %04X "$port") 00000000:0000 0A" /proc/net/tcp; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

start() {
  case $port in '' | *[!0-9]*) fail "$port is no port number" ;; esac
  [ -f "$cache/complete" ] || fail "nothing is installed in $cache: run ceph.sh install first."
  [ ! -e "$run/ceph.conf" ] || fail "$run is in use: run ceph.sh stop first."
  mkdir -p "$run/mon" "$run/osd" "$run/rgw"
  cd "$run"
  for libraries in "$cache"/root/usr/lib/*-linux-gnu*; do [ -d "$libraries/ceph" ] && break; done
  uuid=/proc/sys/kernel/random/uuid
  fsid=$(cat "$uuid")
  write_config "$fsid"
  boot "$fsid" "$(cat "$uuid")" >start.log 2>&1 || {
    cp start.log "$cache/start.log"
    stop
    fail "the daemons do not start; see $cache/start.log"
  }
  echo "http://127.0.0.1:$port"
}

stop() {
  [ -f "$run/ceph.conf" ] || return 0
  # The store is in memory: there is nothing to flush.
  for file in "$run"/*.pid; do
    [ -f "$file" ] || continue
    pid=$(cat "$file")
    # After a reboot the number may be another program's.
    grep -aqsF "$cache/root/usr/bin/" "/proc/$pid/cmdline" && kill -9 "$pid" 2>/dev/null || :
  done
  rm -rf "$run"
}

[ $# -ge 2 ] || usage
command=$1
scripts=$(absolute "$(dirname "$0")")
cache=$(absolute "$2")
case $command in
install) install ;;
start)
  [ $# -eq 4 ] || usage
  run=$(absolute "$3")
  port=$4
  start
  ;;
stop)
  [ $# -eq 3 ] || usage
  run=$(absolute "$3")
  stop
  ;;
*) usage ;;
esac
