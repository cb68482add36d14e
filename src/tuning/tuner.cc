// SPDX-License-Identifier: Apache-2.0
#include "tuning/tuner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "generate/transformer_model.h"
#include "train/checkpoint.h"
#include "train/engine_score.h"
#include "tuning/reward.h"

namespace antiphon::tuning {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t rows_a_pass = 8;  // Bounds the memory of a step.
constexpr int validation_scenes = 24;
constexpr double largest_advantage = 4;  // In standard deviations.

// A life, and what each event of it is multiplied with in the loss.
struct Lesson {
  train::Excerpt played;
  std::vector<float> weights;
};

// What a step has seen, as means over lives and spans.
struct Report {
  double consonance = 0, harmony = 0, rhythm = 0, density = 0, total = 0;
  double spans = 0;
  double divergence = 0, notes = 0;  // Nats, and the AI notes that they are of.

  void add(const Marks& marks) {
    consonance += marks.consonance;
    harmony += marks.harmony;
    rhythm += marks.rhythm;
    density += marks.density;
    total += marks.total();
    ++spans;
  }
  double mean(double sum) const { return sum / std::max(spans, 1.0); }
  double divergence_a_note() const { return divergence / std::max(notes, 1.0); }
};

bool of_ai(const tokens::Event& event) {
  return event.type == tokens::EventType::note || event.type == tokens::EventType::tie;
}

std::size_t span_at(const train::Excerpt& excerpt, std::int32_t now) {
  return static_cast<std::size_t>((now - excerpt.from) / span_steps);
}

// Calls each(event's index, its span) for the AI events of an excerpt.
template <class Each>
void each_own(const train::Excerpt& excerpt, const Each& each) {
  std::int32_t now = excerpt.from;
  for (std::size_t i = 0; i < excerpt.events.size(); ++i) {
    now += excerpt.events[i].shift;
    if (of_ai(excerpt.events[i])) each(i, span_at(excerpt, now));
  }
}

class Tuner {
 public:
  Tuner(const TuneOptions& options, train::EngineModel reference)
      : options_(options), reference_(std::move(reference)) {}

  Status load_player() {
    ANTIPHON_TRY(player_,
                 train::load_for_engine(options_.checkpoint / "last.safetensors", nn::Type::i8));
    return Done{};
  }

  /// Several lives in one scene, appended to `lessons` with their advantages as weights.
  void live(const Scene& scene, std::uint64_t seed, std::vector<Lesson>& lessons, Report& report) {
    generate::TransformerModel model(player_.transformer);
    std::vector<std::vector<double>> rewards;
    const std::size_t first = lessons.size();
    for (int life = 0; life < options_.lives; ++life) {
      generate::Sampling sampling = options_.sampling;
      sampling.seed = Random(seed + static_cast<std::uint64_t>(life)).bits();
      Rollout rollout = play(model, scene, sampling);
      std::vector<double> reward;
      for (const Marks& marks : marks_of(scene, rollout)) {
        reward.push_back(marks.total());
        report.add(marks);
      }
      if (options_.divergence > 0) charge(rollout.played, reward, report);
      rewards.push_back(std::move(reward));
      lessons.push_back({std::move(rollout.played), {}});
    }
    const auto advantage = advantages(rewards, options_.discount);
    for (std::size_t life = 0; life < advantage.size(); ++life) {
      Lesson& lesson = lessons[first + life];
      lesson.weights.assign(lesson.played.events.size(), 0.0F);
      each_own(lesson.played, [&](std::size_t event, std::size_t span) {
        lesson.weights[event] =
            static_cast<float>(span < advantage[life].size() ? advantage[life][span] : 0.0);
      });
    }
  }

  Report validate(const std::vector<Scene>& scenes) {
    generate::TransformerModel model(player_.transformer);
    Report report;
    for (std::size_t i = 0; i < scenes.size(); ++i) {
      generate::Sampling sampling = options_.sampling;
      sampling.seed = i;
      for (const Marks& marks : marks_of(scenes[i], play(model, scenes[i], sampling)))
        report.add(marks);
    }
    return report;
  }

 private:
  // What each span's notes are likelier now than under the likelihood model is taken off its
  // reward, per note so that who plays more doesn't pay more.
  void charge(const train::Excerpt& played, std::vector<double>& reward, Report& report) {
    const auto now = train::nats_by_event(player_, played);
    const auto before = train::nats_by_event(reference_, played);
    std::vector<double> gain(reward.size()), notes(reward.size());
    each_own(played, [&](std::size_t event, std::size_t span) {
      if (event >= now.size() || span >= gain.size()) return;
      gain[span] += before[event] - now[event];
      notes[span] += 1;
    });
    for (std::size_t span = 0; span < reward.size(); ++span) {
      if (notes[span] > 0) reward[span] -= options_.divergence * gain[span] / notes[span];
      report.divergence += gain[span];
      report.notes += notes[span];
    }
  }

  TuneOptions options_;
  train::EngineModel reference_;
  train::EngineModel player_;
};

// Weights with a standard deviation of 1 over all AI events, cut off, and divided by their number.
void normalize(std::vector<Lesson>& lessons) {
  double squares = 0, count = 0;
  for (const Lesson& lesson : lessons) {
    each_own(lesson.played, [&](std::size_t event, std::size_t) {
      squares += static_cast<double>(lesson.weights[event]) * lesson.weights[event];
      ++count;
    });
  }
  const double deviation = std::sqrt(squares / std::max(count, 1.0));
  if (deviation == 0) return;
  for (Lesson& lesson : lessons) {
    for (float& weight : lesson.weights) {
      weight = static_cast<float>(
          std::clamp(weight / deviation, -largest_advantage, largest_advantage) / count);
    }
  }
}

// Adds the gradients of one batch; the sum of its losses.
double learn(train::Model& model, const train::Batch& batch) {
  if (batch.events() == 0) return 0;
  const auto losses = model.losses(batch);
  at::Tensor total = losses[0];
  for (std::size_t i = 1; i < losses.size(); ++i) total = total + losses[i];
  total.backward();
  return total.item<double>();
}

// Lessons fill rows, several short ones sharing one.
void learn(train::Model& model, const std::vector<Lesson>& lessons) {
  train::Batch batch;
  const auto start = [&] {
    batch = {};
    batch.sequences = rows_a_pass;
    batch.length = model.shape().context;
  };
  start();
  const auto row = static_cast<std::size_t>(batch.length);
  const auto flush = [&] {
    train::finish_row(batch);
    batch.sequences = static_cast<std::int64_t>(batch.input.size() / row);
    // How loud an answer is has no say in its marks.
    std::fill(batch.targets[tokens::field_velocity].begin(),
              batch.targets[tokens::field_velocity].end(), -1);
    learn(model, batch);
    start();
  };
  for (const Lesson& lesson : lessons) {
    const std::size_t used = batch.input.size() % row;
    if (used + lesson.played.steps() > row) {
      train::finish_row(batch);
      if (batch.input.size() == rows_a_pass * row) flush();
    }
    const std::size_t before = batch.events();
    train::append(lesson.played, batch);
    batch.weights.insert(
        batch.weights.end(), lesson.weights.begin(),
        lesson.weights.begin() + static_cast<std::ptrdiff_t>(batch.events() - before));
  }
  if (batch.events() > 0) flush();
}

std::vector<Scene> draw_scenes(const train::Dataset& data, int count, std::size_t steps,
                               Random& random) {
  std::vector<Scene> scenes;
  for (int i = 0; i < count; ++i) {
    if (auto scene = draw_scene(data, steps, random)) scenes.push_back(std::move(*scene));
  }
  return scenes;
}

std::string line_of(const Report& report) {
  char text[256];
  std::snprintf(
      text, sizeof text, "marks %.4f  consonance %.4f  harmony %.4f  rhythm %.4f  density %.4f",
      report.mean(report.total), report.mean(report.consonance), report.mean(report.harmony),
      report.mean(report.rhythm), report.mean(report.density));
  return text;
}

}  // namespace

Status tune(const TuneOptions& options, const train::Dataset& train,
            const train::Dataset& validation, const std::function<bool()>& stop,
            const std::function<void(const std::string&)>& say) {
  if (options.steps <= 0 && options.minutes <= 0)
    return Error{Errc::invalid_input, "tuning needs an end: steps or minutes"};
  if (options.lives < 2)
    return Error{Errc::invalid_input, "lives are held against each other: two at least"};
  ANTIPHON_TRY(const train::Shape shape, train::checkpoint_shape(options.from));
  ANTIPHON_TRY(train::EngineModel reference, train::load_for_engine(options.from, nn::Type::i8));
  if (reference.layout != train::Layout::compound)
    return Error{Errc::invalid_input, options.from.string() + ": not of the compound layout"};
  std::error_code error;
  fs::create_directories(options.checkpoint, error);
  const fs::path last = options.checkpoint / "last.safetensors";

  train::Model model(shape, options.product, at::kCPU, options.seed);
  train::Adam adam(model.parameters(), options.adam);
  train::Progress progress;
  progress.seed = options.seed;
  const bool resumes = options.resume && fs::exists(last);
  if (resumes) {
    ANTIPHON_CHECK(train::load_checkpoint(last, model, adam, progress));
  } else {
    ANTIPHON_CHECK(train::load_parameters(options.from, model));
    ANTIPHON_CHECK(train::save_checkpoint(last, model, adam, progress));
  }
  Tuner tuner(options, std::move(reference));

  Random fixed(0x7a11da7e);
  const auto validation_set =
      draw_scenes(validation, validation_scenes, options.scene_steps, fixed);
  if (validation_set.empty())
    return Error{Errc::invalid_input, "no piece has a stretch with human and AI parts"};

  std::ofstream curve(options.checkpoint / "curve.csv", resumes ? std::ios::app : std::ios::trunc);
  if (!resumes) {
    curve << "step,seconds,marks,consonance,harmony,rhythm,density,divergence_per_note,"
             "train_nats_per_note,validation_marks,validation_consonance,validation_harmony\n";
  }
  const auto begin = Clock::now();
  const double seconds_before = progress.seconds;
  for (;;) {
    ANTIPHON_CHECK(tuner.load_player());
    const bool over = stop() || (options.steps > 0 && progress.step >= options.steps) ||
                      (options.minutes > 0 && progress.seconds >= options.minutes * 60);
    std::string validated = ",,";
    if (over || progress.step % options.validate_steps == 0) {
      const Report report = tuner.validate(validation_set);
      say("step " + std::to_string(progress.step) + "  validation " + line_of(report));
      validated = std::to_string(report.mean(report.total)) + ',' +
                  std::to_string(report.mean(report.consonance)) + ',' +
                  std::to_string(report.mean(report.harmony));
    }
    if (over) {
      curve << progress.step << ',' << progress.seconds << ",,,,,,,," << validated << std::endl;
      return Done{};
    }

    Random random(progress.seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(progress.step));
    std::vector<Lesson> lessons;
    Report report;
    for (const Scene& scene : draw_scenes(train, options.scenes, options.scene_steps, random)) {
      tuner.live(scene, random.bits(), lessons, report);
    }
    normalize(lessons);
    model.parameters().zero_gradients();
    learn(model, lessons);
    train::Batch real = train.draw(options.rows, shape.context, random);
    const auto real_events = static_cast<double>(std::max<std::size_t>(real.events(), 1));
    real.weights.assign(real.events(), static_cast<float>(options.likelihood / real_events));
    const double loss = learn(model, real);
    const double real_nats_per_note = loss / std::max(options.likelihood, 1e-9) * real_events /
                                      static_cast<double>(std::max<std::int64_t>(real.notes, 1));
    const double rate =
        options.learning_rate *
        std::min(1.0, static_cast<double>(progress.step + 1) / static_cast<double>(options.warmup));
    const double norm = adam.step(rate, 1.0);
    ++progress.step;
    for (const Lesson& lesson : lessons)
      progress.events += static_cast<std::int64_t>(lesson.played.events.size());
    progress.seconds = seconds_before + std::chrono::duration<double>(Clock::now() - begin).count();
    // The player of the next step reads it.
    ANTIPHON_CHECK(train::save_checkpoint(last, model, adam, progress));

    char text[160];
    std::snprintf(text, sizeof text, "step %lld  %.1f min  norm %.2f  divergence %.3f  real %.3f  ",
                  static_cast<long long>(progress.step), progress.seconds / 60, norm,
                  report.divergence_a_note(), real_nats_per_note);
    say(text + line_of(report));
    curve << progress.step << ',' << progress.seconds << ',' << report.mean(report.total) << ','
          << report.mean(report.consonance) << ',' << report.mean(report.harmony) << ','
          << report.mean(report.rhythm) << ',' << report.mean(report.density) << ','
          << report.divergence_a_note() << ',' << real_nats_per_note << ',' << validated
          << std::endl;
  }
}

}  // namespace antiphon::tuning
