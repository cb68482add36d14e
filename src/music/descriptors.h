// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "music/quality.h"

/// Numbers that say what a stretch of an accompaniment is like, to compare many with many.
namespace antiphon::music {

/// Four bars of an accompaniment beside its melody; docs/measures.md names the numbers.
inline constexpr std::size_t descriptor_count = 28;
using Descriptors = std::array<double, descriptor_count>;

/// Of each stretch of four bars in which the accompaniment begins a note, in order. The last bars
/// of a piece that fill no stretch are left out.
std::vector<Descriptors> descriptors_of(const Score& score, const Roles& roles);

/// Frechet distance (Dowson and Landau 1982) between normal distributions with diagonal covariance
/// that are fitted to both sides, in units of the reference's deviation, a number; so 1 says that
/// each number is off by a deviation. Numbers that don't vary in the reference are left out.
/// Nothing with fewer than two stretches on a side.
///
/// Of descriptors of our own: not comparable with distances on learned embeddings.
std::optional<double> frechet_distance(std::span<const Descriptors> stretches,
                                       std::span<const Descriptors> reference);

}  // namespace antiphon::music
