// SPDX-License-Identifier: Apache-2.0
#include "generate/infiller.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "nn/safetensors.h"

namespace antiphon::generate {

namespace cell = tokens::cell;
using tokens::Cell;
using tokens::VoiceGrid;

Result<std::shared_ptr<const nn::Transformer>> load_infill(std::string_view config_text,
                                                           std::string_view vocabulary,
                                                           ByteView weights,
                                                           std::shared_ptr<const void> owner) {
  ANTIPHON_TRY(const nn::TransformerConfig config, nn::TransformerConfig::parse(config_text));
  bool fits = config.bidirectional && config.fields.size() == tokens::grid_voices &&
              config.input_rows == static_cast<std::uint32_t>(tokens::voice_input::rows) &&
              config.context > 2 * margin_frames;
  for (const nn::Field& field : config.fields) fits = fits && field.size == cell::kinds;
  if (!fits) {
    return Error{Errc::unsupported,
                 "config.json: expected a masked-transformer of the voice grid, with its rows and "
                 "a field for each of 4 voices"};
  }
  if (vocabulary != tokens::voice_grid_json()) {
    return Error{Errc::unsupported, "vocabulary.json: not the voice grid of this program"};
  }
  ANTIPHON_TRY(const nn::SafeTensors file, nn::SafeTensors::parse(weights, std::move(owner)));
  return nn::Transformer::load(config, file);
}

Status check(const Unmasking& unmasking) {
  if (unmasking.steps < 1 || unmasking.steps > 1024) {
    return Error{Errc::out_of_range,
                 "steps must be 1 to 1024, got " + std::to_string(unmasking.steps)};
  }
  // Written so that NaN fails too.
  if (!(unmasking.temperature >= 0 && unmasking.temperature <= 10)) {
    return Error{Errc::out_of_range,
                 "temperature must be 0 to 10, got " + std::to_string(unmasking.temperature)};
  }
  return Done{};
}

Infiller::Infiller(std::shared_ptr<const nn::Transformer> model)
    : session_(model),
      z_(std::size_t{model->config().context} * model->config().dim),
      rows_(model->config().context),
      steps_(model->config().context) {
  guesses_.reserve(tokens::grid_voices * rows_.size());
}

void Infiller::run(const VoiceGrid& grid) {
  assert(grid.frames() == rows_.size());
  tokens::frame_rows(grid, rows_);
  for (std::size_t f = 0; f < rows_.size(); ++f) {
    steps_[f] = {rows_[f], static_cast<std::int32_t>(f)};
  }
  session_.reset();
  session_.score(steps_, z_);
}

std::span<const float> Infiller::logits(std::size_t voice, std::size_t frame) {
  const std::size_t dim = session_.model().config().dim;
  session_.begin(std::span<const float>(z_).subspan(frame * dim, dim));
  return session_.logits(voice);
}

Infiller::Guess Infiller::guess(const VoiceGrid& grid, std::size_t voice, std::size_t frame,
                                double temperature, Random& random, PitchRange range) {
  const auto values = logits(voice, frame);
  const auto& cells = grid.cells[voice];
  const bool nothing_to_hold = frame == 0 || cells[frame - 1] == cell::rest;
  const auto allowed = [&](std::size_t i) {
    const auto c = static_cast<Cell>(i);
    if (c == cell::hold) return !nothing_to_hold;
    return !cell::is_onset(c) || (cell::pitch(c) >= range.first && cell::pitch(c) <= range.second);
  };
  std::size_t best = cell::rest;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (allowed(i) && values[i] > values[best]) best = i;
  }
  // Below a hundredth everything but the likeliest is negligible.
  const double heat = std::max(temperature, 0.01);
  double total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (allowed(i)) total += std::exp((double{values[i]} - double{values[best]}) / heat);
  }
  std::size_t chosen = best;
  if (temperature > 0) {
    double left = random.uniform() * total;
    for (std::size_t i = 0; i < values.size() && left >= 0; ++i) {
      if (!allowed(i)) continue;
      chosen = i;
      left -= std::exp((double{values[i]} - double{values[best]}) / heat);
    }
  }
  const double sureness = std::exp((double{values[chosen]} - double{values[best]}) / heat) / total;
  return {voice, frame, static_cast<Cell>(chosen), sureness};
}

void Infiller::fill(VoiceGrid& grid, std::size_t last, const Unmasking& unmasking, Random& random,
                    const VoiceRanges& ranges) {
  const auto masked = [&](std::size_t voice, std::size_t frame) {
    return grid.cells[voice][frame] == cell::masked;
  };
  std::size_t total = 0;
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
    for (std::size_t f = 0; f < last; ++f) total += masked(v, f);
  }
  std::size_t known = 0;
  for (int step = 1; step <= unmasking.steps; ++step) {
    const std::size_t until =
        total * static_cast<std::size_t>(step) / static_cast<std::size_t>(unmasking.steps);
    if (until == known) continue;
    run(grid);
    guesses_.clear();
    for (std::size_t f = 0; f < last; ++f) {
      for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
        if (!masked(v, f)) continue;
        // In random order what won't be taken needs no guess, but its place in the order.
        guesses_.push_back({v, f, cell::masked, unmasking.sure_first ? 0 : random.uniform()});
      }
    }
    if (unmasking.sure_first) {
      for (Guess& g : guesses_) {
        g = guess(grid, g.voice, g.frame, unmasking.temperature, random, ranges[g.voice]);
      }
    }
    std::sort(guesses_.begin(), guesses_.end(), [](const Guess& a, const Guess& b) {
      return a.sureness != b.sureness ? a.sureness > b.sureness
                                      : std::pair(a.frame, a.voice) < std::pair(b.frame, b.voice);
    });
    guesses_.resize(until - known);
    // In the order of time, so that no hold is put after a rest that was just put.
    std::sort(guesses_.begin(), guesses_.end(), [](const Guess& a, const Guess& b) {
      return std::pair(a.frame, a.voice) < std::pair(b.frame, b.voice);
    });
    for (const Guess& g : guesses_) {
      const bool decided =
          unmasking.sure_first &&
          !(g.cell == cell::hold && grid.cells[g.voice][g.frame - 1] == cell::rest);
      grid.cells[g.voice][g.frame] =
          decided
              ? g.cell
              : guess(grid, g.voice, g.frame, unmasking.temperature, random, ranges[g.voice]).cell;
    }
    known = until;
  }
  // A hold may have been put before its note was known to be a rest.
  for (auto& cells : grid.cells) {
    for (std::size_t f = 1; f < last; ++f) {
      if (cells[f] == cell::hold && cells[f - 1] == cell::rest) cells[f] = cell::rest;
    }
  }
}

std::size_t Infiller::score(const VoiceGrid& seen, const VoiceGrid& truth,
                            std::array<std::vector<double>, tokens::grid_voices>& nats) {
  run(seen);
  std::size_t right = 0;
  for (std::size_t v = 0; v < tokens::grid_voices; ++v) {
    nats[v].assign(seen.frames(), 0);
    for (std::size_t f = 0; f < seen.frames(); ++f) {
      if (seen.cells[v][f] != cell::masked) continue;
      const auto values = logits(v, f);
      const auto best = std::max_element(values.begin(), values.end());
      double total = 0;
      for (const float value : values) total += std::exp(double{value} - double{*best});
      const std::size_t wanted = truth.cells[v][f];
      nats[v][f] = std::log(total) + double{*best} - double{values[wanted]};
      right += static_cast<std::size_t>(best - values.begin()) == wanted;
    }
  }
  return right;
}

}  // namespace antiphon::generate
