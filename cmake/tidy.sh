#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs clang-tidy over the given sources, or over all that differ from REF (--since REF), or over all.
#   cmake/tidy.sh [--since REF | FILE...]
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."

case ${1-} in
  --since) mapfile -t files < <(git diff --name-only --diff-filter=d "$2" -- '*.cc') ;;
  '') mapfile -t files < <(git ls-files '*.cc') ;;
  *) files=("$@") ;;
esac
[[ ${#files[@]} -gt 0 ]] || exit 0
[[ -f build/release/compile_commands.json ]] || cmake --preset check >/dev/null
# What this configuration doesn't build (fuzz targets) has no command line to go by.
known=()
for file in "${files[@]}"; do
  grep -qF "/$file\"" build/release/compile_commands.json && known+=("$file")
done
printf '%s\0' "${known[@]}" | xargs -0 -n 1 -P "$(nproc)" clang-tidy-14 -p build/release --quiet
