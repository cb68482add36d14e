// SPDX-License-Identifier: Apache-2.0
#include "tokens/stream.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <utility>

namespace antiphon::tokens {
namespace {

bool has_pitch(EventType type) { return type != EventType::wait && type != EventType::end; }
bool has_duration(EventType type) { return type == EventType::note || type == EventType::tie; }
bool has_velocity(EventType type) { return type == EventType::note || type == EventType::onset; }

// Between classes; the first begins at 0.
constexpr double densities[] = {0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0};
constexpr double polyphonies[] = {1.15, 2.0, 3.0};

constexpr double memory = 64 * steps_per_quarter;  // Steps after which a note counts 1/e.

// Sharps or flats between the scales of two keys, from which on they are distant.
constexpr int distant = 2;

int signs_apart(music::Key a, music::Key b) {
  const int fifths = std::abs(a.fifths - b.fifths) % 12;
  return std::min(fifths, 12 - fifths);
}

int class_of(double value, std::span<const double> bounds) {
  return 1 +
         static_cast<int>(std::upper_bound(bounds.begin(), bounds.end(), value) - bounds.begin());
}

ClassRange range_of(int which, std::span<const double> bounds) {
  const auto i = static_cast<std::size_t>(which - 1);
  assert(which >= 1 && i <= bounds.size());
  return {i == 0 ? 0 : bounds[i - 1],
          i == bounds.size() ? std::numeric_limits<double>::infinity() : bounds[i]};
}

std::size_t onsets_of(const GridPart& part) {
  std::size_t onsets = 0;
  for (std::size_t i = 0; i < part.notes.size(); ++i) {
    onsets += i == 0 || part.notes[i].onset != part.notes[i - 1].onset;
  }
  return onsets;
}

}  // namespace

int density_class(const GridPart& part) {
  if (part.notes.empty()) return 0;
  const int steps = part.notes.back().end() - part.notes.front().onset;
  return class_of(static_cast<double>(onsets_of(part)) * steps_per_quarter / std::max(steps, 1),
                  densities);
}

int polyphony_class(const GridPart& part) {
  if (part.notes.empty()) return 0;
  return class_of(static_cast<double>(part.notes.size()) / static_cast<double>(onsets_of(part)),
                  polyphonies);
}

ClassRange density_range(int density_class) { return range_of(density_class, densities); }
ClassRange polyphony_range(int polyphony_class) { return range_of(polyphony_class, polyphonies); }

void Played::add(std::int32_t at, int pitch, int duration) {
  if (!any()) {
    first_ = at;
  } else if (at != last_) {
    const double fading = std::exp((last_ - at) / memory);
    onsets_ *= fading;
    notes_ *= fading;
    for (double& quarters : pitch_classes_) quarters *= fading;
  }
  onsets_ += !any() || at != last_;
  notes_ += 1;
  pitch_classes_[static_cast<std::size_t>(pitch % 12)] +=
      static_cast<double>(duration) / steps_per_quarter;
  last_ = at;
}

double Played::onsets(std::int32_t now) const { return onsets_ * std::exp((last_ - now) / memory); }

double Played::quarters(std::int32_t now) const {
  return memory / steps_per_quarter * (1 - std::exp((first_ - now) / memory));
}

Header header_of(const GridScore& score, std::span<const Role> roles, Style style) {
  Header header{style, score.bpm, score.meters, score.keys, false, {}};
  for (std::size_t i = 0; i < score.parts.size(); ++i) {
    const GridPart& part = score.parts[i];
    Slot slot{roles[i], part.drums ? instrument_drums : part.program};
    if (slot.role == Role::ai) {
      slot.density = density_class(part);
      slot.polyphony = polyphony_class(part);
    }
    header.slots.push_back(slot);
  }
  return header;
}

EventStream::EventStream(Header header, std::int32_t from)
    : header_(std::move(header)), now_(from) {
  assert(header_.slots.size() <= max_slots);
  previous_.fill(128);
}

int EventStream::position_class(std::int32_t at) const {
  if (change_at(header_.meters, at) == nullptr) return max_position;
  return std::min(at - bar_at(header_.meters, at).start, max_position - 1);
}

int EventStream::meter_class_at(std::int32_t at) const {
  const auto* change = change_at(header_.meters, at);
  return change == nullptr ? 0 : meter_class(change->value);
}

int EventStream::key_class_at(std::int32_t at) const {
  const auto* change = change_at(header_.keys, at);
  if (follows_keys_ && (change == nullptr || change->at <= told_)) {
    const auto heard = tracker_.key();
    return heard ? key_class(*heard) : 0;
  }
  return change == nullptr ? 0 : key_class(change->value);
}

void EventStream::hear_key(int pitch) {
  const auto before = tracker_.key();
  const auto* change = change_at(header_.keys, now_);
  if (change != nullptr && change->at > told_) {
    tracker_.tell(change->value);
    told_ = change->at;
  }
  tracker_.hear(pitch);
  const auto after = tracker_.key();
  if (!before || !after || signs_apart(*before, *after) < distant) return;
  moved_ = now_;
  for (Played& part : played_) part.forget_pitch_classes();
}

std::optional<music::Key> EventStream::key_signature(std::int32_t at) const {
  if (const auto* change = change_at(header_.keys, at)) return change->value;
  return follows_keys_ ? tracker_.key() : std::nullopt;
}

std::optional<music::Key> EventStream::key_to_keep(std::int32_t at) const {
  if (header_.keeps_key && !header_.keys.empty()) {
    const auto* change = change_at(header_.keys, at);
    return change == nullptr ? header_.keys.front().value : change->value;
  }
  return moved_ && at < *moved_ + memory ? tracker_.key() : std::nullopt;
}

void EventStream::header_rows(std::size_t step, Rows& out) const {
  out.clear();
  if (step == 0) {
    out.add(input::type.row(input::type_start));
    out.add(input::style.row(static_cast<int>(header_.style)));
    out.add(input::tempo.row(tempo_class(header_.bpm)));
    out.add(input::meter.row(meter_class_at(now_)));
    out.add(input::key.row(key_class_at(now_)));
    return;
  }
  const Slot& slot = header_.slots[step - 1];
  out.add(input::type.row(input::type_part));
  out.add(input::slot.row(static_cast<int>(step) - 1));
  out.add(input::role.row(static_cast<int>(slot.role)));
  out.add(input::instrument.row(slot.instrument));
  out.add(input::density.row(slot.density));
  out.add(input::polyphony.row(slot.polyphony));
}

void EventStream::apply(const Event& event) {
  now_ += event.shift;
  last_ = event;
  if (!has_pitch(event.type)) return;
  assert(event.slot < header_.slots.size() && event.pitch < 128);
  const std::size_t at = index(event.slot, event.pitch);
  const auto pitch_class = static_cast<std::size_t>(event.pitch % 12);
  const bool tonal = !drums(event.slot);
  if (event.type == EventType::note) played_[event.slot].add(now_, event.pitch, event.duration);
  if (has_duration(event.type)) {
    ai_ends_[at] = now_ + event.duration;
    if (tonal) ai_class_ends_[pitch_class] = std::max(ai_class_ends_[pitch_class], ai_ends_[at]);
  } else if (event.type == EventType::onset && human_held_[at] == 0) {
    human_held_[at] = 1;
    human_classes_[pitch_class] += tonal;
    if (follows_keys_ && tonal) hear_key(event.pitch);
  } else if (event.type == EventType::release && human_held_[at] != 0) {
    human_held_[at] = 0;
    human_classes_[pitch_class] -= tonal;
  }
  if (event.type != EventType::release) previous_[event.slot] = event.pitch;
}

void EventStream::add_sounding(std::int32_t at, const Table& human, const Table& ai,
                               Rows& out) const {
  for (int pitch_class = 0; pitch_class < 12; ++pitch_class) {
    const auto i = static_cast<std::size_t>(pitch_class);
    if (human_classes_[i] > 0) out.add(human.row(pitch_class));
    if (ai_class_ends_[i] > at) out.add(ai.row(pitch_class));
  }
}

void EventStream::input_rows(Rows& out) const {
  out.clear();
  out.add(input::type.row(input::type_event + static_cast<int>(last_.type)));
  out.add(input::shift.row(last_.shift));
  out.add(input::position.row(position_class(now_)));
  out.add(input::meter.row(meter_class_at(now_)));
  add_sounding(now_, input::human_sounding, input::ai_sounding, out);
  if (!has_pitch(last_.type)) return;
  const Slot& slot = header_.slots[last_.slot];
  out.add(input::slot.row(last_.slot));
  out.add(input::role.row(static_cast<int>(slot.role)));
  out.add(input::instrument.row(slot.instrument));
  out.add(input::pitch.row(last_.pitch));
  if (!drums(last_.slot)) out.add(input::pitch_class.row(last_.pitch % 12));
  if (has_duration(last_.type)) out.add(input::duration.row(last_.duration));
  if (has_velocity(last_.type)) out.add(input::velocity.row(last_.velocity));
}

void EventStream::after_shift(const Event& event, Rows& out) const {
  const std::int32_t at = now_ + event.shift;
  out.clear();
  out.add(condition::shift.row(event.shift));
  out.add(condition::position.row(position_class(at)));
  out.add(condition::meter.row(meter_class_at(at)));
  add_sounding(at, condition::human_sounding, condition::ai_sounding, out);
}

void EventStream::after_voice(const Event& event, Rows& out) const {
  out.clear();
  out.add(condition::voice.row(voice_of(event)));
  out.add(condition::key.row(key_class_at(now_ + event.shift)));
  if (!has_pitch(event.type)) return;
  const Slot& slot = header_.slots[event.slot];
  out.add(condition::instrument.row(slot.instrument));
  out.add(condition::role.row(static_cast<int>(slot.role)));
  out.add(condition::previous_pitch.row(previous_[event.slot]));
}

void EventStream::after_pitch(const Event& event, Rows& out) const {
  out.clear();
  out.add(condition::pitch.row(event.pitch));
  if (!drums(event.slot)) out.add(condition::pitch_class.row(event.pitch % 12));
}

void EventStream::after_duration(const Event& event, Rows& out) const {
  out.clear();
  out.add(condition::duration.row(event.duration));
}

std::array<std::int16_t, field_count> targets_of(const Event& event) {
  std::array<std::int16_t, field_count> targets;
  targets.fill(-1);
  targets[field_shift] = event.shift;
  targets[field_voice] = static_cast<std::int16_t>(voice_of(event));
  if (has_pitch(event.type)) targets[field_pitch] = event.pitch;
  if (has_duration(event.type)) targets[field_duration] = event.duration;
  if (has_velocity(event.type)) targets[field_velocity] = event.velocity;
  return targets;
}

}  // namespace antiphon::tokens
