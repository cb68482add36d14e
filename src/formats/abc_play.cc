// SPDX-License-Identifier: Apache-2.0
// A voice as it sounds: `AbcVoice::play`.
#include <algorithm>

#include "formats/abc_voice.h"
#include "formats/instrument_names.h"
#include "formats/text.h"
#include "formats/upbeat.h"

namespace antiphon::formats {
namespace {

using music::Ticks;

constexpr std::int64_t units_per_tick = abc_units_per_quarter / Ticks::per_quarter;
constexpr std::size_t most_bars = 1 << 16;

Ticks ticks(std::int64_t units) { return {(units + units_per_tick / 2) / units_per_tick}; }

Error unclear(const std::string& what) { return {Errc::invalid_input, what}; }

/// What holds from `at` on, if it is said and something else held before.
template <class Value>
void put(std::vector<music::Change<Value>>& changes, Ticks at, const std::optional<Value>& value) {
  if (!value || (!changes.empty() && changes.back().value == *value)) return;
  if (!changes.empty() && changes.back().at == at) changes.pop_back();
  changes.push_back({at, *value});
}

}  // namespace

/// Plays one bar after the other.
class AbcVoice::Playing {
 public:
  Playing(const AbcVoice& voice, std::size_t& budget);

  Status bar(std::size_t index);
  /// To be called after the first bar: an upbeat is a bar of its own length, then comes the meter.
  void mark_upbeat();
  Played take() { return std::move(out_); }

 private:
  struct ByItem {
    bool operator()(const Syllable* a, const Syllable* b) const { return a->item < b->item; }
    bool operator()(const Syllable* a, std::size_t item) const { return a->item < item; }
    bool operator()(std::size_t item, const Syllable* b) const { return item < b->item; }
  };

  Status item(std::size_t index);
  void change(const Change& change);
  std::int64_t grace(const std::vector<std::int16_t>& pitches, std::int64_t duration);
  void sound(const Pitch& note, Ticks from, Ticks to);
  void sing(std::size_t item, Ticks at);

  const AbcVoice& voice_;
  std::size_t& budget_;
  Played out_;
  std::vector<const Syllable*> sung_;                    // By item.
  std::int64_t time_ = 0, bar_start_ = 0, bar_end_ = 0;  // Units.
  std::optional<music::Meter> meter_;
  std::map<int, std::size_t> tied_;  // The note that a tie goes on from, by pitch.
};

AbcVoice::Playing::Playing(const AbcVoice& voice, std::size_t& budget)
    : voice_(voice), budget_(budget) {
  const AbcDefaults& state = voice.state_;
  const int program = state.program >= 0 ? state.program : program_of_name(voice.name_).value_or(0);
  out_.part.name = voice.name_;
  out_.part.drums = state.clef.percussion;
  out_.part.program = static_cast<std::uint8_t>(program);
  out_.dropped = voice.dropped_;
  // The right room for a tune without repeats.
  out_.part.notes.reserve(voice.notes_);
  out_.part.lyrics.reserve(voice.syllables_.size());
  sung_.reserve(voice.syllables_.size());
  for (const Syllable& one : voice.syllables_) sung_.push_back(&one);
  std::stable_sort(sung_.begin(), sung_.end(), ByItem{});
}

Status AbcVoice::Playing::bar(std::size_t index) {
  const auto& bars = voice_.bars_;
  const std::size_t end = index + 1 < bars.size() ? bars[index + 1].first : voice_.items_.size();
  bar_start_ = bar_end_ = time_;
  for (std::size_t i = bars[index].first; i < end; ++i) ANTIPHON_CHECK(item(i));
  time_ = std::max(time_, bar_end_);
  return Done{};
}

void AbcVoice::Playing::mark_upbeat() {
  if (!meter_ || out_.meters.empty() || time_ <= 0 || time_ >= meter_->bar().count * units_per_tick)
    return;
  if (const auto upbeat = upbeat_meter(time_, abc_units_per_quarter)) {
    out_.meters.front().value = *upbeat;
    out_.meters.push_back({ticks(time_), *meter_});
  }
}

Status AbcVoice::Playing::item(std::size_t index) {
  static const Extra plain;
  const Item& item = voice_.items_[index];
  const Extra& extra = item.extra ? *item.extra : plain;
  const std::size_t cost = 1 + extra.chord.size() + extra.grace.size();
  if (budget_ < cost)
    return unclear("with its repeats it has more notes than a file of its size may have");
  budget_ -= cost;
  if (time_ > latest_quarter * abc_units_per_quarter)
    return unclear("it lasts more than " + std::to_string(latest_quarter) + " quarters");
  if (item.overlay) {
    bar_end_ = std::max(bar_end_, time_);
    time_ = bar_start_;
    return Done{};
  }
  if (extra.change) change(*extra.change);
  if (!extra.symbol.empty()) out_.chords.push_back({ticks(time_), extra.symbol});
  std::int64_t duration = item.duration;
  if (item.whole_bars) duration *= meter_.value_or(music::Meter()).bar().count * units_per_tick;
  const Ticks from = ticks(grace(extra.grace, duration));
  const Ticks to = std::max(ticks(time_ + duration), from + Ticks{1});
  if (item.is_note()) sound(item.pitch, from, to);
  for (const Pitch& note : extra.chord) sound(note, from, to);
  sing(index, from);
  time_ += duration;
  return Done{};
}

void AbcVoice::Playing::change(const Change& change) {
  put(out_.tempos, ticks(time_), change.tempo);
  put(out_.meters, ticks(time_), change.meter);
  put(out_.keys, ticks(time_), change.key);
  if (change.meter) meter_ = change.meter;
}

// Short, on the beat, out of the note that they lead to: gives what is left as its onset.
std::int64_t AbcVoice::Playing::grace(const std::vector<std::int16_t>& pitches,
                                      std::int64_t duration) {
  std::int64_t onset = time_;
  if (pitches.empty()) return onset;
  const auto count = static_cast<std::int64_t>(pitches.size());
  const std::int64_t each = std::min(abc_units_per_quarter / 8, duration / (2 * count));
  for (const int pitch : pitches) {
    out_.part.notes.push_back({ticks(onset), std::max(Ticks{1}, ticks(onset + each) - ticks(onset)),
                               static_cast<std::uint8_t>(pitch)});
    onset += each;
  }
  return onset;
}

void AbcVoice::Playing::sound(const Pitch& note, Ticks from, Ticks to) {
  auto& notes = out_.part.notes;
  const auto before = tied_.find(note.midi);
  if (before != tied_.end() && notes[before->second].end() == from) {
    notes[before->second].duration += to - from;
    if (!note.tied) tied_.erase(before);
    return;
  }
  if (note.tied) tied_[note.midi] = notes.size();
  notes.push_back({from, to - from, static_cast<std::uint8_t>(note.midi)});
}

void AbcVoice::Playing::sing(std::size_t item, Ticks at) {
  const auto words = std::equal_range(sung_.begin(), sung_.end(), item, ByItem{});
  budget_ -= std::min<std::size_t>(budget_, static_cast<std::size_t>(words.second - words.first));
  for (auto word = words.first; word != words.second; ++word)
    out_.part.lyrics.push_back({at, (*word)->verse, (*word)->text});
}

Result<AbcVoice::Played> AbcVoice::play(std::size_t& budget) const {
  std::vector<BarFlow> flows;
  for (const Bar& one : bars_) flows.push_back(one.flow);
  const auto order = play_order(flows, most_bars);
  if (!order) return unclear("its repeats make more than " + std::to_string(most_bars) + " bars");
  Playing playing(*this, budget);
  for (std::size_t place = 0; place < order->size(); ++place) {
    ANTIPHON_CHECK(playing.bar((*order)[place]));
    if (place == 0 && order->size() > 1) playing.mark_upbeat();
  }
  return playing.take();
}

}  // namespace antiphon::formats
