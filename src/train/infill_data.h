// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "base/random.h"
#include "tokens/voice_grid.h"
#include "train/batch.h"
#include "train/dataset.h"
#include "train/shape.h"

namespace antiphon::train {

/// Frames of a window: eight bars of 4/4.
inline constexpr std::size_t infill_frames = 128;

/// A shape with the voice grid's rows and a head of `hidden` units for each voice.
Shape with_voice_grid(Shape shape, std::uint32_t hidden);

/// `infill` as far as the grid doesn't decide it.
Shape infill_shape();

/// Which cells are to be told from the others. Shapes: [voices][frames].
using CellMask = std::array<std::vector<bool>, tokens::grid_voices>;

/// A window of a piece from a random bar on: one to four lines of its parts, transposed. Nothing
/// where the piece has too few notes on the sixteenths there.
std::optional<tokens::VoiceGrid> draw_window(const Piece& piece, std::size_t frames, Random& random,
                                             bool transpose = true);

/// A region of a window: all of it, some bars of some voices, or whole voices.
CellMask draw_region(const tokens::VoiceGrid& grid, Random& random);

/// Adds a window of which `count` random cells of a region, uniform in [1, its size], are masked.
/// Weighted by the region's size over `count`, the masked cells' losses are in expectation a bound
/// on the negative log-likelihood of the region given the rest: the absorbing-state diffusion of
/// Austin et al. 2021 in the order-agnostic form of Hoogeboom et al. 2022. `notes` counts the cells
/// of the regions.
void append_masked(const tokens::VoiceGrid& grid, const CellMask& region, Random& random,
                   Batch& batch);

/// A batch of random windows and regions; of regions that are whole windows with `whole`. The data
/// has windows: `has_windows`.
Batch draw_infill_batch(const Dataset& data, std::int64_t sequences, std::size_t frames,
                        Random& random, bool whole = false);

/// Whether any of many random windows has enough notes on the sixteenths.
bool has_windows(const Dataset& data, std::size_t frames);

}  // namespace antiphon::train
