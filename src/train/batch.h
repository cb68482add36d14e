// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace antiphon::train {

/// Lists of table rows, one list a step, end to end.
struct Bags {
  std::vector<std::int32_t> rows;
  std::vector<std::int32_t> offsets{0};  ///< [bags + 1]

  void push(std::span<const std::uint16_t> bag) {
    rows.insert(rows.end(), bag.begin(), bag.end());
    offsets.push_back(static_cast<std::int32_t>(rows.size()));
  }
  std::size_t size() const { return offsets.size() - 1; }
};

inline constexpr std::size_t max_fields = 5;

/// What a learner eats: `sequences` rows of `length` steps, each row filled with one or several
/// excerpts end to end. An excerpt's steps see only their own excerpt.
struct Batch {
  std::int64_t sequences = 0;
  std::int64_t length = 0;
  Bags input;                       ///< [sequences * length]
  std::vector<std::int32_t> time;   ///< [sequences * length], grid steps.
  std::vector<std::int32_t> first;  ///< [sequences * length], where in its row the excerpt began.

  // The events that are predicted, in any order.
  std::vector<std::int32_t> predicted_from;  ///< [events], the flat index of the step before.
  std::array<std::vector<std::int32_t>, max_fields> targets;  ///< [events], -1: no such field.
  std::array<Bags, max_fields - 1> conditions;                ///< [events], after each field.
  /// [events] each, what a field's loss is multiplied by; empty: 1.
  std::array<std::vector<float>, max_fields> weights;
  std::int64_t notes = 0;  ///< Events that begin a note: what 'per note' divides by.

  std::size_t events() const { return predicted_from.size(); }
};

}  // namespace antiphon::train
