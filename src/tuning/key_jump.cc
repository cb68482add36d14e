// SPDX-License-Identifier: Apache-2.0
#include "tuning/key_jump.h"

#include <array>
#include <cstdint>
#include <optional>

namespace antiphon::tuning {
namespace {

using tokens::Event;
using tokens::EventType;

constexpr int farthest = 6;  // Semitones.
constexpr double share_told = 0.75;
constexpr int told_within = 8;  // Quarters.
constexpr std::int32_t unforeseen = 2 * tokens::steps_per_quarter;

template <class T>
using ByPitch = std::array<std::array<T, 128>, tokens::max_slots>;

// The events from step `jump` on moved; nothing where one can't be.
std::optional<train::Excerpt> moved_from(const train::Excerpt& real, std::int32_t jump,
                                         int semitones) {
  train::Excerpt out = real;
  out.given.resize(out.events.size());
  ByPitch<int> moved{};                  // As written: by how much the last note of it was moved.
  ByPitch<std::int32_t> sounds_until{};  // As moved.
  std::int32_t now = real.from;
  for (std::size_t i = 0; i < out.events.size(); ++i) {
    Event& event = out.events[i];
    now += event.shift;
    if (now >= jump && now < jump + unforeseen) out.given[i] = true;
    if (event.type == EventType::wait || event.type == EventType::end) continue;
    const tokens::Slot& slot = real.header.slots[event.slot];
    const bool begins = event.type == EventType::onset || event.type == EventType::note;
    int& by = moved[event.slot][event.pitch];
    if (begins) by = now < jump || slot.instrument == tokens::instrument_drums ? 0 : semitones;
    const int pitch = event.pitch + by;
    if (pitch < 0 || pitch > 127) return {};
    std::int32_t& until = sounds_until[event.slot][static_cast<std::size_t>(pitch)];
    if (begins && until > now) return {};
    event.pitch = static_cast<std::uint8_t>(pitch);
    until = event.type == EventType::onset     ? INT32_MAX
            : event.type == EventType::release ? now
                                               : now + event.duration;
  }
  return out;
}

// `keys` as somebody tells them who notices the jump at `noticed`.
void move_keys(std::vector<tokens::GridChange<music::Key>>& keys, std::int32_t noticed,
               int semitones) {
  std::size_t next = 0;
  while (next < keys.size() && keys[next].at <= noticed) ++next;
  if (next > 0) {
    const music::Key before = keys[next - 1].value;
    keys.insert(keys.begin() + static_cast<std::ptrdiff_t>(next), {noticed, before});
  }
  for (; next < keys.size(); ++next)
    keys[next].value = music::transposed(keys[next].value, semitones);
}

}  // namespace

train::Excerpt KeyJump::operator()(const train::Excerpt& real, Random& random) const {
  if (random.uniform() >= share_) return real;
  std::int32_t length = 0;
  for (const Event& event : real.events) length += event.shift;
  const std::int32_t middle =
      length / 4 +
      static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(length / 2 + 1)));
  const std::int32_t jump =
      (real.from + middle) / tokens::steps_per_quarter * tokens::steps_per_quarter;
  const int by = 1 + static_cast<int>(random.below(farthest));
  const int semitones = random.below(2) == 0 ? by : -by;
  const bool told = random.uniform() < share_told;
  const auto later = static_cast<std::int32_t>(random.below(told_within + 1));
  std::optional<train::Excerpt> out = moved_from(real, jump, semitones);
  if (!out) return real;
  if (told) move_keys(out->header.keys, jump + later * tokens::steps_per_quarter, semitones);
  return *std::move(out);
}

}  // namespace antiphon::tuning
