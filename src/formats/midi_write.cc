// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "formats/format.h"

namespace antiphon::formats {
namespace {

using music::Ticks;

constexpr std::int64_t last_delta = 0x0fffffff;  // The largest number of 4 bytes, 7 bits each.

// The events of a track, put in order when all are there.
class Track {
 public:
  // At one time: notes end, then changes, then notes begin.
  enum Order { ends, changes, begins };

  void add(Ticks at, Order order, Bytes bytes) { events_.push_back({at, order, std::move(bytes)}); }
  void meta(Ticks at, std::uint8_t type, std::string_view data) {
    ByteWriter out;
    out.u8(0xff);
    out.u8(type);
    variable_length(static_cast<std::int64_t>(data.size()), out);
    out.append(data);
    add(at, changes, std::move(out).bytes());
  }

  Bytes chunk() && {
    std::stable_sort(events_.begin(), events_.end(), [](const Event& a, const Event& b) {
      return std::pair(a.at, a.order) < std::pair(b.at, b.order);
    });
    ByteWriter body;
    Ticks now;
    for (const Event& event : events_) {
      std::int64_t delta = (event.at - now).count;
      for (; delta > last_delta; delta -= last_delta) {
        variable_length(last_delta, body);
        body.append(std::string_view("\xff\x01\x00", 3));  // An empty text bridges the gap.
      }
      variable_length(delta, body);
      body.append(event.bytes);
      now = event.at;
    }
    body.append(std::string_view("\x00\xff\x2f\x00", 4));
    ByteWriter out;
    out.append(std::string_view("MTrk"));
    out.u32(static_cast<std::uint32_t>(body.bytes().size()));
    out.append(body.bytes());
    return std::move(out).bytes();
  }

 private:
  struct Event {
    Ticks at;
    Order order;
    Bytes bytes;
  };

  static void variable_length(std::int64_t value, ByteWriter& out) {
    for (int shift = 21; shift > 0; shift -= 7) {
      if (value >> shift != 0) out.u8(static_cast<std::uint8_t>(0x80 | ((value >> shift) & 0x7f)));
    }
    out.u8(static_cast<std::uint8_t>(value & 0x7f));
  }

  std::vector<Event> events_;
};

Bytes conductor_track(const music::Score& score) {
  Track track;
  if (!score.title.empty()) track.meta({}, 0x03, score.title);
  for (const auto& [at, tempo] : score.tempos) {
    const auto microseconds = static_cast<std::uint32_t>(std::lround(60e6 / tempo.bpm()));
    const char data[] = {static_cast<char>(microseconds >> 16),
                         static_cast<char>(microseconds >> 8), static_cast<char>(microseconds)};
    track.meta(at, 0x51, {data, 3});
  }
  for (const auto& [at, meter] : score.meters) {
    const auto power = static_cast<char>(std::lround(std::log2(meter.denominator())));
    // A click a beat, counted in 24ths of a quarter, and 8 32nds a quarter.
    const auto click = static_cast<char>(std::clamp<std::int64_t>(meter.beat().count / 40, 1, 127));
    const char data[] = {static_cast<char>(meter.numerator()), power, click, 8};
    track.meta(at, 0x58, {data, 4});
  }
  for (const auto& [at, key] : score.keys) {
    const char data[] = {static_cast<char>(key.fifths),
                         static_cast<char>(key.mode == music::Mode::minor)};
    track.meta(at, 0x59, {data, 2});
  }
  return std::move(track).chunk();
}

Bytes part_track(const music::Part& part, std::uint8_t channel) {
  Track track;
  const auto message = [channel](int kind, std::uint8_t first) {
    return Bytes{static_cast<std::uint8_t>(kind | channel), first};
  };
  if (!part.name.empty()) track.meta({}, 0x03, part.name);
  track.add({}, Track::changes, message(0xc0, part.program));
  for (const music::Lyric& lyric : part.lyrics) {
    if (lyric.verse == 1) track.meta(lyric.at, 0x05, lyric.text);
  }
  for (const music::Note& note : part.notes) {
    Bytes on = message(0x90, note.pitch), off = message(0x80, note.pitch);
    on.push_back(note.velocity);
    off.push_back(64);
    track.add(note.onset, Track::begins, std::move(on));
    track.add(note.end(), Track::ends, std::move(off));
  }
  return std::move(track).chunk();
}

}  // namespace

Bytes write_midi(const music::Score& score) {
  ByteWriter out;
  out.append(std::string_view("MThd"));
  out.u32(6);
  out.u16(1);
  out.u16(static_cast<std::uint16_t>(score.parts.size() + 1));
  out.u16(static_cast<std::uint16_t>(Ticks::per_quarter));
  out.append(conductor_track(score));
  int next = 0;
  for (const music::Part& part : score.parts) {
    // Channel 10 is for drums; past the other 15 they are shared.
    const int melodic = next % 15 < 9 ? next % 15 : next % 15 + 1;
    out.append(part_track(part, static_cast<std::uint8_t>(part.drums ? 9 : melodic)));
    if (!part.drums) ++next;
  }
  return std::move(out).bytes();
}

}  // namespace antiphon::formats
