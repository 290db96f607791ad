#!/bin/sh
# Prints the folder of a redis-server: this machine's own, or the distribution's package unpacked into CACHE (14 MB),
# without root. For the suites of the gateway's shared state.
#
#   PATH=$(scripts/redis.sh CACHE):$PATH
set -eu

fail() {
  echo "redis.sh: $*" >&2
  exit 1
}

[ $# -eq 1 ] || fail "usage: redis.sh CACHE"
if own=$(command -v redis-server); then
  dirname "$own"
  exit
fi
case $1 in /*) cache=$1 ;; *) cache=$PWD/$1 ;; esac
if [ ! -x "$cache/bin/redis-server" ]; then
  . "$(dirname "$0")/debian.sh"
  require_debian "Put a redis-server or valkey-server on the PATH instead."
  mkdir -p "$cache/root" "$cache/bin"
  download "$cache/apt" "$(. /etc/os-release && echo "$VERSION_CODENAME")" redis-server
  for package in "$cache"/apt/cache/archives/*.deb; do
    case ${package##*/} in
    # The same release as this machine's, so its libc and what else every machine has will do.
    redis* | liblzf* | libjemalloc* | libatomic* | libssl* | libsystemd0*) ;;
    *) continue ;;
    esac
    dpkg -x "$package" "$cache/root" || fail "$package cannot be unpacked; is the disk full?"
  done
  rm -rf "$cache/apt"
  libraries=$(echo "$cache"/root/usr/lib/*-linux-gnu*)
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s/root/usr/bin/redis-server "$@"\n' "$libraries" "$cache" >"$cache/redis"
  chmod +x "$cache/redis"
  mv "$cache/redis" "$cache/bin/redis-server"
fi
echo "$cache/bin"
