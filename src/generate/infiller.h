// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "nn/session.h"
#include "tokens/voice_grid.h"

/// Cells for what is missing of a voice grid, from all that is around it: absorbing-state discrete
/// diffusion (Austin et al. 2021; for music Plasser et al. 2023).
namespace antiphon::generate {

/// Loads a masked transformer from the files of a model's folder, and checks that it is one of the
/// voice grid. `weights` is borrowed for as long as `owner` lives.
Result<std::shared_ptr<const nn::Transformer>> load_infill(std::string_view config,
                                                           std::string_view vocabulary,
                                                           ByteView weights,
                                                           std::shared_ptr<const void> owner);

/// Frames of a grid that are there for what is around: known at its start, left masked at its end.
inline constexpr std::size_t margin_frames = 32;

/// How masked cells become known.
struct Unmasking {
  int steps = 16;            ///< Passes of the model; with each about as many cells become known.
  double temperature = 1.0;  ///< 0: the likeliest.
  bool sure_first = false;   ///< The cells that the model is surest of first; else in random order.
  std::uint64_t seed = 1;
};

/// Errors: steps not in [1, 1024], a temperature not in [0, 10].
Status check(const Unmasking& unmasking);

using PitchRange = std::pair<int, int>;
using VoiceRanges = std::array<PitchRange, tokens::grid_voices>;
inline constexpr PitchRange any_pitch{tokens::lowest_grid_pitch, tokens::highest_grid_pitch};

/// Fills masked cells of grids.
///
/// Threads: one. The model is shared and immutable.
class Infiller {
 public:
  explicit Infiller(std::shared_ptr<const nn::Transformer> model);

  /// Frames of the grids that it fills.
  std::size_t frames() const { return session_.capacity(); }

  /// Makes every masked cell of `grid` known whose frame is before `last`; those after stay. No
  /// hold follows a rest. Nothing is allocated.
  void fill(tokens::VoiceGrid& grid, std::size_t last, const Unmasking& unmasking, Random& random,
            const VoiceRanges& ranges = {any_pitch, any_pitch, any_pitch, any_pitch});

  /// -ln p of each masked cell's value in `truth`, given the others of `seen`; one pass. Into
  /// `nats` [voices][frames]; 0 where nothing is masked. Gives how many of them were the likeliest.
  std::size_t score(const tokens::VoiceGrid& seen, const tokens::VoiceGrid& truth,
                    std::array<std::vector<double>, tokens::grid_voices>& nats);

 private:
  struct Guess {
    std::size_t voice, frame;
    tokens::Cell cell;
    double sureness;
  };
  void run(const tokens::VoiceGrid& grid);
  std::span<const float> logits(std::size_t voice, std::size_t frame);
  Guess guess(const tokens::VoiceGrid& grid, std::size_t voice, std::size_t frame,
              double temperature, Random& random, PitchRange range);

  nn::Session session_;
  std::vector<float> z_;                 ///< [frames, dim]
  std::vector<tokens::FrameRows> rows_;  ///< [frames]
  std::vector<nn::Step> steps_;          ///< [frames]
  std::vector<Guess> guesses_;           ///< Room for all cells.
};

}  // namespace antiphon::generate
