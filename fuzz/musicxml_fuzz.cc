// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "formats/format.h"

/// Any bytes are read or refused; what is read can be written, and what is written reads again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace antiphon;
  const auto reading = formats::read_musicxml({data, size}, "fuzz");
  if (!reading) return 0;
  // A short file may ask for long silences, each bar of which is a line to write.
  const music::Score& score = reading->score;
  if (music::bars_of(score).size() * (score.parts.size() + 1) > 20000) return 0;
  const Bytes written = formats::write_musicxml(score);
  if (!formats::read_musicxml(written, "again")) std::abort();
  return 0;
}
