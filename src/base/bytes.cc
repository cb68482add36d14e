// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace antiphon {

Result<ByteView> ByteReader::take(std::size_t count) {
  if (count > remaining()) {
    return Error{Errc::invalid_input, "byte " + std::to_string(offset_) + ": expected " +
                                          std::to_string(count) + " more bytes, found " +
                                          std::to_string(remaining())};
  }
  const ByteView run = bytes_.subspan(offset_, count);
  offset_ += count;
  return run;
}

Result<std::uint8_t> ByteReader::u8() {
  ANTIPHON_TRY(const ByteView run, take(1));
  return run[0];
}

Result<std::uint16_t> ByteReader::u16() {
  ANTIPHON_TRY(const ByteView run, take(2));
  return static_cast<std::uint16_t>(run[0] << 8 | run[1]);
}

Result<std::uint32_t> ByteReader::u32() {
  ANTIPHON_TRY(const ByteView run, take(4));
  return std::uint32_t{run[0]} << 24 | std::uint32_t{run[1]} << 16 | std::uint32_t{run[2]} << 8 |
         run[3];
}

void ByteWriter::u16(std::uint16_t value) {
  u8(static_cast<std::uint8_t>(value >> 8));
  u8(static_cast<std::uint8_t>(value));
}

void ByteWriter::u32(std::uint32_t value) {
  u16(static_cast<std::uint16_t>(value >> 16));
  u16(static_cast<std::uint16_t>(value));
}

}  // namespace antiphon
