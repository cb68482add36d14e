// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <cstdint>

#include "check_score.h"
#include "formats/format.h"

/// Any bytes are read or refused; what is read is a score as others expect it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reading = antiphon::formats::read_abc({data, size}, "fuzz");
  if (reading) antiphon::check_score(reading->score);
  return 0;
}
