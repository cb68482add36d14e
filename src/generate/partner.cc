// SPDX-License-Identifier: Apache-2.0
#include "generate/partner.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>
#include <utility>

#include "generate/steering.h"
#include "music/difficulty.h"
#include "music/instruments.h"
#include "music/key_finding.h"

namespace antiphon::generate {

using tokens::Event;
using tokens::EventType;
using tokens::Role;

namespace {

constexpr std::size_t largest_field = 128;

// Who was asked to play as much as most accompaniments do, doesn't rest for longer than two bars of
// 4/4 while somebody plays. Models left alone stay silent for ever now and then, because in scores
// silence is followed by silence.
constexpr int steady_density = 3;
constexpr std::int32_t longest_rest = 96;

// On a chart's weak times, what other notes than its chord's lose of their logits.
constexpr float off_chord = 1.5f;
// On quarters, what other notes than those of a foretold chord lose; between them, half of that.
constexpr float off_foretold = 0.3f;

music::PitchRange whole_range_of(const tokens::Slot& slot) {
  if (slot.instrument == tokens::instrument_drums) return music::drum_keys;
  if (slot.instrument == tokens::instrument_unknown) return {};
  return music::range_of(slot.instrument);
}

template <class Holds>
bool any_pitch(Holds&& holds) {
  for (int pitch = 0; pitch < 128; ++pitch) {
    if (holds(pitch)) return true;
  }
  return false;
}

tokens::EventStream listening_stream(tokens::Header header, std::int32_t from) {
  tokens::EventStream stream(std::move(header), from);
  if (!stream.header().keeps_key) stream.follow_keys();
  return stream;
}

constexpr auto as_it_is = [](int) { return 0.0f; };

// What a time of so many steps gains where it should pass faster or slower: a power of it.
float stretch(float haste, int steps) {
  return -haste * std::log(static_cast<float>(steps) / tokens::steps_per_quarter);
}

std::size_t key_of(int slot, int pitch) { return static_cast<std::size_t>(slot * 128 + pitch); }

}  // namespace

std::vector<TimedEvent> human_events(const tokens::GridScore& score, std::span<const Role> roles) {
  std::vector<TimedEvent> heard;
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
    : model_(&model),
      stream_(listening_stream(std::move(header), from)),
      chooser_(sampling, largest_field),
      earliest_(from),
      temperature_(sampling.temperature),
      settled_stream_(stream_) {
  assert(model.capacity() >= 2 * stream_.header_steps());
  prompt_again();
}

void Partner::apply(const TimedEvent& event) {
  stream_.apply(event.event);
  if (event.event.duration > 0)
    segments_[key_of(event.event.slot, event.event.pitch)] = event.event.duration;
}

// Into the stream, not yet into the model. It isn't told how loud people play: few of the scores
// that models learn from say it, and those are of a kind, so it would rather tell what music this
// is.
void Partner::add(std::int32_t at, Event event) {
  if (event.type == EventType::onset) event.velocity = 0;
  event.shift = static_cast<std::uint8_t>(at - stream_.now());
  apply({at, event});
  steps_.push_back({{}, {at, event}});
  stream_.input_rows(steps_.back().rows);
}

// So many that an event at `until` is within reach.
void Partner::add_waits(std::int32_t until) {
  while (until - stream_.now() > tokens::max_shift)
    add(stream_.now() + tokens::max_shift, {EventType::wait});
}

// Tells the model the steps that it doesn't know.
void Partner::feed_news() {
  if (reading_) return;
  std::size_t told = model_->size() - (ahead_.size() - caught_up_) - stream_.header_steps();
  while (caught_up_ < ahead_.size() && told < steps_.size() &&
         ahead_[caught_up_] == steps_[told].event) {
    ++caught_up_;
    ++told;
  }
  if (told == steps_.size()) return;
  if (caught_up_ < ahead_.size()) model_->rewind(stream_.header_steps() + told);
  ahead_.clear();
  caught_up_ = 0;
  feed(told);
}

// Tells the model the steps from steps_[first] on.
void Partner::feed(std::size_t first) {
  if (model_->size() + steps_.size() - first > model_->capacity()) return prompt_again();
  std::vector<nn::Step> news;
  for (std::size_t i = first; i < steps_.size(); ++i)
    news.push_back({steps_[i].rows.view(), steps_[i].event.at});
  if (!news.empty()) model_->feed(news);
}

void Partner::prompt_again() {
  model_->rewind(0);
  ahead_.clear();
  caught_up_ = 0;
  // Half of the room stays free, so that this happens once in capacity / 2 events.
  const std::size_t kept = std::min(steps_.size(), model_->capacity() / 2);
  const std::size_t first = steps_.size() - kept;
  for (std::size_t i = settled_; i < first; ++i) {
    const TimedEvent& event = steps_[i].event;
    if (event.event.type != EventType::wait) crowded_out_.push_back(event.at);
  }
  settle_first(first);
  settled_ -= first;
  forgotten_ += first;
  steps_.erase(steps_.begin(), steps_.begin() + static_cast<std::ptrdiff_t>(first));

  std::vector<tokens::Rows> header(stream_.header_steps());
  std::vector<nn::Step> prompt;
  const std::int32_t start = steps_.empty() ? stream_.now() : steps_.front().event.at;
  for (std::size_t i = 0; i < header.size(); ++i) {
    stream_.header_rows(i, header[i]);
    prompt.push_back({header[i].view(), start});
  }
  for (const Step& step : steps_) prompt.push_back({step.rows.view(), step.event.at});
  model_->feed(prompt);
}

void Partner::settle_first(std::size_t count) {
  for (; settled_ < count; ++settled_) {
    const Event& event = steps_[settled_].event.event;
    settled_stream_.apply(event);
    if (event.duration > 0) settled_segments_[key_of(event.slot, event.pitch)] = event.duration;
  }
}

std::vector<TimedEvent> Partner::told() const {
  std::vector<TimedEvent> events;
  for (std::size_t i = settled_; i < steps_.size(); ++i) {
    if (steps_[i].event.event.type != EventType::wait) events.push_back(steps_[i].event);
  }
  return events;
}

void Partner::settle(std::int32_t step) {
  std::size_t count = settled_;
  while (count < steps_.size() && steps_[count].event.at < step) ++count;
  settle_first(count);
  std::erase_if(crowded_out_, [step](std::int32_t at) { return at < step; });
}

void Partner::rewrite(std::span<const TimedEvent> events, std::int32_t earliest) {
  events = events.subspan(std::min(crowded_out_.size(), events.size()));
  // What stands already: the settled steps, and those that are the same.
  std::size_t same = settled_, taken = 0;
  std::int32_t now = settled_stream_.now();
  while (taken < events.size() && same < steps_.size()) {
    TimedEvent next = events[taken];
    next.at = std::max(next.at, now);
    const bool wait = next.at - now > tokens::max_shift;
    if (wait) next = {now + tokens::max_shift, {EventType::wait}};
    next.event.shift = static_cast<std::uint8_t>(next.at - now);
    if (next.event.type == EventType::onset) next.event.velocity = 0;
    if (steps_[same].event != next) break;
    ++same;
    now = next.at;
    if (!wait) ++taken;
  }
  steps_.resize(same);
  const bool same_style = stream_.header().style == settled_stream_.header().style;
  stream_ = settled_stream_;
  segments_ = settled_segments_;
  for (std::size_t i = settled_; i < same; ++i) apply(steps_[i].event);

  for (const TimedEvent& event : events.subspan(taken)) {
    const std::int32_t at = std::max(event.at, stream_.now());
    add_waits(at);
    add(at, event.event);
  }
  last_ai_.reset();
  earliest_ = ai_from_ = earliest;

  ahead_.clear();
  caught_up_ = 0;
  // A model answers to the step fed last, so unless that is the last that stands, one is fed.
  if (steps_.empty() || !same_style) return prompt_again();
  const std::size_t size = stream_.header_steps() + steps_.size();
  // Drafts, which depend on the time there is, shouldn't crowd out the past.
  if (size + model_->capacity() / 8 > model_->capacity()) return prompt_again();
  if (same == steps_.size() && model_->size() == size) return;
  const std::size_t first = std::min(same, steps_.size() - 1);
  model_->rewind(stream_.header_steps() + first);
  feed(first);
}

void Partner::control(const Control& control) {
  switch (control.kind) {
    case Control::Kind::daring:
      chooser_.set_temperature(temperature_ * (0.5 + static_cast<double>(control.value)));
      break;
    case Control::Kind::density:
      wish_ = 4 * (control.value - 0.5f);
      break;
    case Control::Kind::register_:
      register_ = control.value;
      break;
    case Control::Kind::rest:
      rests_ = control.value >= 0.5f;
      break;
    case Control::Kind::style:
      settled_stream_.set_style(style_at(control.value));
      break;
  }
}

// What an AI part may play: of its instrument's range, the part that is wished for.
music::PitchRange Partner::range_of(const tokens::Slot& part) const {
  music::PitchRange range = whole_range_of(part);
  if (part.role == Role::human || part.instrument == tokens::instrument_drums) return range;
  const float half = static_cast<float>(range.high - range.low) / 2;
  const int up = static_cast<int>(half * std::max(0.0f, 2 * register_ - 1));
  const int down = static_cast<int>(half * std::max(0.0f, 1 - 2 * register_));
  return {static_cast<std::uint8_t>(range.low + up), static_cast<std::uint8_t>(range.high - down)};
}

bool Partner::pitch_allowed(int slot, int pitch, bool tie, std::int32_t at) const {
  const tokens::Slot& part = stream_.header().slots[static_cast<std::size_t>(slot)];
  if (!range_of(part).holds(pitch)) return false;
  const auto pitch_class = static_cast<std::size_t>(pitch % 12);
  if (!chart_.empty() && !tie && at % tokens::steps_per_quarter == 0 &&
      part.instrument != tokens::instrument_drums) {
    const music::PitchClassSet chord = chord_at(chart_, at);
    if (chord.any() && !chord.test(pitch_class)) return false;
  }
  const bool grows_chord = last_ai_ && at == stream_.now();
  if (grows_chord && slot == last_ai_->slot && pitch <= last_ai_->pitch) return false;
  const std::int32_t end = stream_.ai_end(slot, pitch);
  if (tie) return end == at && segments_[key_of(slot, pitch)] == tokens::max_duration;
  return end <= at;
}

bool Partner::rested_too_long(int slot, std::int32_t at) const {
  const tokens::Slot& part = stream_.header().slots[static_cast<std::size_t>(slot)];
  if (part.role == Role::human || part.density < steady_density) return false;
  return !any_pitch([&](int pitch) { return stream_.ai_end(slot, pitch) > at - longest_rest; });
}

bool Partner::someone_must_play(std::int32_t at) const {
  if (rests_ || at < ai_from_ || at >= last_end_ || at < longest_rest) return false;
  bool human = false, rested = false;
  for (int slot = 0; slot < static_cast<int>(stream_.header().slots.size()); ++slot) {
    human |= any_pitch([&](int pitch) { return stream_.human_holds(slot, pitch); });
    rested |= rested_too_long(slot, at);
  }
  return human && rested;
}

bool Partner::voice_allowed(int voice, std::int32_t at) const {
  if (voice == tokens::voice_wait) return at - stream_.now() == tokens::max_shift;
  if (voice == tokens::voice_end) return false;
  const int slot = voice / 3;
  if (static_cast<std::size_t>(slot) >= stream_.header().slots.size()) return false;
  const bool first = voice % 3 == 0, release = voice % 3 == 1, tie = voice % 3 == 2;
  if (stream_.header().slots[static_cast<std::size_t>(slot)].role == Role::human) {
    // Where every key is held, none can go down.
    return (first || release) &&
           any_pitch([&](int pitch) { return human_may(release, slot, pitch); });
  }
  if (release || rests_ || at < ai_from_ || at >= last_end_) return false;
  if (last_ai_ && at == stream_.now() && slot < last_ai_->slot) return false;
  return pitches_allowed(slot, tie, at).any();
}

std::bitset<128> Partner::pitches_allowed(int slot, bool tie, std::int32_t at) const {
  std::bitset<128> pitches = tie ? std::bitset<128>().set() : playable(slot, at);
  for (int pitch = 0; pitch < 128; ++pitch) {
    const auto i = static_cast<std::size_t>(pitch);
    if (pitches.test(i)) pitches.set(i, pitch_allowed(slot, pitch, tie, at));
  }
  return pitches;
}

// The pitches that an AI part may begin at a step without being harder than it should.
std::bitset<128> Partner::playable(int slot, std::int32_t at) const {
  const tokens::Slot& part = stream_.header().slots[static_cast<std::size_t>(slot)];
  std::bitset<128> pitches;
  if (part.difficulty == 0) return pitches.set();
  const tokens::GridBar bar = bar_at(stream_.header().meters, at);
  const music::Ticks into_bar{(at - bar.start) * tokens::ticks_per_step};
  if (!music::may_begin(part.difficulty, into_bar, bar.meter)) return pitches;

  const music::DifficultyLimits limits = music::limits_of(part.difficulty);
  std::array<int, 129> held{};  // What sounds, and one more.
  std::size_t count = 0;
  for (int pitch = 0; pitch < 128; ++pitch) {
    if (stream_.ai_end(slot, pitch) > at) held[count++] = pitch;
  }
  if (count >= static_cast<std::size_t>(limits.notes)) return pitches;
  if (part.instrument == tokens::instrument_drums) return pitches.set();
  const auto key = limits.in_scale ? stream_.key_signature(at) : std::nullopt;
  for (int pitch = 0; pitch < 128; ++pitch) {
    held[count] = pitch;
    pitches.set(static_cast<std::size_t>(pitch),
                music::within_reach(std::span(held).first(count + 1), limits.stretch) &&
                    (!key || music::in_scale(*key, pitch % 12)));
  }
  return pitches;
}

bool Partner::human_may(bool release, int slot, int pitch) const {
  const bool in_range =
      range_of(stream_.header().slots[static_cast<std::size_t>(slot)]).holds(pitch);
  const bool held = stream_.human_holds(slot, pitch);
  return release ? held : in_range && !held;
}

// What a human part might do: the rest of the event, for those who believe it.
void Partner::imagine_human(Event& event) {
  const bool release = event.type == EventType::release;
  tokens::Rows rows;
  stream_.after_voice(event, rows);
  condition(rows);
  event.pitch = static_cast<std::uint8_t>(choose(
      tokens::field_pitch, [&](int pitch) { return human_may(release, event.slot, pitch); },
      as_it_is));
}

// A class that is allowed, of the logits with something added to each; -1 if there is none.
template <class Allowed, class Bias>
int Partner::choose(int field, Allowed&& allowed, Bias&& bias) {
  if (reading_) {
    const int classes = tokens::fields[static_cast<std::size_t>(field)].size;
    const int read = chooser_.read([&](int i) { return i < classes && allowed(i); });
    reading_ = read >= 0;
    return read;
  }
  const auto logits = model_->logits(field);
  biased_.assign(logits.begin(), logits.end());
  for (std::size_t i = 0; i < biased_.size(); ++i) biased_[i] += bias(static_cast<int>(i));
  return chooser_.choose(biased_, allowed);
}

void Partner::condition(const tokens::Rows& rows) {
  if (!reading_) model_->condition(rows.view());
}

// What an AI part's note at step `at` gains: in a chord that it has begun there, or as an onset.
float Partner::note_bias(int slot, std::int32_t at) const {
  const tokens::Slot& part = stream_.header().slots[static_cast<std::size_t>(slot)];
  const tokens::Played& played = stream_.played(slot);
  if (played.any() && played.last() == at) return chord_bias(part, played);
  return part.keeps_density ? onset_bias(part, played, at, std::exp(wish_ / 2)) : wish_;
}

// What each pitch class of the AI parts gains, so that they keep to their key.
music::PitchClasses Partner::key_bias_at(std::int32_t at) const {
  const std::optional<music::Key> key = stream_.key_to_keep(at);
  music::PitchClasses played{};
  if (!key) return played;
  for (int slot = 0; slot < static_cast<int>(stream_.header().slots.size()); ++slot) {
    if (stream_.header().slots[static_cast<std::size_t>(slot)].instrument ==
        tokens::instrument_drums)
      continue;
    const music::PitchClasses& own = stream_.played(slot).pitch_classes();
    for (std::size_t i = 0; i < played.size(); ++i) played[i] += own[i];
  }
  return key_bias(*key, played);
}

// What each shift gains, so that AI parts begin sooner or later than the model would have them:
// a power of the time, as if it ran faster. Whether the onset goes on is left as likely as it was.
void Partner::weigh_shifts() {
  shift_bias_.fill(0);
  if (reading_) return;
  float haste = -std::numeric_limits<float>::infinity();
  for (int slot = 0; slot < static_cast<int>(stream_.header().slots.size()); ++slot) {
    if (stream_.header().slots[static_cast<std::size_t>(slot)].role == Role::ai)
      haste = std::max(haste, note_bias(slot, std::max(earliest_, stream_.now() + 1)));
  }
  if (last_ai_) shift_bias_[0] = note_bias(last_ai_->slot, stream_.now());
  if (!std::isfinite(haste) || haste == 0) return;
  const auto logits = model_->logits(tokens::field_shift);
  double before = 0, after = 0;
  for (std::size_t s = 1; s < logits.size(); ++s) {
    shift_bias_[s] = stretch(haste / 2, static_cast<int>(s));
    before += std::exp(static_cast<double>(logits[s]));
    after += std::exp(static_cast<double>(logits[s] + shift_bias_[s]));
  }
  for (std::size_t s = 1; s < logits.size(); ++s)
    shift_bias_[s] += static_cast<float>(std::log(before / after));
}

TimedEvent Partner::propose(std::int32_t until, std::int32_t imagine) {
  Event event;
  tokens::Rows rows;
  const bool reads = reading_;
  if (!reads) begin();

  weigh_shifts();
  const int shift = choose(
      tokens::field_shift, [&](int s) { return stream_.now() + s >= earliest_; },
      [&](int s) { return shift_bias_[static_cast<std::size_t>(s)]; });
  assert(shift >= 0 || reads);
  const std::int32_t at = stream_.now() + shift;
  if (at > until || reads != reading_) return {at, event};
  event.shift = static_cast<std::uint8_t>(shift);
  stream_.after_shift(event, rows);
  condition(rows);

  const bool must = someone_must_play(at);
  const auto is_onset = [](int v) { return v % 3 == 0 && v != tokens::voice_wait; };
  const auto is_ai = [&](int slot) {
    const auto& slots = stream_.header().slots;
    return static_cast<std::size_t>(slot) < slots.size() &&
           slots[static_cast<std::size_t>(slot)].role == Role::ai;
  };
  const int voice = choose(
      tokens::field_voice,
      [&](int v) {
        return voice_allowed(v, at) && (!must || (is_onset(v) && rested_too_long(v / 3, at)));
      },
      [&](int v) { return is_onset(v) && is_ai(v / 3) ? note_bias(v / 3, at) : 0.0f; });
  if (voice < 0 || voice == tokens::voice_wait)
    return {at, event};  // A wait: nothing can come at this step.
  event.slot = static_cast<std::uint8_t>(voice / 3);
  if (stream_.header().slots[event.slot].role == Role::human) {
    event.type = voice % 3 == 1 ? EventType::release : EventType::onset;
    if (at >= imagine) imagine_human(event);
    return {at, event};
  }
  event.type = voice % 3 == 2 ? EventType::tie : EventType::note;
  stream_.after_voice(event, rows);
  condition(rows);

  const bool tie = event.type == EventType::tie;
  const bool drums = stream_.header().slots[event.slot].instrument == tokens::instrument_drums;
  const music::PitchClasses in_key = tie || drums ? music::PitchClasses{} : key_bias_at(at);
  const music::PitchClassSet chord = chord_at(chart_.empty() ? foretold_ : chart_, at);
  const bool free = tie || chord.none() || drums;
  const bool weak = at % tokens::steps_per_quarter != 0;
  const float less = !chart_.empty() ? off_chord : weak ? off_foretold / 2 : off_foretold;
  const std::bitset<128> allowed = pitches_allowed(event.slot, tie, at);
  const int pitch = choose(
      tokens::field_pitch, [&](int one) { return allowed.test(static_cast<std::size_t>(one)); },
      [&](int one) {
        const auto pitch_class = static_cast<std::size_t>(one % 12);
        const float fits = free || chord.test(pitch_class) ? 0.0f : -less;
        return fits + static_cast<float>(in_key[pitch_class]);
      });
  if (pitch < 0) return {at, event};
  event.pitch = static_cast<std::uint8_t>(pitch);
  stream_.after_pitch(event, rows);
  condition(rows);

  const float haste = note_bias(event.slot, at + 1);
  event.duration = static_cast<std::uint8_t>(choose(
      tokens::field_duration, [&](int steps) { return steps > 0 && at + steps <= last_end_; },
      [&](int steps) { return steps > 0 ? stretch(haste, steps) : 0.0f; }));
  if (tie || reads != reading_) return {at, event};
  stream_.after_duration(event, rows);
  condition(rows);
  event.velocity = static_cast<std::uint8_t>(choose(
      tokens::field_velocity, [](int) { return true; }, as_it_is));
  return {at, event};
}

void Partner::record(std::int32_t at, const Event& event) {
  add_waits(at);
  add(at, event);
  feed_news();
}

std::span<const TimedEvent> Partner::play(std::int32_t until, std::int32_t imagine) {
  drawn_.clear();
  while (!play_on(until, imagine, drawn_)) model_->begin();
  return drawn_;
}

void Partner::suppose(std::span<const TimedEvent> events) {
  for (const TimedEvent& next : events) {
    record(next.at, next.event);
    earliest_ = next.at;
    last_ai_ = next.event;
  }
}

bool Partner::play_on(std::int32_t until, std::int32_t imagine, std::vector<TimedEvent>& drawn) {
  auto start = std::chrono::steady_clock::now();
  const bool reads = reading_;
  while (earliest_ <= until) {
    if (earliest_ - stream_.now() > tokens::max_shift) {
      add_waits(earliest_);
      feed_news();
      last_ai_.reset();
    }
    if (!reading_ && !model_->ready()) return false;
    const TimedEvent next = propose(until, imagine);
    if (reads != reading_) return true;  // The draft ends here.
    const bool human = next.event.type == EventType::onset || next.event.type == EventType::release;
    if (next.at > until) {
      earliest_ = until + 1;
    } else if (next.event.type == EventType::note || next.event.type == EventType::tie) {
      record(next.at, next.event);
      earliest_ = next.at;
      last_ai_ = next.event;
      drawn.push_back(next);
      const auto end = std::chrono::steady_clock::now();
      note_times_.push_back(end - std::exchange(start, end));
    } else if (human && next.at >= imagine) {
      // Human parts come after the AI parts of their step.
      record(next.at, next.event);
      last_ai_.reset();
      earliest_ = next.at;
      ai_from_ = next.at + 1;
    } else {
      ++imagined_;
      earliest_ = next.at + 1;
    }
  }
  return true;
}

void Partner::follow(std::span<const DrawnChoice> draft, std::int32_t until, std::int32_t imagine) {
  chooser_.follow(draft);
  if (draft.empty()) return;
  // Looked through, as if all of it were kept, and taken back.
  const tokens::EventStream stream = stream_;
  const Segments segments = segments_;
  const auto [last_ai, earliest, ai_from] = std::tuple(last_ai_, earliest_, ai_from_);
  const std::size_t known = steps_.size(), imagined = imagined_, noted = note_times_.size();
  for (reading_ = true; reading_ && earliest_ < until;)
    play_on(earliest_ + steps_per_frame - 1, imagine, drawn_);
  reading_ = false;
  // The step before it once more: what comes after that is the first to be checked.
  std::vector<nn::Step> scored;
  for (std::size_t i = known - std::min<std::size_t>(known, 1); i < steps_.size(); ++i)
    scored.push_back({steps_[i].rows.view(), steps_[i].event.at});
  if (known > 0 && steps_.size() > known &&
      model_->size() + scored.size() - 1 <= model_->capacity()) {
    model_->rewind(model_->size() - 1);
    model_->score(scored);
    for (std::size_t i = known; i < steps_.size(); ++i) ahead_.push_back(steps_[i].event);
  }
  steps_.resize(known);
  stream_ = stream;
  segments_ = segments;
  std::tie(last_ai_, earliest_, ai_from_) = std::tuple(last_ai, earliest, ai_from);
  imagined_ = imagined;
  note_times_.resize(noted);
  drawn_.clear();
  chooser_.follow(draft);
}

void Partner::hear(const TimedEvent& human) {
  assert(human.at >= stream_.now());
  record(human.at, human.event);
  last_ai_.reset();
  earliest_ = std::max(earliest_, human.at + 1);
}

}  // namespace antiphon::generate
