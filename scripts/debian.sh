# shellcheck shell=sh
# Sourced by ceph.sh and redis.sh: gets packages of Debian without root; nothing is installed.
# Its callers define `fail MESSAGE`.

require_debian() {
  for tool in apt-get dpkg; do
    command -v "$tool" >/dev/null 2>&1 || fail "$tool is missing: this works on Debian and its relatives only. $1"
  done
}

# download APT SUITE PACKAGE…: the packages and all they need, as if nothing were installed here, into
# APT/cache/archives. The log is APT/install.log. MIRROR overrides the mirror this machine uses.
download() {
  apt=$1 suite=$2
  shift 2
  keyring=/usr/share/keyrings/debian-archive-keyring.gpg
  [ -f "$keyring" ] || fail "$keyring is missing: install debian-archive-keyring first."
  mirror=${MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -n 1)}
  [ -n "$mirror" ] || fail "no Debian mirror is configured: run apt-get update, or set MIRROR."
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
  log=$apt/install.log
  apt_private -q update >"$log" 2>&1 || fail "the package lists of $suite cannot be downloaded; see $log"
  apt_private -q -y --download-only install "$@" >>"$log" 2>&1 ||
    fail "the packages of $suite cannot be downloaded; see $log"
}

apt_private() {
  apt-get -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
    -o Dir::Etc::preferencesparts=/dev/null -o Dir::State::lists="$apt/lists" -o Dir::Cache="$apt/cache" \
    -o Dir::State::status="$apt/status" -o APT::Install-Recommends=0 -o Debug::NoLocking=1 -o APT::Sandbox::User= "$@"
}
