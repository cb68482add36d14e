// SPDX-License-Identifier: Apache-2.0
#include "music/form.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace antiphon::music {
namespace {

constexpr std::size_t places = 16;

struct BarShape {
  std::array<double, 12> classes{};
  std::array<double, places> onsets{};
  bool silent = true;
};

std::vector<BarShape> shapes_of(std::span<const Note> notes, std::span<const Bar> bars) {
  std::vector<BarShape> shapes(bars.size());
  for (const Note& note : notes) {
    const auto next = std::upper_bound(bars.begin(), bars.end(), note.onset,
                                       [](Ticks at, const Bar& bar) { return at < bar.start; });
    if (next == bars.begin()) continue;
    for (auto bar = std::prev(next); bar != bars.end() && bar->start < note.end(); ++bar) {
      BarShape& shape = shapes[static_cast<std::size_t>(bar - bars.begin())];
      const Ticks bar_end = bar->start + bar->meter.bar();
      const Ticks from = std::max(note.onset, bar->start), to = std::min(note.end(), bar_end);
      shape.classes[note.pitch % 12] += static_cast<double>((to - from).count);
      shape.silent = false;
      if (note.onset < bar->start) continue;
      const std::int64_t place = (note.onset - bar->start).count *
                                 static_cast<std::int64_t>(places) / bar->meter.bar().count;
      shape.onsets[std::min(static_cast<std::size_t>(place), places - 1)] += 1;
    }
  }
  return shapes;
}

template <std::size_t n>
double cosine(const std::array<double, n>& a, const std::array<double, n>& b) {
  double product = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < n; ++i) {
    product += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  // Two bars in which nothing begins have the same rhythm.
  if (aa == 0 || bb == 0) return aa == bb ? 1 : 0;
  return product / std::sqrt(aa * bb);
}

std::optional<double> likeness(const BarShape& a, const BarShape& b) {
  if (a.silent && b.silent) return {};
  if (a.silent || b.silent) return 0;
  return (cosine(a.classes, b.classes) + cosine(a.onsets, b.onsets)) / 2;
}

}  // namespace

Form form_of(std::span<const Note> notes, std::span<const Bar> bars) {
  constexpr std::size_t most_bars = 2000;  // The work grows with their square.
  const std::vector<BarShape> shapes =
      shapes_of(notes, bars.first(std::min(bars.size(), most_bars)));
  std::array<double, Form::lags> sums{};
  std::array<std::size_t, Form::lags> counts{};
  double heard = 0;
  std::size_t compared = 0;
  for (std::size_t now = 1; now < shapes.size(); ++now) {
    std::optional<double> best;
    for (std::size_t lag = 1; lag <= now; ++lag) {
      const std::optional<double> like = likeness(shapes[now - lag], shapes[now]);
      if (!like) continue;
      best = std::max(best.value_or(0), *like);
      if (lag <= Form::lags) sums[lag - 1] += *like, ++counts[lag - 1];
    }
    if (best) heard += *best, ++compared;
  }
  Form form;
  for (std::size_t i = 0; i < Form::lags; ++i) {
    if (counts[i] > 0) form.by_lag[i] = sums[i] / static_cast<double>(counts[i]);
  }
  if (compared > 0) form.recurrence = heard / static_cast<double>(compared);
  return form;
}

std::optional<double> form_distance(const Form& a, const Form& b) {
  double sum = 0;
  std::size_t count = 0;
  for (std::size_t i = 0; i < Form::lags; ++i) {
    if (a.by_lag[i] && b.by_lag[i]) sum += std::abs(*a.by_lag[i] - *b.by_lag[i]), ++count;
  }
  return count > 0 ? std::optional(sum / static_cast<double>(count)) : std::nullopt;
}

}  // namespace antiphon::music
