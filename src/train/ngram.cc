// SPDX-License-Identifier: Apache-2.0
#include "train/ngram.h"

#include <bitset>
#include <cmath>
#include <utility>

#include "tokens/stream.h"

namespace antiphon::train {
namespace {

using tokens::Event;
using tokens::EventType;

std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  hash = (hash ^ (value + 0x9e3779b97f4a7c15u)) * 0xbf58476d1ce4e5b9u;
  return hash ^ (hash >> 29);
}

constexpr std::size_t clue_count = static_cast<std::size_t>(Clue::count);

constexpr std::size_t index_of(Clue clue) { return static_cast<std::size_t>(clue); }

// The clues as they stand, kept up as a piece goes on.
class Clues {
 public:
  explicit Clues(const Excerpt& excerpt) : stream_(excerpt.header, excerpt.from) {
    std::uint64_t cast = 0;
    for (const tokens::Slot& slot : excerpt.header.slots) {
      cast = mix(cast, static_cast<std::uint64_t>(slot.role));
    }
    set(Clue::cast, cast);
  }

  std::uint64_t operator[](Clue clue) const { return values_[index_of(clue)]; }

  // Before the choice of each field of `event`.
  void before(int field, const Event& event) {
    if (field == tokens::field_shift) {
      set(Clue::position, position_);
    } else if (field == tokens::field_voice) {
      set(Clue::shift, event.shift);
      stream_.after_shift(event, rows_);
      position_ = rows_.view()[1];
      set(Clue::position, position_);
    } else if (field == tokens::field_pitch) {
      set_voice(event);
    } else if (field == tokens::field_duration) {
      set(Clue::pitch, event.pitch);
    } else {
      set(Clue::pitch, event.pitch);
      set(Clue::duration, event.duration);
    }
  }

  void apply(const Event& event) {
    now_ += event.shift;
    for (std::size_t back = 3; back >= 1; --back) {
      for (std::size_t i = 0; i < 5; ++i) {
        values_[index_of(Clue::shift_1) + back * 5 + i] =
            values_[index_of(Clue::shift_1) + (back - 1) * 5 + i];
      }
    }
    set(Clue::shift_1, event.shift);
    set(Clue::voice_1, static_cast<std::uint64_t>(voice_of(event)));
    set(Clue::pitch_1, event.pitch);
    set(Clue::duration_1, event.duration);
    set(Clue::velocity_1, event.velocity);
    if (event.type == EventType::wait || event.type == EventType::end) return stream_.apply(event);
    Part& part = parts_[event.slot];
    if (event.type == EventType::onset) part.open.set(event.pitch);
    if (event.type == EventType::release) part.open.reset(event.pitch);
    if (event.type == EventType::note || event.type == EventType::onset) {
      for (std::size_t i = part.begun.size() - 1; i > 0; --i) part.begun[i] = part.begun[i - 1];
      part.begun[0] = {event.pitch, event.duration, event.velocity, now_};
    }
    stream_.apply(event);
  }

 private:
  struct Begun {
    std::uint8_t pitch = 128, duration = 0, velocity = 255;
    std::int32_t at = -1000;
  };
  struct Part {
    std::array<Begun, 3> begun;
    std::bitset<128> open;
  };

  void set(Clue clue, std::uint64_t value) { values_[index_of(clue)] = value; }

  void set_voice(const Event& event) {
    const Part& part = parts_[event.slot];
    set(Clue::type, static_cast<std::uint64_t>(event.type));
    set(Clue::voice, static_cast<std::uint64_t>(voice_of(event)));
    set(Clue::open, std::hash<std::bitset<128>>()(part.open));
    for (std::size_t i = 0; i < part.begun.size(); ++i) {
      std::uint64_t* const to = values_.data() + index_of(Clue::same_pitch_1) + i * 4;
      to[0] = part.begun[i].pitch;
      to[1] = part.begun[i].duration;
      to[2] = part.begun[i].velocity;
      to[3] = static_cast<std::uint64_t>(std::min(now_ + event.shift - part.begun[i].at, 97));
    }
  }

  tokens::EventStream stream_;
  tokens::Rows rows_;
  std::array<std::uint64_t, clue_count> values_{};
  std::array<Part, tokens::max_slots> parts_;
  std::int32_t now_ = 0;
  std::uint64_t position_ = 0;
};

// Calls each(contexts, symbol) for every event that has the field.
template <class Each>
void walk(const Excerpt& excerpt, int field, const Chain& chain, const Each& each) {
  Clues clues(excerpt);
  std::vector<std::uint64_t> contexts(chain.size());
  for (const Event& event : excerpt.events) {
    const auto targets = tokens::targets_of(event);
    for (int i = 0; i <= field; ++i) {
      if (targets[static_cast<std::size_t>(i)] >= 0) clues.before(i, event);
    }
    const std::int16_t target = targets[static_cast<std::size_t>(field)];
    if (target >= 0) {
      std::uint64_t hash = 1;
      for (std::size_t level = 0; level < chain.size(); ++level) {
        for (const Clue clue : chain[level]) hash = mix(hash, clues[clue]);
        contexts[level] = hash;
      }
      each(contexts, static_cast<std::uint16_t>(target));
    }
    clues.apply(event);
  }
}

}  // namespace

NgramDesign unigram_design() {
  NgramDesign design{"unigram", {}};
  design.chains.fill(Chain(1));
  return design;
}

// clang-format off
std::vector<NgramDesign> ngram_designs() {
  using enum Clue;
  return {
      // Only the fields so far and the events before, the nearest first.
      {"events",
       {{
           {{}, {voice_1}, {shift_1}, {pitch_1}, {duration_1}, {voice_2, shift_2}, {pitch_2}},
           {{}, {voice_1}, {shift}, {voice_2}, {pitch_1}, {voice_3}, {voice_4}},
           {{}, {voice}, {pitch_1, voice_1}, {shift}, {pitch_2, voice_2}, {pitch_3}, {pitch_4}},
           {{}, {type}, {duration_1}, {shift}, {voice}, {duration_2}, {pitch}, {duration_3}},
           {{}, {velocity_1}, {voice}, {velocity_2}, {shift}, {velocity_3}, {pitch}},
       }}},
      // The part that the event is of has its own past.
      {"parts",
       {{
           {{}, {voice_1}, {shift_1}, {voice_2}, {duration_1}, {shift_2}, {voice_3, shift_3}},
           {{}, {cast}, {voice_1}, {shift}, {voice_2}, {voice_3}, {voice_4}, {shift_1}},
           {{}, {type}, {open}, {same_pitch_1}, {shift}, {same_pitch_2}, {pitch_1}, {pitch_2}},
           {{}, {same_duration_1}, {same_age_1}, {same_duration_2}, {duration_1}, {voice}, {pitch}},
           {{}, {same_velocity_1}, {velocity_1}, {same_velocity_2}, {voice}, {shift}, {pitch}},
       }}},
      // The same, further back, and with where in the bar the event is.
      {"parts, further back",
       {{
           {{}, {voice_1}, {shift_1}, {voice_2}, {duration_1}, {shift_2}, {voice_3}, {shift_3},
            {duration_2}, {voice_4, shift_4}, {position}},
           {{}, {cast}, {voice_1}, {shift}, {voice_2}, {voice_3}, {shift_1}, {shift_2}, {voice_4}},
           {{}, {type}, {open}, {same_pitch_1}, {shift}, {same_pitch_2}, {pitch_1, voice_1},
            {same_pitch_3}, {pitch_2}},
           {{}, {same_duration_1}, {shift}, {duration_1}, {same_age_1}, {same_duration_2},
            {position}, {voice}},
           {{}, {same_velocity_1}, {velocity_1}, {same_velocity_2}, {same_velocity_3}},
       }}},
  };
}
// clang-format on

FieldNgram::FieldNgram(int field, Chain chain)
    : field_(field),
      chain_(std::move(chain)),
      counts_(static_cast<std::size_t>(tokens::fields[static_cast<std::size_t>(field)].size),
              chain_.size()) {}

void FieldNgram::add(const Excerpt& excerpt) {
  walk(excerpt, field_, chain_,
       [&](const auto& contexts, std::uint16_t symbol) { counts_.add(contexts, symbol); });
}

double FieldNgram::nats(const Excerpt& excerpt) const {
  double nats = 0;
  walk(excerpt, field_, chain_, [&](const auto& contexts, std::uint16_t symbol) {
    nats -= std::log(counts_.probability(contexts, symbol));
  });
  return nats;
}

}  // namespace antiphon::train
