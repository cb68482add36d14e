// SPDX-License-Identifier: Apache-2.0
#include "demands.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  antiphon::check_reader(antiphon::formats::read_musicxml, {data, size}, std::size_t{128} << 20);
  return 0;
}
