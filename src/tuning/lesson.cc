// SPDX-License-Identifier: Apache-2.0
#include "tuning/lesson.h"

#include <algorithm>
#include <utility>

#include "generate/net_model.h"
#include "tuning/reward.h"

namespace antiphon::tuning {
namespace {

constexpr double largest_weight = 4;  // In standard deviations.

// Calls each(event's index, its span) for the AI events of an excerpt.
template <class Each>
void each_own(const train::Excerpt& excerpt, const Each& each) {
  std::int32_t now = excerpt.from;
  for (std::size_t i = 0; i < excerpt.events.size(); ++i) {
    const tokens::Event& event = excerpt.events[i];
    now += event.shift;
    if (event.type == tokens::EventType::note || event.type == tokens::EventType::tie)
      each(i, static_cast<std::size_t>((now - excerpt.from) / span_steps));
  }
}

void report_on(const std::vector<Marks>& marks, const std::vector<double>& of_notes,
               Report& report) {
  for (const Marks& mark : marks) {
    report.harmony.add(mark.harmony);
    report.consonance.add(mark.consonance);
    report.rhythm.add(mark.rhythm);
    report.density.add(mark.density);
  }
  for (const double mark : of_notes) report.pitch.add(mark);
}

// The mean of all lives' notes that begin in each span: what a note is held against.
std::vector<Mean> means_by_span(const std::vector<train::Excerpt>& lives,
                                const std::vector<std::vector<double>>& marks) {
  std::vector<Mean> means;
  for (std::size_t life = 0; life < lives.size(); ++life) {
    each_own(lives[life], [&](std::size_t event, std::size_t span) {
      if (span >= means.size()) means.resize(span + 1);
      means[span].add(marks[life][event]);
    });
  }
  return means;
}

}  // namespace

Teacher::Teacher(const TuneOptions& options, train::EngineModel reference)
    : options_(options), reference_(std::move(reference)) {}

// By how many nats each event is likelier for the player than for the reference.
std::vector<double> Teacher::divergence(const train::Excerpt& played) {
  const auto now = train::nats_by_event(player_, played);
  auto gain = train::nats_by_event(reference_, played);
  for (std::size_t i = 0; i < gain.size(); ++i) gain[i] -= now[i];
  gain.resize(played.events.size());
  return gain;
}

void Teacher::teach(const Scene& scene, std::uint64_t seed, std::vector<Lesson>& lessons,
                    Report& report) {
  const auto model = generate::make_event_model(player_.net);
  std::vector<train::Excerpt> lives;
  std::vector<std::vector<double>> of_notes, of_spans;
  for (int i = 0; i < options_.lives; ++i) {
    generate::Sampling sampling = options_.sampling;
    sampling.seed = Random(seed + static_cast<std::uint64_t>(i)).bits();
    Rollout life = play(*model, scene, sampling);
    const auto marks = marks_of(scene, life);
    auto notes = note_marks(scene, life);
    report_on(marks, notes, report);
    const auto gain = divergence(life.played);
    each_own(life.played, [&](std::size_t event, std::size_t) {
      report.divergence.add(gain[event]);
      notes[event] -= options_.divergence * gain[event];
    });
    std::vector<double> timing;
    for (const Marks& mark : marks) timing.push_back(mark.timing());
    lives.push_back(std::move(life.played));
    of_notes.push_back(std::move(notes));
    of_spans.push_back(std::move(timing));
  }

  const auto timing = advantages(of_spans, options_.discount);
  const auto means = means_by_span(lives, of_notes);
  for (std::size_t life = 0; life < lives.size(); ++life) {
    Lesson lesson;
    lesson.timing.resize(lives[life].events.size());
    lesson.pitch.resize(lives[life].events.size());
    each_own(lives[life], [&](std::size_t event, std::size_t span) {
      if (span < timing[life].size()) lesson.timing[event] = static_cast<float>(timing[life][span]);
      const double better = of_notes[life][event] - means[span].mean();
      if (!std::isnan(better)) lesson.pitch[event] = static_cast<float>(better);
    });
    lesson.played = std::move(lives[life]);
    lessons.push_back(std::move(lesson));
  }
}

Report Teacher::watch(const std::vector<Scene>& scenes) {
  const auto model = generate::make_event_model(player_.net);
  Report report;
  for (std::size_t i = 0; i < scenes.size(); ++i) {
    generate::Sampling sampling = options_.sampling;
    sampling.seed = i;
    const Rollout life = play(*model, scenes[i], sampling);
    report_on(marks_of(scenes[i], life), note_marks(scenes[i], life), report);
  }
  return report;
}

void normalize(std::vector<Lesson>& lessons) {
  for (std::vector<float> Lesson::*weights : {&Lesson::timing, &Lesson::pitch}) {
    Mean squares;
    for (const Lesson& lesson : lessons) {
      each_own(lesson.played, [&](std::size_t event, std::size_t) {
        squares.add(std::pow((lesson.*weights)[event], 2));
      });
    }
    const double deviation = std::sqrt(squares.mean());
    if (deviation == 0) continue;
    for (Lesson& lesson : lessons) {
      for (float& weight : lesson.*weights) {
        weight = static_cast<float>(
            std::clamp(weight / deviation, -largest_weight, largest_weight) / squares.count);
      }
    }
  }
}

}  // namespace antiphon::tuning
