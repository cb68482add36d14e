// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "music/form.h"
#include "music/measures.h"
#include "music/score.h"

namespace antiphon::music {

/// Parts that a model played are named so; what follows is the instrument.
inline constexpr std::string_view ai_part_prefix = "Antiphon:";
inline bool is_ai_part(const Part& part) { return part.name.starts_with(ai_part_prefix); }

/// Who is accompanied, and by whom: indices of parts.
struct Roles {
  std::size_t melody = 0;
  std::vector<std::size_t> accompaniment;
};

/// AI parts accompany the human part that is most like a melody; where there are none, as in a
/// score by a person, all other pitched parts do. `melody` overrides the choice. Drums are no
/// accompaniment.
Roles roles_of(const Score& score, std::optional<std::size_t> melody = {});

/// The notes of the accompaniment, sorted by onset.
std::vector<Note> accompaniment_of(const Score& score, const Roles& roles);

/// What a score says of its accompaniment by itself.
struct Quality {
  Harmony harmony;
  std::optional<Key> key;  ///< The first that the score gives, or else the melody's, as found.
  bool key_given = false;
  std::optional<double> key_agreement;
  Faults faults;
  Density density;
  Form form;
  std::size_t notes = 0;
};
Quality quality_of(const Score& score, const Roles& roles);

/// Where an accompaniment's notes lie. Sums of histograms pool pieces.
struct Histograms {
  PitchHistogram pitch{};
  OnsetHistogram onset{};
  BarHistogram bar{};
  Histograms& operator+=(const Histograms& other);
};
Histograms histograms_of(const Score& score, const Roles& roles, Ticks piece_end);

/// Jensen-Shannon divergences, in nats, and `form_distance`. Nothing where one side has no notes.
struct Distance {
  std::optional<double> pitch, pitch_class, onset, bar;
  std::optional<double> form = {};
};
Distance distance_of(const Histograms& histograms, const Histograms& reference);

}  // namespace antiphon::music
