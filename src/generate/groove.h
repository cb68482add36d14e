// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "nn/groove.h"
#include "tokens/drum_grid.h"

/// Drum patterns out of a generator, and human playing for given ones.
namespace antiphon::generate {

/// Loads a groove generator from the files of a model's folder, and checks that it is one of two
/// bars of nine drums. `weights` is borrowed for as long as `owner` lives.
Result<std::shared_ptr<const nn::Groove>> load_groove(std::string_view config, ByteView weights,
                                                      std::shared_ptr<const void> owner,
                                                      nn::LoadOptions options = {});

/// What to play.
struct GrooveWish {
  std::string style{};  ///< One of the model's; empty: none in particular.
  double tempo = 120;
  /// The latent plane, each in [-1, 1]: from sparse to busy, from straight to syncopated, as far as
  /// this style goes.
  double x = 0, y = 0;
  int bars = 2;  ///< 1 to 1024.
  /// How far each two bars are from those before, in [0, 1]: 0 repeats them, 1 begins anew.
  double variation = 0.3;
  std::uint64_t seed = 1;
};

/// Errors: which value is out of bounds, or an unknown style with those that there are.
Status check(const GrooveWish& wish, const nn::Groove& groove);

/// Plays drums.
///
/// Threads: one. The generator is shared and immutable.
class Drummer {
 public:
  explicit Drummer(std::shared_ptr<const nn::Groove> groove);

  const nn::Groove& groove() const { return session_.groove(); }

  /// Two bars from the latent numbers [latent]. `style` is an index, or nothing for none. Nothing
  /// is allocated.
  tokens::DrumGrid pattern(std::span<const float> latent, double x, double y, double tempo,
                           std::optional<std::size_t> style);
  /// The same hits as a human would play them.
  tokens::DrumGrid touch(const tokens::DrumGrid& hits, std::span<const float> latent, double tempo,
                         std::optional<std::size_t> style);

  /// A score with one part of drums. The wish has been checked.
  music::Score play(const GrooveWish& wish);

  /// Gives the drum parts of `score` human velocities and timing, two bars at a time. Notes further
  /// than 40 ticks from the sixteenths (triplets, a swing that is there already) keep their time
  /// and get a velocity; percussion other than the nine drums stays as it is, as does all else. An
  /// empty style is none in particular. Gives the number of notes that were played anew. Errors: no
  /// note of the nine drums in a drum part; an unknown style.
  Result<std::size_t> humanize(music::Score& score, const std::string& style, std::uint64_t seed);

 private:
  void tell(std::span<const float> latent, double x, double y, double tempo,
            std::optional<std::size_t> style);
  void strike(tokens::DrumGrid& grid);

  nn::GrooveSession session_;
  std::vector<float> condition_, hits_, latent_;
};

/// Independent normal numbers.
void draw_latent(Random& random, std::span<float> latent);

}  // namespace antiphon::generate
