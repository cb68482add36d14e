// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "generate/duet.h"
#include "music/score.h"
#include "nn/session.h"
#include "tokens/voice_grid.h"

/// Music for what is missing, from all that is around it: absorbing-state discrete diffusion
/// (Austin et al. 2021; for music Plasser et al. 2023).
namespace antiphon::generate {

/// Loads a masked transformer from the files of a model's folder, and checks that it is one of the
/// voice grid. `weights` is borrowed for as long as `owner` lives.
Result<std::shared_ptr<const nn::Transformer>> load_infill(std::string_view config,
                                                           std::string_view vocabulary,
                                                           ByteView weights,
                                                           std::shared_ptr<const void> owner);

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

/// What came of it.
struct Infilled {
  music::Score score;
  std::size_t notes = 0;   ///< That were made.
  std::size_t passes = 0;  ///< Of the model.
  bool stopped = false;    ///< `progress` asked to stop; the windows filled until then stand.
};

/// Replaces what the parts `parts` (indices; empty: all pitched ones) play in the bars `first` to
/// `last`, counted from 1, given all around. Notes that begin before the region keep sounding into
/// it; what is made ends within it; all else stays as it is, to the tick.
/// Errors: bars that there aren't, no pitched part with notes, drums.
Result<Infilled> infill(Infiller& infiller, const music::Score& score, int first, int last,
                        std::vector<std::size_t> parts, const Unmasking& unmasking,
                        const Progress& progress);

/// Only the part `melody`, with three voices below it: alto, tenor and bass.
/// Errors: a melody without notes, or drums.
Result<Infilled> harmonize(Infiller& infiller, const music::Score& score, std::size_t melody,
                           const Unmasking& unmasking, const Progress& progress);

}  // namespace antiphon::generate
