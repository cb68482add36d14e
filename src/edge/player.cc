// SPDX-License-Identifier: Apache-2.0
#include "edge/player.h"

#include <algorithm>

namespace antiphon::edge {

using std::chrono::nanoseconds;

bool ScriptedPlayer::next(nanoseconds now, Played& played) {
  if (due() > now) return false;
  played = script_[at_++];
  return true;
}

nanoseconds ScriptedPlayer::due() const {
  return at_ < script_.size() ? script_[at_].at : nanoseconds::max();
}

void Keys::release(std::uint8_t pitch, nanoseconds at) {
  if (!down_[pitch]) return;
  down_[pitch] = false;
  played_.push_back({at, 0, pitch, 0});
}

void Keys::release_all(bool held_too, nanoseconds at) {
  for (std::uint8_t pitch = 0; pitch < 128; ++pitch) {
    if (held_too) held_[pitch] = false;
    if (!held_[pitch]) release(pitch, at);
  }
}

std::span<const Played> Keys::take(std::span<const std::uint8_t> bytes, nanoseconds at) {
  constexpr int note_off = 0x80, note_on = 0x90, control = 0xb0;
  constexpr int sustain = 64, all_sound_off = 120, all_notes_off = 123;
  played_.clear();
  if (bytes.size() < 3 || bytes[0] < 0x80 || bytes[1] > 127 || bytes[2] > 127) return played_;
  const int status = bytes[0] & 0xf0;
  const std::uint8_t first = bytes[1], second = bytes[2];
  if (status == note_on && second > 0) {
    release(first, at);
    down_[first] = held_[first] = true;
    played_.push_back({at, 0, first, second});
  } else if (status == note_on || status == note_off) {
    held_[first] = false;
    if (!pedal_) release(first, at);
  } else if (status == control && first == sustain) {
    pedal_ = second >= 64;
    if (!pedal_) release_all(false, at);
  } else if (status == control && (first == all_sound_off || first >= all_notes_off)) {
    pedal_ = false;
    release_all(true, at);
  }
  return played_;
}

std::optional<Wish> wish_of(std::span<const std::uint8_t> bytes, nanoseconds at,
                            const ControlChanges& changes) {
  using Kind = generate::Control::Kind;
  if (bytes.size() < 3 || (bytes[0] & 0xf0) != 0xb0 || bytes[2] > 127) return {};
  const auto* const found = std::find(changes.begin(), changes.end(), int{bytes[1]});
  if (found == changes.end()) return {};
  if (found == changes.end() - 1)
    return bytes[2] >= 64 ? std::optional(Wish(Tap{at})) : std::nullopt;
  const auto kind = static_cast<Kind>(found - changes.begin());
  return generate::Control{kind, static_cast<float>(bytes[2]) / 127};
}

bool PortPlayer::next_wish(Wish& wish) {
  if (wishes_.empty()) return false;
  wish = wishes_.front();
  wishes_.erase(wishes_.begin());
  return true;
}

bool PortPlayer::next(nanoseconds, Played& played) {
  while (ready_.empty()) {
    live::PortMessage message;
    if (!input_.pop(message)) return false;
    nanoseconds at = message.at - start_;
    if (at < -early_) continue;
    if (const auto wish = wish_of(message.bytes, at, changes_)) wishes_.push_back(*wish);
    ready_ = keys_.take(message.bytes, std::max(at, nanoseconds{}));
  }
  played = ready_.front();
  ready_ = ready_.subspan(1);
  return true;
}

}  // namespace antiphon::edge
