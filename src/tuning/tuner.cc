// SPDX-License-Identifier: Apache-2.0
#include "tuning/tuner.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>

#include "train/checkpoint.h"
#include "tuning/lesson.h"

namespace antiphon::tuning {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t rows_a_pass = 8;  // Bounds the memory of a step.
constexpr int validation_scenes = 24;
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
    const std::size_t taken = batch.events() - before;
    const auto add = [&](int field, const std::vector<float>& weights) {
      auto& all = batch.weights[static_cast<std::size_t>(field)];
      all.insert(all.end(), weights.begin(), weights.begin() + static_cast<std::ptrdiff_t>(taken));
    };
    add(tokens::field_shift, lesson.timing);
    add(tokens::field_voice, lesson.timing);
    add(tokens::field_pitch, lesson.pitch);
    add(tokens::field_duration, lesson.pitch);
    // How loud an answer is has no say in its marks.
    add(tokens::field_velocity, std::vector<float>(taken));
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
  std::snprintf(text, sizeof text,
                "pitch %.4f  harmony %.4f  consonance %.4f  rhythm %.4f  density %.4f",
                report.pitch.mean(), report.harmony.mean(), report.consonance.mean(),
                report.rhythm.mean(), report.density.mean());
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
  Teacher teacher(options, std::move(reference));

  Random fixed(0x7a11da7e);
  const auto validation_set =
      draw_scenes(validation, validation_scenes, options.scene_steps, fixed);
  if (validation_set.empty())
    return Error{Errc::invalid_input, "no piece has a stretch with human and AI parts"};

  std::ofstream curve(options.checkpoint / "curve.csv", resumes ? std::ios::app : std::ios::trunc);
  if (!resumes) {
    curve << "step,seconds,pitch,harmony,consonance,rhythm,density,divergence_per_note,"
             "train_nats_per_note,validation_pitch,validation_harmony,validation_consonance\n";
  }
  const auto begin = Clock::now();
  const double seconds_before = progress.seconds;
  for (;;) {
    ANTIPHON_TRY(auto player, train::load_for_engine(last, nn::Type::i8));
    teacher.take(std::move(player));
    const bool over = stop() || (options.steps > 0 && progress.step >= options.steps) ||
                      (options.minutes > 0 && progress.seconds >= options.minutes * 60);
    std::string validated = ",,";
    if (over || progress.step % options.validate_steps == 0) {
      const Report report = teacher.watch(validation_set);
      say("step " + std::to_string(progress.step) + "  validation " + line_of(report));
      validated = std::to_string(report.pitch.mean()) + ',' +
                  std::to_string(report.harmony.mean()) + ',' +
                  std::to_string(report.consonance.mean());
    }
    if (over) {
      curve << progress.step << ',' << progress.seconds << ",,,,,,,," << validated << std::endl;
      return Done{};
    }

    Random random(progress.seed * 0x9e3779b97f4a7c15u + static_cast<std::uint64_t>(progress.step));
    std::vector<Lesson> lessons;
    Report report;
    for (const Scene& scene : draw_scenes(train, options.scenes, options.scene_steps, random)) {
      teacher.teach(scene, random.bits(), lessons, report);
    }
    normalize(lessons);
    model.parameters().zero_gradients();
    learn(model, lessons);
    train::Batch real = train.draw(options.rows, shape.context, random);
    const auto real_events = static_cast<double>(std::max<std::size_t>(real.events(), 1));
    for (auto& weights : real.weights)
      weights.assign(real.events(), static_cast<float>(options.likelihood / real_events));
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
                  report.divergence.mean(), real_nats_per_note);
    say(text + line_of(report));
    curve << progress.step << ',' << progress.seconds << ',' << report.pitch.mean() << ','
          << report.harmony.mean() << ',' << report.consonance.mean() << ',' << report.rhythm.mean()
          << ',' << report.density.mean() << ',' << report.divergence.mean() << ','
          << real_nats_per_note << ',' << validated << std::endl;
  }
}

}  // namespace antiphon::tuning
