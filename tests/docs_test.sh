#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Holds what README.md and the other pages say against what there is: commands, flags, presets, links and the
# table of layers. Runs the shown commands that are cheap.
#   tests/docs_test.sh ANTIPHON [ANTIPHON_TRAIN]       the built programs; without the second its flags aren't looked at
set -euo pipefail
antiphon=$(realpath "$1")
train=${2:+$(realpath "$2")}
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
checked=0
failed=0

wrong() {
  echo "$*"
  failed=$((failed + 1))
}

# commands PAGE: the lines of its ```sh blocks, with continued lines joined and comments gone.
commands() {
  awk '/^```sh/ { on = 1; next } /^```/ { on = 0 } on' "$1" |
    sed -e ':a' -e '/\\$/{N;s/\\\n *//;ta' -e '}' -e 's/ *# .*//' -e '/^ *$/d'
}

declare -A help_of
# helps PROGRAM [SUBCOMMAND...]: whether there is such a command. Each is asked once: libtorch takes a second to load.
helps() {
  [[ -v help_of[$*] ]] || help_of[$*]=$("$@" --help 2>&1) || help_of[$*]=''
  [[ -n ${help_of[$*]} ]]
}

# check_flags PAGE PROGRAM COMMAND-LINE-WORDS...: every --flag and the subcommands are in the program's help.
check_flags() {
  local page=$1 command=("$2") word
  shift 2
  while [[ $# -gt 0 && $1 =~ ^[a-z][a-z-]*$ ]] && helps "${command[@]}" "$1"; do
    command+=("$1")
    shift
  done
  helps "${command[@]}" || wrong "$page: ${command[*]} is no command"
  for word in "$@"; do
    if [[ $word == -* ]] && ! grep -qE -- "(^|[ ,])$word([ ,=]|$)" <<<"${help_of[${command[*]}]}"; then
      wrong "$page: ${command[*]} has no flag $word"
    fi
  done
}

check_command() {
  local page=$1 words
  read -ra words <<<"$2"
  checked=$((checked + 1))
  case ${words[0]} in
    ./* | .ci/* | cmake/*) [[ -x ${words[0]} ]] || wrong "$page: no program ${words[0]}" ;;
    build/*/bin/antiphon) check_flags "$page" "$antiphon" "${words[@]:1}" ;;
    build/*/bin/antiphon-train) [[ -z $train ]] || check_flags "$page" "$train" "${words[@]:1}" ;;
    build/*) ;;
    cmake | cd | git | sudo | ANTIPHON_KERNELS=scalar) ;;
    *) wrong "$page: what is '${words[0]}'?" ;;
  esac
  local preset
  preset=$(sed -nE 's/.*--preset ([a-z]+).*/\1/p; s|^build/([a-z]+)/bin/.*|\1|p' <<<"$2")
  if [[ -n $preset ]] && ! grep -q "\"name\": \"$preset\"" CMakePresets.json; then
    wrong "$page: no preset $preset"
  fi
}

# run_command PAGE LINE: what reads a file of the tree and is over at once, with its outputs in a scratch folder.
run_command() {
  [[ $2 =~ ^build/[a-z]+/bin/antiphon\ (show|convert|models\ list)(\ |$) ]] || return 0
  local words
  read -ra words <<<"${2//out\//$scratch/}"
  "$antiphon" "${words[@]:1}" >"$scratch/log" 2>&1 || {
    cat "$scratch/log"
    wrong "$1: failed: $2"
  }
}

check_links() {
  local page=$1 target
  while read -r target; do
    checked=$((checked + 1))
    [[ -e $(dirname "$page")/$target ]] || wrong "$page: links to $target, which isn't there"
  done < <(grep -oE '\]\([^)#]+' "$page" | sed 's/^](//' | grep -vE '^(https?|mailto):' || true)
}

check_layers() {
  local level module includes
  while read -r level module includes; do
    checked=$((checked + 1))
    includes=${includes:--}
    grep -qE "^\| $level \| \`${module%:}\` \| .* \| ${includes// /, } \|$" docs/architecture.md ||
      wrong "docs/architecture.md: the row of ${module%:} is not that of cmake/layers.txt"
  done < <(grep -v '^#' cmake/layers.txt)
}

while read -r page; do
  check_links "$page"
  while read -r line; do
    check_command "$page" "$line"
    run_command "$page" "$line"
  done < <(commands "$page")
done < <(find . -name '*.md' -not -path './build/*' -not -path './out/*' | sed 's|^\./||' | sort)
check_layers

# A page that says nothing, or a script that finds nothing, is a fault as well.
[[ $checked -ge 20 ]] || wrong "only $checked things to check were found"
echo "$checked checked, $failed wrong"
[[ $failed -eq 0 ]]
