// SPDX-License-Identifier: Apache-2.0
#include "sound/wav.h"

#include <string_view>

namespace antiphon::sound {
namespace {

/// Little-endian numbers and tags, as RIFF has them.
class RiffWriter {
 public:
  explicit RiffWriter(Bytes& out) : out_(out) {}
  void tag(std::string_view text) { out_.insert(out_.end(), text.begin(), text.end()); }
  void u16(std::uint32_t value) { put(value, 2); }
  void u32(std::uint32_t value) { put(value, 4); }

 private:
  void put(std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  Bytes& out_;
};

}  // namespace

Bytes write_wav(std::span<const std::int16_t> samples, int rate_hz) {
  constexpr std::uint32_t channels = 2, frame_bytes = 4, header_bytes = 44;
  const auto rate = static_cast<std::uint32_t>(rate_hz);
  const auto data_bytes = static_cast<std::uint32_t>(samples.size() * 2);
  Bytes bytes;
  bytes.reserve(header_bytes + data_bytes);
  RiffWriter out(bytes);
  out.tag("RIFF");
  out.u32(header_bytes - 8 + data_bytes);
  out.tag("WAVEfmt ");
  out.u32(16);
  out.u16(1);  // PCM.
  out.u16(channels);
  out.u32(rate);
  out.u32(rate * frame_bytes);
  out.u16(frame_bytes);
  out.u16(16);
  out.tag("data");
  out.u32(data_bytes);
  for (const std::int16_t sample : samples) out.u16(static_cast<std::uint16_t>(sample));
  return bytes;
}

}  // namespace antiphon::sound
