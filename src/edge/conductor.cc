// SPDX-License-Identifier: Apache-2.0
#include "edge/conductor.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "music/instruments.h"

namespace antiphon::edge {

using generate::TimedEvent;
using live::TimedMessage;
using std::chrono::nanoseconds;
using tokens::Event;
using tokens::EventType;
using tokens::Role;

namespace {

using music::Ticks;
using tokens::ticks_per_step;

double quarters_of(std::int32_t step) {
  return static_cast<double>(step) / tokens::steps_per_quarter;
}

music::Tempo bounded_tempo(double bpm) { return *music::Tempo::of(std::clamp(bpm, 4.0, 1000.0)); }

// A model that is gone may hold a note, but not for good.
constexpr std::int32_t longest_hold = 8 * 4 * tokens::steps_per_quarter;

// Of music that is far from where it should be, the tempo isn't bent by more than this.
constexpr double most_haste = 2;

std::size_t key_of(int slot, int pitch) { return static_cast<std::size_t>(slot * 128 + pitch); }

}  // namespace

Conductor::Conductor(live::Timeline& timeline, tokens::Header header, const Pace& pace,
                     nanoseconds end, const Crew& crew, std::unique_ptr<Scheduler> scheduler)
    : timeline_(timeline),
      header_(std::move(header)),
      pace_(pace),
      end_(end),
      crew_(crew),
      quantizer_(pace.spread),
      tracker_(timeline_.tempo_at({}), pace.spread),
      loudness_(header_.meters),
      scheduler_(std::move(scheduler)) {
  sounding_.fill({0, silent});
  human_down_.fill(-1);
  for (std::size_t slot = 0; slot < header_.slots.size(); ++slot) {
    const tokens::Slot& part = header_.slots[slot];
    if (part.role == Role::ai && part.instrument < tokens::instrument_drums) {
      messages_.push_back(TimedMessage::program(timeline_.time_of({}) - pace_.horizon,
                                                channel_of(static_cast<int>(slot)),
                                                part.instrument));
    }
  }
  if (pace_.free) hold();
}

int Conductor::channel_of(int slot) const {
  constexpr int drums = 9;
  return header_.slots[static_cast<std::size_t>(slot)].instrument == tokens::instrument_drums
             ? drums
             : slot;
}

nanoseconds Conductor::time_of(std::int32_t step) const {
  return timeline_.time_of({step * ticks_per_step});
}

void Conductor::tell(const TimedEvent& event) {
  for (const Model model : {Model::cloud, Model::edge, Model::reflex}) {
    if (crew_[static_cast<std::size_t>(model)]) to_tell(model).push_back(Told::fact(event));
  }
}

// The step that was meant. Who leads is believed of onsets, and of their ends the timeline is.
std::int32_t Conductor::step_of(const Played& played) {
  if (played.velocity > 0 && (pace_.follows || pace_.free)) {
    if (pace_.free && turns_.turn() != Turns::Turn::player) begin_phrase();
    const std::int32_t step = tracker_.hear(played.at) + follow_tracker();
    turns_.hear(step, played.at);
    return std::max(step, 0);
  }
  const double ticks = timeline_.ticks_at(played.at);
  return quantizer_.step_of(ticks, timeline_.tempo_at({static_cast<std::int64_t>(ticks)}));
}

void Conductor::hear(const Played& played) {
  heard_.push_back(played);
  std::int32_t step = step_of(played);
  std::int32_t& down = human_down_[key_of(played.slot, played.pitch)];
  if (down >= 0) {
    // Also where a key goes down that was never let go.
    step = std::max(step, down + 1);
    tell({step, {EventType::release, 0, played.slot, played.pitch, 0, 0}});
    down = -1;
  }
  if (played.velocity == 0) return;
  loudness_.hear(played.velocity);
  tell({step, {EventType::onset, 0, played.slot, played.pitch, 0, 0}});
  down = step;
}

void Conductor::wish(const generate::Control& control) {
  using Kind = generate::Control::Kind;
  if (control.kind == Kind::rest) rest_wished_ = control.value >= 0.5f;
  if (control.kind == Kind::style) {
    const tokens::Style style = generate::style_at(control.value);
    if (std::exchange(header_.style, style) == style) return;  // A wheel is turned step by step.
  }
  for (const Model model : {Model::cloud, Model::edge, Model::reflex}) {
    if (crew_[static_cast<std::size_t>(model)]) to_tell(model).push_back(Told::wish(control));
  }
}

// Of whole quarters that the tracker finds too many or too few nothing is known: it is told that
// there were none. Gives by how many steps.
std::int32_t Conductor::follow_tracker() {
  live::Beat beat = tracker_.beat();
  const double ahead = beat.quarters_at(time_of(frame_start())) - quarters_of(frame_start());
  const double wrong = held_ ? 0 : -std::round(ahead);
  const auto steps = static_cast<std::int32_t>(wrong) * tokens::steps_per_quarter;
  tracker_.shift(steps);
  beat.quarters += wrong;
  follow(beat);
  return steps;
}

// What comes is the first note of a phrase, at any tempo. It is the answer's end.
void Conductor::begin_phrase() {
  if (!held_) hold();
  tracker_.listen_anew(frame_start());
}

void Conductor::tap(nanoseconds at) {
  const auto length = taps_.tap(at);
  if (!length || held_ || pace_.free) return;
  const double steps = timeline_.ticks_at(at) / ticks_per_step;
  const std::int32_t beat = tokens::bar_at(header_.meters, static_cast<std::int32_t>(steps)).beat;
  const double quarters = quarters_of(beat);
  const auto tempo = music::Tempo::of(60e9 * quarters / static_cast<double>(length->count()));
  if (!tempo) return;
  tracker_.believe({std::round(steps / beat) * quarters, at, *tempo});
  follow_tracker();
}

void Conductor::follow(const live::Beat& beat) {
  const Ticks from{frame_start() * ticks_per_step};
  const double quarters = quarters_of(frame_start());
  if (std::exchange(held_, false)) {
    const nanoseconds left(std::llround((quarters - beat.quarters) * 60e9 / beat.tempo.bpm()));
    timeline_.set_tempo(from, beat.at + std::max(left, pace_.horizon), beat.tempo);
    return;
  }
  // It is made up for within a quarter.
  const double ahead = beat.quarters_at(timeline_.time_of(from)) - quarters;
  const double haste = std::clamp(1 / std::max(1 - ahead, 1e-3), 1 / most_haste, most_haste);
  timeline_.set_tempo(from, bounded_tempo(beat.tempo.bpm() * haste));
  timeline_.set_tempo(from + Ticks::quarters(1), beat.tempo);
}

void Conductor::keep_time(const live::ClockNews& news) {
  using Kind = live::ClockNews::Kind;
  const std::int32_t frame = frame_start();
  const tokens::GridBar bar = tokens::bar_at(header_.meters, frame);
  clock_stopped_ = news.kind == Kind::stop;
  if (news.kind == Kind::start)
    clock_starts_at_ = quarters_of(frame == bar.start ? frame : bar.start + bar.length);
  if (news.kind != Kind::beat) silent_for_bar_ = !held_ && (clock_stopped_ || frame != bar.start);
  if (clock_stopped_) return;
  live::Beat beat = news.beat;
  beat.quarters += clock_starts_at_;
  follow(beat);
}

void Conductor::hold() {
  if (held_) return;
  held_ = true;
  end_all(frame_start());
  timeline_.hold({frame_start() * ticks_per_step});
}

void Conductor::finish(nanoseconds now) {
  if (held_ || now <= nanoseconds{}) {
    end_ = std::min(end_, std::max(now, nanoseconds{}));
    return;
  }
  const auto step = static_cast<std::int32_t>(timeline_.ticks_at(now) / ticks_per_step);
  const tokens::GridBar bar = tokens::bar_at(header_.meters, step);
  finish_at(bar.start + bar.length);
}

void Conductor::wish(const Wish& wish) {
  if (const auto* const tap_of = std::get_if<Tap>(&wish)) tap(tap_of->at);
  if (const auto* const control = std::get_if<generate::Control>(&wish)) this->wish(*control);
}

void Conductor::take(Model model, const Drafted& drafted, nanoseconds now) {
  const auto choice = scheduler_->take(model, drafted, frame_start(), now);
  if (choice && !held_) fix(now, *choice);
}

nanoseconds Conductor::next() const {
  const nanoseconds begins = time_of(frame_start());
  if (begins >= end_ || frame_start() >= last_step_) return nanoseconds::max();
  return begins - scheduler_->ahead(frame_start());
}

void Conductor::advance(nanoseconds now) {
  while (next() <= now) {
    if (pace_.free) take_turns(now);
    if (silent_for_bar_ && tokens::bar_at(header_.meters, frame_start()).start == frame_start()) {
      silent_for_bar_ = false;
      if (clock_stopped_) hold();
    }
    if (held_) return;
    if (const auto choice = scheduler_->advance(frame_start(), now)) fix(now, *choice);
  }
}

void Conductor::take_turns(nanoseconds now) {
  const bool held = std::any_of(human_down_.begin(), human_down_.end(),
                                [](std::int32_t onset) { return onset >= 0; });
  turns_.advance(frame_start(), now, timeline_.tempo_at({frame_start() * ticks_per_step}), held);
  if (turns_.turn() == Turns::Turn::nobody) hold();
}

Draft Conductor::bar_before() const {
  Draft draft;
  draft.from = frame_start();
  draft.heard = 0;
  const std::int32_t bar = tokens::bar_at(header_.meters, frame_start()).length;
  for (TimedEvent event : past_) {
    event.at += bar;
    if (event.at >= draft.from && event.at < draft.from + steps_per_frame)
      draft.events.push_back(event);
  }
  return draft;
}

// Whether AI parts begin nothing in this frame.
bool Conductor::rests(std::int32_t frame) const {
  if (rest_wished_ || silent_for_bar_ || (pace_.waits && heard_.empty())) return true;
  if (pace_.free) return !turns_.answers(frame);
  if (pace_.trade == 0) return false;
  const tokens::GridBar bar = tokens::bar_at(header_.meters, frame);
  return bar.start / bar.length / pace_.trade % 2 == 0;
}

void Conductor::fix(nanoseconds now, const Choice& choice) {
  const Tier tier = choice.tier;
  Draft made;
  if (tier == Tier::rule) made = bar_before();
  if (tier == Tier::none) made.from = frame_start();
  const Draft& draft = choice.draft != nullptr ? *choice.draft : made;
  const std::int32_t from = frame_start(), until = from + steps_per_frame;
  FrameRecord frame{tier,        false,       (from - draft.from) / steps_per_frame,
                    draft.heard, draft.asked, now};
  end_notes(from, draft);
  const bool silent_frame = rests(from);
  // When it is the player's turn, what sounds has an end.
  if (silent_frame && (pace_.trade > 0 || silent_for_bar_)) end_all(from);
  for (const TimedEvent& event : draft.events) {
    if (silent_frame || event.at < from || event.at >= until) continue;
    end_notes(event.at, draft);
    play(event, draft);
  }
  end_notes(until - 1, draft);
  for (const Sounding& note : sounding_) frame.sounding |= note.note != silent;
  const std::int32_t oldest = from - 2 * tokens::bar_at(header_.meters, from).length;
  std::erase_if(past_, [&](const TimedEvent& event) { return event.at < oldest; });
  frames_.push_back(frame);
}

// Ends all that sounds, at step `at`.
void Conductor::end_all(std::int32_t at) {
  for (int slot = 0; slot < static_cast<int>(header_.slots.size()); ++slot) {
    for (int pitch = 0; pitch < 128; ++pitch) {
      if (sounding_[key_of(slot, pitch)].note != silent) stop_note(slot, pitch, at, time_of(at));
    }
  }
}

// Ends what is over at step `until`, unless it is tied on.
void Conductor::end_notes(std::int32_t until, const Draft& draft) {
  for (int slot = 0; slot < static_cast<int>(header_.slots.size()); ++slot) {
    for (int pitch = 0; pitch < 128; ++pitch) {
      Sounding& note = sounding_[key_of(slot, pitch)];
      if (note.note == silent || note.end > until) continue;
      const bool tied =
          std::any_of(draft.events.begin(), draft.events.end(), [&](const auto& next) {
            return next.event.type == EventType::tie && next.at == note.end &&
                   next.event.slot == slot && next.event.pitch == pitch;
          });
      if (!tied) stop_note(slot, pitch, note.end, time_of(note.end));
    }
  }
}

void Conductor::stop_note(int slot, int pitch, std::int32_t step, nanoseconds at) {
  Sounding& note = sounding_[key_of(slot, pitch)];
  notes_[note.note].end = step;
  note.note = silent;
  messages_.push_back(TimedMessage::note_off(at, channel_of(slot), pitch));
}

void Conductor::play(const TimedEvent& next, const Draft& draft) {
  const auto& [at, event] = next;
  Sounding& note = sounding_[key_of(event.slot, event.pitch)];
  const bool tie = event.type == EventType::tie && note.note != silent;
  if (!tie) {
    if (note.note != silent) stop_note(event.slot, event.pitch, at, time_of(at));
    const std::uint8_t velocity = loudness_(event.velocity, at);
    note.note = notes_.size();
    notes_.push_back({event.slot, event.pitch, velocity, at, at + event.duration,
                      static_cast<std::int32_t>(frames_.size()), draft.heard});
    messages_.push_back(
        TimedMessage::note_on(time_of(at), channel_of(event.slot), event.pitch, velocity));
  }
  note.end = std::min(at + event.duration, notes_[note.note].onset + longest_hold);
  TimedEvent fact = next;
  if (!tie) fact.event.type = EventType::note;
  tell(fact);
  past_.push_back(fact);
}

void Conductor::end(nanoseconds now) {
  if (held_) {
    const Ticks at{frame_start() * ticks_per_step};
    timeline_.set_tempo(at, now, timeline_.tempo_at(at));
    finish_at(frame_start());
  }
  const auto step = static_cast<std::int32_t>(timeline_.ticks_at(now) / ticks_per_step);
  for (int slot = 0; slot < static_cast<int>(header_.slots.size()); ++slot) {
    for (int pitch = 0; pitch < 128; ++pitch) {
      const Sounding& note = sounding_[key_of(slot, pitch)];
      if (note.note == silent) continue;
      const std::int32_t onset = notes_[note.note].onset;
      stop_note(slot, pitch, std::max(onset + 1, std::min(note.end, step)), now);
    }
  }
}

}  // namespace antiphon::edge
