# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What ./play, ./check and .ci/run share. Source it from the root of the tree.

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# quietly WHAT LOG COMMAND...: runs it with its output in LOG, and shows the end of that if it fails.
quietly() {
  local what=$1 log=$2
  shift 2
  mkdir -p "$(dirname "$log")"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    tail -n 40 "$log" >&2
    die "$what failed; the whole log is $log"
  fi
}

# missing LIST...: the packages of cmake/packages/LIST.txt that are not installed.
missing() {
  local list wanted=() have
  for list in "$@"; do
    mapfile -t -O "${#wanted[@]}" wanted < <(grep -v '^#' "cmake/packages/$list.txt")
  done
  # shellcheck disable=SC2016  # dpkg-query expands these.
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null || true)
  printf '%s\n' "${wanted[@]}" | grep -vxF -f <(sed -n 's/^installed //p' <<<"$have") || true
}

# need LIST...: makes sure that all packages of the lists are there. Says nothing if they are.
need() {
  command -v dpkg-query >/dev/null || {
    echo "No dpkg here: what cmake/packages/{$(IFS=,; echo "$*")}.txt name must be installed already." >&2
    return 0
  }
  local packages as_root=()
  mapfile -t packages < <(missing "$@")
  [[ ${#packages[@]} -gt 0 ]] || return 0
  echo "Installing ${packages[*]}"
  if [[ $EUID -ne 0 ]]; then
    command -v sudo >/dev/null ||
      die "Not root and no sudo. As root: apt-get install --no-install-recommends ${packages[*]}"
    sudo -v || die "sudo was refused. As root: apt-get install --no-install-recommends ${packages[*]}"
    as_root=(sudo)
  fi
  local get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive
    apt-get -y -q --no-install-recommends install "${packages[@]}")
  mkdir -p build
  # The lists of packages on a new machine are missing or old, and then the first try fails.
  "${get[@]}" >build/install.log 2>&1 </dev/null && return 0
  quietly "apt-get update" build/update.log "${as_root[@]}" apt-get -q update
  quietly "apt-get install" build/install.log "${get[@]}"
}

# build PRESET TARGET [CMAKE OPTION...]: configures build/release and builds there. Talks where there is something to do.
build() {
  local log=build/$1 ninja=(ninja -C build/release "$2")
  quietly "Configuring" "$log.configure.log" cmake --preset "$1" "${@:3}"
  if "${ninja[@]}" -n | grep -q '^ninja: no work to do'; then return 0; fi
  echo "Building"
  if [[ -t 1 ]]; then
    "${ninja[@]}" || die "The build failed."
  else
    quietly "The build" "$log.build.log" "${ninja[@]}"
  fi
}
