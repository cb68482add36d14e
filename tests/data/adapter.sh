#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A system that `antiphon atlas --adapter` can measure: it plays what the player played last, an octave lower.

# The number that stands after "NAME": in the line.
number() {
  value=${line#*\""$1"\":}
  value=${value%%[!0-9]*}
}

pitch=0
while read -r line; do
  case $line in
    *'"type":"note","who":"player"'*)
      number pitch
      pitch=$((value - 12))
      ;;
    *'"type":"ask"'*)
      number ask && ask=$value
      number from && from=$value
      notes=
      [ $pitch -gt 0 ] && notes="{\"at\":$from,\"pitch\":$pitch,\"lasts\":3}"
      echo "{\"ask\":$ask,\"until\":$((from + 12)),\"notes\":[$notes]}"
      ;;
  esac
done
