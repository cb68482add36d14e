// SPDX-License-Identifier: Apache-2.0
#include "generate/groove.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numbers>

#include "nn/safetensors.h"

namespace antiphon::generate {
namespace {

using music::Ticks;
using tokens::DrumGrid;
using tokens::DrumHit;

constexpr std::int64_t on_the_grid = 40;  // Ticks from a sixteenth.

Result<std::optional<std::size_t>> style_index(const std::string& style, const nn::Groove& groove) {
  if (style.empty()) return std::optional<std::size_t>();
  const auto& styles = groove.config().styles;
  const auto found = std::find(styles.begin(), styles.end(), style);
  if (found != styles.end()) return std::optional(static_cast<std::size_t>(found - styles.begin()));
  std::string known;
  for (const std::string& name : styles) known += (known.empty() ? "" : ", ") + name;
  return Error{Errc::invalid_input, "there is no style '" + style + "'; there are " + known};
}

Error out_of_range(const char* what, const char* bounds, double got) {
  std::string number = std::to_string(got);
  number.erase(std::max(number.find('.') + 2, number.find_last_not_of('0') + 1));
  return {Errc::out_of_range, std::string(what) + " must be " + bounds + ", got " + number};
}

// A stretch of a score that goes through the model at once.
struct Stretch {
  Ticks start, length;
};

// Pairs of bars in 4/4; other bars alone, and of long ones the first two bars' worth of time.
std::vector<Stretch> stretches_of(const music::Score& score) {
  const std::vector<music::Bar> bars = music::bars_of(score);
  constexpr Ticks half = tokens::drum_step * static_cast<std::int64_t>(tokens::drum_steps_a_bar);
  const auto plain = [&](std::size_t i) {
    return i < bars.size() && bars[i].meter.bar() == half && bars[i].meter.denominator() == 4 &&
           (i + 1 == bars.size() || bars[i + 1].start - bars[i].start == half);
  };
  std::vector<Stretch> stretches;
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const Ticks start = bars[i].start;
    if (plain(i) && plain(i + 1)) ++i;
    const Ticks end = i + 1 < bars.size() ? bars[i + 1].start : start + tokens::drum_span;
    stretches.push_back({start, std::min(end - start, tokens::drum_span)});
  }
  return stretches;
}

double tempo_at(const music::Score& score, Ticks at) {
  const auto next = std::partition_point(score.tempos.begin(), score.tempos.end(),
                                         [at](const auto& change) { return change.at <= at; });
  return next == score.tempos.begin() ? music::Tempo().bpm() : std::prev(next)->value.bpm();
}

}  // namespace

void draw_latent(Random& random, std::span<float> latent) {
  for (float& number : latent) {  // Box and Muller 1958.
    const double u = 1.0 - random.uniform();
    number = static_cast<float>(std::sqrt(-2.0 * std::log(u)) *
                                std::cos(2.0 * std::numbers::pi * random.uniform()));
  }
}

Result<std::shared_ptr<const nn::Groove>> load_groove(std::string_view config_text,
                                                      ByteView weights,
                                                      std::shared_ptr<const void> owner,
                                                      nn::LoadOptions options) {
  ANTIPHON_TRY(const nn::GrooveConfig config, nn::GrooveConfig::parse(config_text));
  if (config.steps != tokens::drum_steps || config.drums != tokens::drum_kinds) {
    return Error{Errc::unsupported, "config.json: expected 32 steps of 9 drums, got " +
                                        std::to_string(config.steps) + " of " +
                                        std::to_string(config.drums)};
  }
  ANTIPHON_TRY(const nn::SafeTensors file, nn::SafeTensors::parse(weights, std::move(owner)));
  return nn::Groove::load(config, file, options);
}

Status check(const GrooveWish& wish, const nn::Groove& groove) {
  ANTIPHON_CHECK(style_index(wish.style, groove));
  // Written so that NaN fails too.
  if (!(wish.tempo >= 30 && wish.tempo <= 300)) {
    return out_of_range("tempo", "30 to 300 quarters a minute", wish.tempo);
  }
  if (!(wish.x >= -1 && wish.x <= 1)) return out_of_range("x", "-1 to 1", wish.x);
  if (!(wish.y >= -1 && wish.y <= 1)) return out_of_range("y", "-1 to 1", wish.y);
  if (wish.bars < 1 || wish.bars > 1024) return out_of_range("bars", "1 to 1024", wish.bars);
  if (!(wish.variation >= 0 && wish.variation <= 1)) {
    return out_of_range("variation", "0 to 1", wish.variation);
  }
  return Done{};
}

Drummer::Drummer(std::shared_ptr<const nn::Groove> groove)
    : session_(std::move(groove)),
      condition_(session_.groove().config().condition()),
      hits_(tokens::drum_cells),
      latent_(session_.groove().config().latent) {
  assert(session_.groove().config().cells() == tokens::drum_cells);
}

void Drummer::tell(std::span<const float> latent, double x, double y, double tempo,
                   std::optional<std::size_t> style) {
  auto at = condition_.begin();
  *at++ = static_cast<float>(x);
  *at++ = static_cast<float>(y);
  at = std::copy(latent.begin(), latent.end(), at);
  const auto told = tokens::tempo_numbers(static_cast<float>(tempo));
  at = std::copy(told.begin(), told.end(), at);
  std::fill(at, condition_.end(), 0.0F);
  if (style) at[static_cast<std::ptrdiff_t>(*style)] = 1;
}

void Drummer::strike(DrumGrid& grid) {
  const auto touch = session_.touch(hits_, condition_);
  for (std::size_t step = 0, cell = 0; step < tokens::drum_steps; ++step) {
    for (std::size_t drum = 0; drum < tokens::drum_kinds; ++drum, ++cell) {
      grid.steps[step][drum] = hits_[cell] > 0
                                   ? tokens::drum_hit(touch.velocities[cell], touch.offsets[cell])
                                   : DrumHit{};
    }
  }
}

DrumGrid Drummer::pattern(std::span<const float> latent, double x, double y, double tempo,
                          std::optional<std::size_t> style) {
  tell(latent, x, y, tempo, style);
  const std::span<const float> logits = session_.pattern(condition_);
  std::transform(logits.begin(), logits.end(), hits_.begin(),
                 [](float logit) { return logit > 0 ? 1.0F : 0.0F; });
  DrumGrid grid;
  strike(grid);
  return grid;
}

DrumGrid Drummer::touch(const DrumGrid& hits, std::span<const float> latent, double tempo,
                        std::optional<std::size_t> style) {
  tell(latent, 0, 0, tempo, style);
  for (std::size_t step = 0, cell = 0; step < tokens::drum_steps; ++step) {
    for (std::size_t drum = 0; drum < tokens::drum_kinds; ++drum, ++cell) {
      hits_[cell] = hits.steps[step][drum] ? 1.0F : 0.0F;
    }
  }
  DrumGrid grid;
  strike(grid);
  return grid;
}

music::Score Drummer::play(const GrooveWish& wish) {
  assert(check(wish, groove()).ok());
  const std::optional<std::size_t> style = *style_index(wish.style, groove());
  Random random(wish.seed);
  draw_latent(random, latent_);
  music::Score score;
  score.tempos = {{Ticks{0}, *music::Tempo::of(wish.tempo)}};
  score.meters = {{Ticks{0}, music::Meter()}};
  music::Part part;
  part.name = "Antiphon: drums";
  part.drums = true;
  part.velocities_known = true;
  const Ticks end = music::Meter().bar() * wish.bars;
  std::vector<float> fresh(latent_.size());
  for (Ticks start; start < end; start += tokens::drum_span) {
    const DrumGrid grid = pattern(latent_, wish.x, wish.y, wish.tempo, style);
    for (const music::Note& note : tokens::notes_of(grid, start)) {
      if (note.onset < end) part.notes.push_back(note);
    }
    // Stays normal with the same spread.
    draw_latent(random, fresh);
    const auto keep = static_cast<float>(std::sqrt(1 - wish.variation * wish.variation));
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      latent_[i] = keep * latent_[i] + static_cast<float>(wish.variation) * fresh[i];
    }
  }
  score.parts.push_back(std::move(part));
  music::sort(score);
  for (music::Part& drums : score.parts) music::separate_unisons(drums);
  return score;
}

Result<std::size_t> Drummer::humanize(music::Score& score, const std::string& style,
                                      std::uint64_t seed) {
  ANTIPHON_TRY(const std::optional<std::size_t> index, style_index(style, groove()));
  Random random(seed);
  draw_latent(random, latent_);
  const std::vector<Stretch> stretches = stretches_of(score);
  std::size_t played = 0;
  for (music::Part& part : score.parts) {
    if (!part.drums) continue;
    const std::vector<music::Note> written = part.notes;
    for (const auto& [start, length] : stretches) {
      // A grid holds what lies up to half a step before its start, and so does a stretch.
      const auto index_at = [&](Ticks at) {
        const Ticks from = at - Ticks{tokens::drum_step.count / 2};
        return static_cast<std::size_t>(
            std::partition_point(written.begin(), written.end(),
                                 [&](const music::Note& note) { return note.onset < from; }) -
            written.begin());
      };
      const std::size_t first = index_at(start), last = index_at(start + length);
      const auto here = std::span(written).subspan(first, last - first);
      const DrumGrid stiff = tokens::drum_grid(here, start);
      if (stiff.hits() == 0) continue;
      const DrumGrid human = touch(stiff, latent_, tempo_at(score, start), index);
      for (std::size_t i = first; i < last; ++i) {
        const auto place = tokens::drum_place(written[i], start);
        if (!place) continue;
        const DrumHit& hit = human.at(place->step, place->drum);
        part.notes[i].velocity = hit.velocity;
        if (std::abs(place->offset) <= on_the_grid) {
          // Of notes that meet in a cell the loudest was taken; the others stay around it.
          const int shift = hit.offset - stiff.at(place->step, place->drum).offset;
          part.notes[i].onset = std::max(Ticks{0}, written[i].onset + Ticks{shift});
        }
        part.velocities_known = true;
        ++played;
      }
    }
  }
  if (played == 0) {
    return Error{Errc::invalid_input,
                 "there is no drum part in it; expected notes of a kick, snare, hats, toms or "
                 "cymbals on MIDI's channel 10"};
  }
  music::sort(score);
  for (music::Part& part : score.parts) {
    if (part.drums) music::separate_unisons(part);
  }
  return played;
}

}  // namespace antiphon::generate
