// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tokens/vocabulary.h"
#include "train/excerpt.h"
#include "train/kneser_ney.h"

namespace antiphon::train {

/// Something that a field's prediction may look at. After what is chosen of this event already:
/// `cast`, how many parts there are and who of them is human; `position` in the bar, of this event
/// once its shift is chosen, else of the event before; `open`, the pitches that this event's part
/// holds if it is human. FIELD_n is of the nth event before; `same_` is of the nth note before that
/// began in this event's part, and `age` how long ago it began.
// clang-format off
enum class Clue : std::uint8_t {
  type, shift, voice, pitch, duration,
  cast, position, open,
  shift_1, voice_1, pitch_1, duration_1, velocity_1,
  shift_2, voice_2, pitch_2, duration_2, velocity_2,
  shift_3, voice_3, pitch_3, duration_3, velocity_3,
  shift_4, voice_4, pitch_4, duration_4, velocity_4,
  same_pitch_1, same_duration_1, same_velocity_1, same_age_1,
  same_pitch_2, same_duration_2, same_velocity_2, same_age_2,
  same_pitch_3, same_duration_3, same_velocity_3, same_age_3,
  count
};
// clang-format on

/// What each level of a chain of contexts adds to the one before it; the first level is empty.
using Chain = std::vector<std::vector<Clue>>;

/// One chain a field.
struct NgramDesign {
  std::string name;
  std::array<Chain, tokens::field_count> chains;
};

/// Each field's own frequencies.
NgramDesign unigram_design();

/// Designs of a 5-gram, from the plainest on. None looks back more than four events, or at more
/// than three notes of a part.
std::vector<NgramDesign> ngram_designs();

/// The baseline that a model has to beat: counts of what followed what. The fields of an event are
/// predicted one after another, each by `KneserNey` along its chain. One object counts one field,
/// because all together take much memory.
class FieldNgram {
 public:
  FieldNgram(int field, Chain chain);

  void add(const Excerpt& excerpt);
  /// Once, after the last `add`.
  void finish() { counts_.finish(); }
  /// Sum of -ln p of the field over the excerpt's events that have it.
  double nats(const Excerpt& excerpt) const;

 private:
  int field_;
  Chain chain_;
  KneserNey counts_;
};

}  // namespace antiphon::train
