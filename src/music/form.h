// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>

#include "music/score.h"

/// What returns in a piece, and how one bar resembles another.
namespace antiphon::music {

/// How alike the bars of a piece are, each in [0, 1]; nothing where no two bars can be compared.
///
/// Two bars resemble each other by the mean of two cosines: of how long their pitch classes sound,
/// and of how many notes begin at each sixteenth of the bar. A bar without notes is like no other,
/// and two such bars aren't compared.
struct Form {
  static constexpr std::size_t lags = 16;
  /// Mean over the piece of how alike bars are that lie 1, 2, ... bars apart: a row of sums of the
  /// self-similarity matrix (Foote 1999) along its diagonals.
  std::array<std::optional<double>, lags> by_lag;
  /// Mean over all bars but the first of the greatest likeness with any bar before: how much has
  /// been heard already.
  std::optional<double> recurrence;
};
Form form_of(std::span<const Note> notes, std::span<const Bar> bars);

/// Mean over the lags that both have of |a - b|; nothing if there are none.
std::optional<double> form_distance(const Form& a, const Form& b);

}  // namespace antiphon::music
