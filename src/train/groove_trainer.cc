// SPDX-License-Identifier: Apache-2.0
#include "train/groove_trainer.h"

#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <map>
#include <numeric>

#include "base/file.h"
#include "music/measures.h"
#include "tokens/drum_measures.h"
#include "train/groove_model.h"
#include "train/tensors_file.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;
using at::Tensor;
using Clock = std::chrono::steady_clock;

constexpr double averaging = 0.999;     // Of the generator's weights, a step.
constexpr double style_left_out = 0.1;  // How often the touch isn't told the style.
constexpr double offset_weight = 4;     // Of an offset in steps beside a velocity in [0, 1].
constexpr std::int64_t penalty_every = 8;
constexpr std::int64_t save_every = 500, report_every = 100;

std::string format(const char* pattern, auto... values) {
  char line[512];
  std::snprintf(line, sizeof line, pattern, values...);
  return line;
}

Tensor normals(std::int64_t rows, std::int64_t columns, Random& random) {
  Tensor out = at::empty({rows, columns});
  float* to = out.data_ptr<float>();
  for (std::int64_t i = 0; i < rows * columns; ++i) to[i] = static_cast<float>(normal(random));
  return out;
}

Tensor anywhere_on_plane(std::int64_t rows, Random& random) {
  Tensor out = at::empty({rows, std::int64_t{nn::GrooveConfig::plane}});
  float* to = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    to[i] = static_cast<float>(2 * random.uniform() - 1);
  }
  return out;
}

struct Batch {
  Patterns patterns;
  Wishes wishes;
};

// Draws windows, rare styles more often than they are played: a style's share goes with the root of
// its size.
class Windows {
 public:
  Windows(const std::vector<GrooveWindow>& windows, std::size_t styles)
      : windows_(windows), style_count_(styles) {
    std::vector<double> sizes(styles);
    for (const GrooveWindow& window : windows) sizes[window.style] += 1;
    for (const GrooveWindow& window : windows) {
      total_ += 1 / std::sqrt(sizes[window.style]);
      up_to_.push_back(total_);
    }
  }

  Batch draw(std::int64_t rows, Random& random) const {
    std::vector<const GrooveWindow*> drawn;
    for (std::int64_t i = 0; i < rows; ++i) {
      const auto at = std::upper_bound(up_to_.begin(), up_to_.end(), random.uniform() * total_);
      drawn.push_back(&windows_[std::min<std::size_t>(static_cast<std::size_t>(at - up_to_.begin()),
                                                      windows_.size() - 1)]);
    }
    return batch_of(drawn, &random);
  }

  // With `random`, bars change places in half of the windows.
  Batch batch_of(const std::vector<const GrooveWindow*>& windows, Random* random) const {
    const auto rows = static_cast<std::int64_t>(windows.size());
    const auto cells = static_cast<std::int64_t>(tokens::drum_cells);
    Batch batch{{at::zeros({rows, cells}), at::zeros({rows, cells}), at::zeros({rows, cells})},
                {at::empty({rows, 2}), at::empty({rows, 2}),
                 at::zeros({rows, static_cast<std::int64_t>(style_count_)})}};
    for (std::int64_t row = 0; row < rows; ++row) {
      const GrooveWindow& window = *windows[static_cast<std::size_t>(row)];
      const bool turned = random != nullptr && random->below(2) == 0;
      for (std::size_t step = 0; step < tokens::drum_steps; ++step) {
        const std::size_t to =
            turned ? (step + tokens::drum_steps_a_bar) % tokens::drum_steps : step;
        for (std::size_t drum = 0; drum < tokens::drum_kinds; ++drum) {
          const tokens::DrumHit& hit = window.grid.steps[step][drum];
          if (!hit) continue;
          const auto cell = row * cells + static_cast<std::int64_t>(to * tokens::drum_kinds + drum);
          batch.patterns.hits.data_ptr<float>()[cell] = 1;
          batch.patterns.velocities.data_ptr<float>()[cell] =
              static_cast<float>(hit.velocity) / 127;
          batch.patterns.offsets.data_ptr<float>()[cell] =
              static_cast<float>(hit.offset) / static_cast<float>(tokens::drum_step.count);
        }
      }
      const auto tempo = tokens::tempo_numbers(window.tempo);
      std::copy(tempo.begin(), tempo.end(), batch.wishes.tempo.data_ptr<float>() + 2 * row);
      batch.wishes.plane.data_ptr<float>()[2 * row] = window.x;
      batch.wishes.plane.data_ptr<float>()[2 * row + 1] = window.y;
      batch.wishes.style[row][static_cast<std::int64_t>(window.style)] = 1;
    }
    return batch;
  }

 private:
  const std::vector<GrooveWindow>& windows_;
  std::size_t style_count_;
  std::vector<double> up_to_;
  double total_ = 0;
};

std::vector<tokens::DrumGrid> grids_of(const Patterns& patterns) {
  const Tensor hits = patterns.hits.contiguous(), velocities = patterns.velocities.contiguous(),
               offsets = patterns.offsets.contiguous();
  std::vector<tokens::DrumGrid> grids(static_cast<std::size_t>(hits.size(0)));
  std::int64_t cell = 0;
  for (tokens::DrumGrid& grid : grids) {
    for (auto& step : grid.steps) {
      for (tokens::DrumHit& hit : step) {
        if (hits.data_ptr<float>()[cell] > 0.5F) {
          hit =
              tokens::drum_hit(velocities.data_ptr<float>()[cell], offsets.data_ptr<float>()[cell]);
        }
        ++cell;
      }
    }
  }
  return grids;
}

// Every so many-th window, at most `most`.
std::vector<const GrooveWindow*> spread_over(const std::vector<GrooveWindow>& windows,
                                             std::size_t most) {
  std::vector<const GrooveWindow*> picked;
  const std::size_t count = std::min(most, windows.size());
  for (std::size_t i = 0; i < count; ++i) picked.push_back(&windows[i * windows.size() / count]);
  return picked;
}

struct Losses {
  double critic = 0, generator = 0, bits = 0, divergence = 0, touch = 0, plane = 0;
};

// How far the velocities and offsets of each drum are from being spread as they are played: the
// mean distance between sorted ones, which is Wasserstein's. Both have the same hits.
Tensor spread_distance(const Patterns& played, const Patterns& real) {
  const auto of_drum = [](const Tensor& x, std::int64_t drum) {
    return x
        .view({x.size(0), static_cast<std::int64_t>(tokens::drum_steps),
               static_cast<std::int64_t>(tokens::drum_kinds)})
        .select(2, drum);
  };
  Tensor sum = at::zeros({});
  for (std::int64_t drum = 0; drum < static_cast<std::int64_t>(tokens::drum_kinds); ++drum) {
    const Tensor struck = of_drum(real.hits, drum) > 0.5;
    const auto sorted = [&](const Tensor& x) {
      return std::get<0>(of_drum(x, drum).masked_select(struck).sort());
    };
    sum = sum + (sorted(played.velocities) - sorted(real.velocities)).abs().sum() +
          offset_weight * (sorted(played.offsets) - sorted(real.offsets)).abs().sum();
  }
  return sum / real.hits.sum();
}

class GrooveTrainer {
 public:
  GrooveTrainer(const GrooveOptions& options, const GrooveCorpus& corpus)
      : options_(options),
        config_{tokens::drum_steps, tokens::drum_kinds, options.latent,
                options.hidden,     options.layers,     corpus.styles},
        random_(options.seed),
        generator_(config_, random_),
        averaged_(config_, random_),
        critic_(config_, random_),
        encoder_(config_, random_),
        windows_(corpus.train, corpus.styles.size()),
        validation_(corpus.validation, corpus.styles.size()),
        validated_(spread_over(corpus.validation, 1000)) {
    averaged_.parameters().value().copy_(generator_.parameters().value());
    for (const GrooveWindow* window : validated_) {
      real_.push_back(tokens::features_of(window->grid));
      real_grids_.push_back(window->grid);
    }
  }

  Losses step(double rate_share) {
    // Each step draws from its own stream, so that a resumed run goes on as it would have.
    random_ = Random(options_.seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(steps_));
    Losses losses;
    const Batch real = windows_.draw(options_.batch, random_);
    teach_critic(real, rate_share, losses);
    teach_generator(real, rate_share, losses);
    ++steps_;
    return losses;
  }

  GrooveScore validate() {
    at::NoGradGuard no_gradient;
    Random random(0x7a11da7e);
    Batch batch = validation_.batch_of(validated_, nullptr);
    const auto rows = static_cast<std::int64_t>(validated_.size());
    batch.wishes.plane = anywhere_on_plane(rows, random);
    const auto grids = grids_of(averaged_(normals(rows, options_.latent, random), batch.wishes));
    return score(grids);
  }

  /// The same for training windows of the validated ones' styles instead of generated patterns.
  GrooveScore yardstick(const std::vector<GrooveWindow>& train) const {
    std::map<std::size_t, std::vector<const GrooveWindow*>> styles;
    for (const GrooveWindow& window : train) styles[window.style].push_back(&window);
    Random random(0x7a11da7e);
    std::vector<tokens::DrumGrid> grids;
    for (const GrooveWindow* window : validated_) {
      const auto& alike = styles.at(window->style);
      grids.push_back(alike[random.below(alike.size())]->grid);
    }
    return score(grids);
  }

  std::int64_t steps() const { return steps_; }
  double best() const { return best_; }

  Status save_best(double score) {
    best_ = score;
    nn::SafeTensorsWriter writer;
    writer.set_metadata("kind", "antiphon-train groove weights");
    writer.set_metadata("config", config_.to_json());
    writer.set_metadata("trained_steps", std::to_string(steps_));
    averaged_.parameters().write(averaged_.parameters().value(), writer);
    return write_file(options_.out / "best.safetensors", writer.bytes());
  }

  Status save(double seconds) const {
    nn::SafeTensorsWriter writer;
    writer.set_metadata("kind", "antiphon-train groove checkpoint");
    writer.set_metadata("config", config_.to_json());
    writer.set_metadata("steps", std::to_string(steps_));
    writer.set_metadata("seconds", format("%.3f", seconds));
    writer.set_metadata("best", format("%.9f", best_));
    generator_.parameters().save("generator", writer);
    averaged_.parameters().save("averaged", writer);
    critic_.parameters().save("critic", writer);
    encoder_.parameters().save("encoder", writer);
    return write_file(options_.out / "last.safetensors", writer.bytes());
  }

  /// Gives the seconds that were trained so far.
  Result<double> load() {
    const fs::path path = options_.out / "last.safetensors";
    ANTIPHON_TRY(const nn::SafeTensors file, read_tensors(path));
    const auto fact = [&](const char* key) {
      const auto found = file.metadata().find(key);
      return found == file.metadata().end() ? std::string() : found->second;
    };
    if (fact("config") != config_.to_json()) {
      return Error{Errc::invalid_input, path.string() + ": a checkpoint of another shape"};
    }
    ANTIPHON_CHECK(generator_.parameters().load("generator", file));
    ANTIPHON_CHECK(averaged_.parameters().load("averaged", file));
    ANTIPHON_CHECK(critic_.parameters().load("critic", file));
    ANTIPHON_CHECK(encoder_.parameters().load("encoder", file));
    steps_ = std::strtoll(fact("steps").c_str(), nullptr, 10);
    best_ = std::strtod(fact("best").c_str(), nullptr);
    return std::strtod(fact("seconds").c_str(), nullptr);
  }

 private:
  GrooveScore score(const std::vector<tokens::DrumGrid>& grids) const {
    std::vector<tokens::DrumFeatures> features;
    for (const auto& grid : grids) features.push_back(tokens::features_of(grid));
    const auto fidelity = tokens::fidelity_of(features, real_);
    const auto got = tokens::playing_of(grids), wanted = tokens::playing_of(real_grids_);
    return {fidelity.coverage, fidelity.density,
            music::js_divergence(got.velocities, wanted.velocities).value_or(1),
            music::js_divergence(got.offsets, wanted.offsets).value_or(1),
            got.hits_a_bar / wanted.hits_a_bar};
  }

  // What a generated batch is asked for: styles and tempos as they are played, any place.
  Wishes other_wishes() {
    Wishes wishes = windows_.draw(options_.batch, random_).wishes;
    wishes.plane = anywhere_on_plane(options_.batch, random_);
    return wishes;
  }
  Tensor latent() { return normals(options_.batch, options_.latent, random_); }

  Wishes with_fewer_styles(const Wishes& wishes) {
    Wishes fewer = wishes;
    fewer.style = wishes.style.clone();
    for (std::int64_t row = 0; row < options_.batch; ++row) {
      if (random_.uniform() < style_left_out) fewer.style[row].zero_();
    }
    return fewer;
  }

  void teach_critic(const Batch& real, double rate_share, Losses& losses) {
    const Wishes wishes = other_wishes();
    Patterns made, played;
    {
      at::NoGradGuard no_gradient;
      made = generator_(latent(), wishes);
      played = generator_.touch(real.patterns.hits, latent(), with_fewer_styles(real.wishes));
    }
    critic_.parameters().gradient().zero_();
    // The non-saturating loss of Goodfellow et al. 2014.
    Tensor loss = at::softplus(-critic_(real.patterns, real.wishes, true)).mean() +
                  0.5 * at::softplus(critic_(made, wishes, true)).mean() +
                  0.5 * at::softplus(critic_(played, real.wishes, true)).mean();
    losses.critic = loss.item<double>();
    if (steps_ % penalty_every == 0) {
      loss = loss + static_cast<double>(penalty_every) * options_.penalty / 2 * slope(real);
    }
    loss.backward();
    critic_.parameters().step({.rate = options_.critic_rate * rate_share, .beta1 = 0});
  }

  // The critic's mean squared slope at real patterns (R1: Mescheder et al. 2018).
  Tensor slope(const Batch& real) const {
    const auto given = [](const Tensor& x) { return x.detach().clone().set_requires_grad(true); };
    const Patterns at{given(real.patterns.hits), given(real.patterns.velocities),
                      given(real.patterns.offsets)};
    const auto slopes = torch::autograd::grad({critic_(at, real.wishes, true).sum()},
                                              {at.hits, at.velocities, at.offsets}, {}, true, true);
    return (slopes[0].square().sum(1) + slopes[1].square().sum(1) + slopes[2].square().sum(1))
        .mean();
  }

  void teach_generator(const Batch& real, double rate_share, Losses& losses) {
    generator_.parameters().gradient().zero_();
    encoder_.parameters().gradient().zero_();

    const Wishes wishes = other_wishes();
    const Patterns made = generator_(latent(), wishes);
    const Patterns played =
        generator_.touch(real.patterns.hits, latent(), with_fewer_styles(real.wishes));
    const Tensor adversarial = at::softplus(-critic_(made, wishes, false)).mean() +
                               0.5 * at::softplus(-critic_(played, real.wishes, false)).mean();
    const Tensor found = encoder_.plane(made, wishes.style);
    const Tensor misplaced = (found - wishes.plane).square().mean();
    // The reader of places learns from real patterns alone.
    (adversarial + options_.plane * misplaced +
     options_.spread * spread_distance(played, real.patterns))
        .backward();
    encoder_.parameters().gradient().zero_();
    const Tensor misread =
        (encoder_.plane(real.patterns, real.wishes.style) - real.wishes.plane).square().mean();

    Tensor loss = misread;
    if (options_.reconstruction > 0 || options_.touch > 0) {
      const Posterior posterior = encoder_.posterior(real.patterns, real.wishes);
      const Tensor deviation = posterior.log_deviation.exp();
      const Tensor z = posterior.mean + deviation * latent();
      const Tensor bits =
          at::binary_cross_entropy_with_logits(generator_.pattern(z, real.wishes),
                                               real.patterns.hits, {}, {}, at::Reduction::Sum) /
          static_cast<double>(options_.batch);
      const Tensor divergence =
          0.5 * (posterior.mean.square() + deviation.square() - 1 - 2 * posterior.log_deviation)
                    .sum(1)
                    .mean();
      const Patterns again =
          generator_.touch(real.patterns.hits, z, with_fewer_styles(real.wishes));
      const Tensor count = real.patterns.hits.sum();
      const Tensor touch = ((again.velocities - real.patterns.velocities).abs().sum() +
                            offset_weight * (again.offsets - real.patterns.offsets).abs().sum()) /
                           count;
      loss = loss + options_.reconstruction * (bits + divergence) + options_.touch * touch;
      losses.bits = bits.item<double>();
      losses.divergence = divergence.item<double>();
      losses.touch = touch.item<double>();
    }
    loss.backward();
    generator_.parameters().step({.rate = options_.rate * rate_share, .beta1 = 0});
    encoder_.parameters().step({.rate = options_.rate * rate_share});
    const double keep = std::min(
        averaging, (1.0 + static_cast<double>(steps_)) / (10.0 + static_cast<double>(steps_)));
    averaged_.parameters().value().mul_(keep).add_(generator_.parameters().value(), 1 - keep);
    losses.generator = adversarial.item<double>();
    losses.plane = misplaced.item<double>();
  }

  GrooveOptions options_;
  nn::GrooveConfig config_;
  Random random_;
  GrooveGenerator generator_, averaged_;
  GrooveCritic critic_;
  GrooveEncoder encoder_;
  Windows windows_, validation_;
  std::vector<const GrooveWindow*> validated_;
  std::vector<tokens::DrumFeatures> real_;
  std::vector<tokens::DrumGrid> real_grids_;
  std::int64_t steps_ = 0;
  double best_ = -1e9;
};

}  // namespace

Status train_groove(const GrooveOptions& options, const GrooveCorpus& corpus,
                    const std::function<bool()>& stop,
                    const std::function<void(const std::string&)>& say) {
  std::error_code error;
  fs::create_directories(options.out, error);
  GrooveTrainer trainer(options, corpus);
  double before = 0;
  if (options.resume && fs::exists(options.out / "last.safetensors")) {
    ANTIPHON_TRY(before, trainer.load());
    say(format("goes on from step %lld", static_cast<long long>(trainer.steps())));
  }
  say(format("%zu styles; windows: %zu to train on, %zu to validate with", corpus.styles.size(),
             corpus.train.size(), corpus.validation.size()));
  const GrooveScore yardstick = trainer.yardstick(corpus.train);
  say(
      format("training windows against them: coverage %.3f, density %.3f, JSD of velocities %.4f, "
             "of offsets %.4f, hits x %.3f",
             yardstick.coverage, yardstick.density, yardstick.velocity_divergence,
             yardstick.offset_divergence, yardstick.hits));
  const fs::path curve_path = options.out / "curve.csv";
  const bool goes_on = before > 0 && fs::exists(curve_path);
  std::ofstream curve(curve_path, goes_on ? std::ios::app : std::ios::trunc);
  if (!goes_on) {
    curve << "step,seconds,critic,generator,reconstruction_nats,divergence_nats,touch,plane,"
             "coverage,density,velocity_jsd,offset_jsd,hits\n";
  }
  const auto begin = Clock::now();
  double validated = before;
  Losses sums;
  std::int64_t summed = 0;
  const double whole = options.minutes * 60;
  while (true) {
    const double seconds = before + std::chrono::duration<double>(Clock::now() - begin).count();
    const bool last = seconds >= whole || stop();
    const bool report = last || trainer.steps() % report_every == 0;
    const bool validate = last || seconds - validated >= options.validate_minutes * 60;
    if (summed > 0 && (report || validate)) {
      const double n = static_cast<double>(summed);
      std::string line = format("%lld,%.1f,%.4f,%.4f,%.3f,%.3f,%.4f,%.4f,",
                                static_cast<long long>(trainer.steps()), seconds, sums.critic / n,
                                sums.generator / n, sums.bits / n, sums.divergence / n,
                                sums.touch / n, sums.plane / n);
      if (validate) {
        validated = seconds;
        const GrooveScore score = trainer.validate();
        line += format("%.4f,%.4f,%.4f,%.4f,%.3f", score.coverage, score.density,
                       score.velocity_divergence, score.offset_divergence, score.hits);
        const double good = score.beside(yardstick);
        if (good > trainer.best()) ANTIPHON_CHECK(trainer.save_best(good));
      } else {
        line += ",,,,";
      }
      curve << line << std::endl;
      say(line);
      sums = {};
      summed = 0;
    }
    if (last || trainer.steps() % save_every == 0) ANTIPHON_CHECK(trainer.save(seconds));
    if (last) return Done{};
    // Down to a tenth over the second half.
    const double share = std::clamp(2.0 - 2.0 * seconds / whole, 0.1, 1.0);
    const Losses losses = trainer.step(share);
    sums.critic += losses.critic;
    sums.generator += losses.generator;
    sums.bits += losses.bits;
    sums.divergence += losses.divergence;
    sums.touch += losses.touch;
    sums.plane += losses.plane;
    ++summed;
  }
}

}  // namespace antiphon::train
