// SPDX-License-Identifier: Apache-2.0
#include "generate/partner.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "music/instruments.h"

namespace antiphon::generate {

using tokens::Event;
using tokens::EventType;
using tokens::Role;

namespace {

constexpr std::size_t largest_field = 128;

music::PitchRange range_of(const tokens::Slot& slot) {
  if (slot.instrument == tokens::instrument_drums) return music::drum_keys;
  if (slot.instrument == tokens::instrument_unknown) return {};
  return music::range_of(slot.instrument);
}

std::size_t key_of(int slot, int pitch) { return static_cast<std::size_t>(slot * 128 + pitch); }

}  // namespace

std::vector<HumanEvent> human_events(const tokens::GridScore& score, std::span<const Role> roles) {
  std::vector<HumanEvent> heard;
  std::int32_t now = 0;
  for (const Event& event : tokens::encode(score, roles)) {
    now += event.shift;
    if (event.type == EventType::onset || event.type == EventType::release)
      heard.push_back({now, event});
  }
  return heard;
}

Partner::Partner(EventModel& model, tokens::Header header, std::int32_t from,
                 const Sampling& sampling)
    : model_(model),
      stream_(std::move(header), from),
      sampler_(sampling, largest_field),
      earliest_(from),
      played_(stream_.header().slots.size()) {
  assert(model.capacity() >= 2 * stream_.header_steps());
  prompt_again();
}

void Partner::remember(std::span<const Event> events) {
  for (const Event& event : events) {
    stream_.apply(event);
    if (event.duration > 0) segments_[key_of(event.slot, event.pitch)] = event.duration;
    steps_.push_back({{}, stream_.now()});
    stream_.input_rows(steps_.back().rows);
  }
  earliest_ = stream_.now();
  prompt_again();
}

void Partner::prompt_again() {
  model_.rewind(0);
  // Half of the room stays free, so that this happens once in capacity / 2 events.
  const std::size_t kept = std::min(steps_.size(), model_.capacity() / 2);
  const std::size_t first = steps_.size() - kept;
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(first));

  std::vector<tokens::Rows> header(stream_.header_steps());
  std::vector<nn::Step> prompt;
  const std::int32_t start = steps_.empty() ? stream_.now() : steps_.front().time;
  for (std::size_t i = 0; i < header.size(); ++i) {
    stream_.header_rows(i, header[i]);
    prompt.push_back({header[i].view(), start});
  }
  for (const Step& step : steps_) prompt.push_back({step.rows.view(), step.time});
  model_.feed(prompt);
}

void Partner::record(const Event& event) {
  stream_.apply(event);
  steps_.push_back({{}, stream_.now()});
  stream_.input_rows(steps_.back().rows);
  if (model_.size() == model_.capacity()) {
    prompt_again();
  } else {
    const nn::Step step{steps_.back().rows.view(), steps_.back().time};
    model_.feed({&step, 1});
  }
}

void Partner::accept(const Event& event) {
  record(event);
  earliest_ = stream_.now();
  last_ai_ = event;
  segments_[key_of(event.slot, event.pitch)] = event.duration;
  auto& notes = played_[event.slot];
  if (event.type == EventType::note) {
    notes.push_back({stream_.now(), event.duration, event.pitch, event.velocity});
    return;
  }
  const auto tied = std::find_if(notes.rbegin(), notes.rend(),
                                 [&](const auto& note) { return note.pitch == event.pitch; });
  // A tie may join a note that was played before this partner began; then it is a note of its own.
  if (tied == notes.rend()) {
    notes.push_back({stream_.now(), event.duration, event.pitch, event.velocity});
  } else {
    tied->duration += event.duration;
  }
}

bool Partner::pitch_allowed(int slot, int pitch, bool tie, std::int32_t at) const {
  if (!range_of(stream_.header().slots[static_cast<std::size_t>(slot)]).holds(pitch)) return false;
  const bool grows_chord = last_ai_ && at == stream_.now();
  if (grows_chord && slot == last_ai_->slot && pitch <= last_ai_->pitch) return false;
  const std::int32_t end = stream_.ai_end(slot, pitch);
  if (tie) return end == at && segments_[key_of(slot, pitch)] == tokens::max_duration;
  return end <= at;
}

bool Partner::voice_allowed(int voice, std::int32_t at) const {
  if (voice == tokens::voice_wait) return at - stream_.now() == tokens::max_shift;
  if (voice == tokens::voice_end) return false;
  const int slot = voice / 3;
  if (static_cast<std::size_t>(slot) >= played_.size()) return false;
  const bool first = voice % 3 == 0, release = voice % 3 == 1, tie = voice % 3 == 2;
  const auto any_pitch = [](auto&& holds) {
    for (int pitch = 0; pitch < 128; ++pitch) {
      if (holds(pitch)) return true;
    }
    return false;
  };
  if (stream_.header().slots[static_cast<std::size_t>(slot)].role == Role::human) {
    return first ||
           (release && any_pitch([&](int pitch) { return stream_.human_holds(slot, pitch); }));
  }
  if (release || at >= last_end_) return false;
  if (last_ai_ && at == stream_.now() && slot < last_ai_->slot) return false;
  return any_pitch([&](int pitch) { return pitch_allowed(slot, pitch, tie, at); });
}

Event Partner::propose() {
  Event event;
  tokens::Rows rows;
  model_.begin();

  const int shift = sampler_.draw(model_.logits(tokens::field_shift),
                                  [&](int s) { return stream_.now() + s >= earliest_; });
  assert(shift >= 0);
  event.shift = static_cast<std::uint8_t>(shift);
  const std::int32_t at = stream_.now() + shift;
  stream_.after_shift(event, rows);
  model_.condition(rows.view());

  const int voice = sampler_.draw(model_.logits(tokens::field_voice),
                                  [&](int v) { return voice_allowed(v, at); });
  if (voice < 0 || voice == tokens::voice_wait)
    return event;  // A wait: nothing can come at this step.
  event.slot = static_cast<std::uint8_t>(voice / 3);
  if (stream_.header().slots[event.slot].role == Role::human) {
    event.type = EventType::onset;
    return event;
  }
  event.type = voice % 3 == 2 ? EventType::tie : EventType::note;
  stream_.after_voice(event, rows);
  model_.condition(rows.view());

  const bool tie = event.type == EventType::tie;
  event.pitch =
      static_cast<std::uint8_t>(sampler_.draw(model_.logits(tokens::field_pitch), [&](int pitch) {
        return pitch_allowed(event.slot, pitch, tie, at);
      }));
  stream_.after_pitch(event, rows);
  model_.condition(rows.view());

  event.duration = static_cast<std::uint8_t>(
      sampler_.draw(model_.logits(tokens::field_duration),
                    [&](int steps) { return steps > 0 && at + steps <= last_end_; }));
  if (tie) return event;
  stream_.after_duration(event, rows);
  model_.condition(rows.view());
  event.velocity = static_cast<std::uint8_t>(
      sampler_.draw(model_.logits(tokens::field_velocity), [](int) { return true; }));
  return event;
}

void Partner::play(std::int32_t until) {
  auto start = std::chrono::steady_clock::now();
  while (earliest_ <= until) {
    while (earliest_ - stream_.now() > tokens::max_shift) {
      record({EventType::wait, static_cast<std::uint8_t>(tokens::max_shift)});
      last_ai_.reset();
    }
    const Event event = propose();
    const std::int32_t at = stream_.now() + event.shift;
    if (at > until) {
      earliest_ = until + 1;
    } else if (event.type == EventType::note || event.type == EventType::tie) {
      accept(event);
      const auto end = std::chrono::steady_clock::now();
      note_times_.push_back(end - std::exchange(start, end));
    } else {
      ++imagined_;
      earliest_ = at + 1;
    }
  }
}

void Partner::hear(const HumanEvent& human) {
  assert(human.at >= stream_.now());
  while (human.at - stream_.now() > tokens::max_shift) {
    record({EventType::wait, static_cast<std::uint8_t>(tokens::max_shift)});
  }
  Event event = human.event;
  event.shift = static_cast<std::uint8_t>(human.at - stream_.now());
  record(event);
  last_ai_.reset();
  earliest_ = std::max(earliest_, human.at + 1);
}

}  // namespace antiphon::generate
