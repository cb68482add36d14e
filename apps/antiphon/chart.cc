// SPDX-License-Identifier: Apache-2.0
#include "antiphon/chart.h"

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "antiphon/score_files.h"
#include "base/file.h"
#include "tokens/grid.h"

namespace antiphon::app {
namespace {

constexpr std::size_t largest_chart = std::size_t{1} << 20;

using Bar = std::vector<music::PitchClassSet>;

Result<std::vector<Bar>> bars_of(std::string_view text) {
  std::vector<Bar> bars;
  std::string clean;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);)
    clean += line.substr(0, line.starts_with('#') ? 0 : line.find(" #")) + " | ";
  std::istringstream fields(clean);
  for (std::string field; std::getline(fields, field, '|');) {
    std::istringstream words(field);
    Bar bar;
    for (std::string word; words >> word;) {
      if (word == "%") {
        if (bars.empty()) return Error{Errc::invalid_input, "bar 1: '%' has no bar before it"};
        bar = bars.back();
        continue;
      }
      const auto classes = music::pitch_classes_of(word);
      if (!classes) {
        return Error{Errc::invalid_input,
                     "bar " + std::to_string(bars.size() + 1) + ": " + classes.error().message};
      }
      bar.push_back(*classes);
    }
    if (!bar.empty()) bars.push_back(std::move(bar));
  }
  if (bars.empty())
    return Error{Errc::invalid_input, "no bar with a chord, such as 'C | Am F | G7'"};
  return bars;
}

Result<generate::Chart> chart_of(const music::Score& score) {
  generate::Chart chart;
  for (const music::ChordSymbol& symbol : score.chords) {
    ANTIPHON_TRY(const auto classes, music::pitch_classes_of(symbol.text));
    chart.push_back({static_cast<std::int32_t>(symbol.at.count / tokens::ticks_per_step), classes});
  }
  std::stable_sort(chart.begin(), chart.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  if (chart.empty()) return Error{Errc::invalid_input, "it has no chord symbols"};
  return chart;
}

}  // namespace

Result<generate::Chart> parse_chart(std::string_view text,
                                    std::span<const tokens::GridChange<music::Meter>> meters,
                                    std::int32_t end) {
  ANTIPHON_TRY(const auto bars, bars_of(text));
  generate::Chart chart;
  std::size_t next = 0;
  for (std::int32_t at = 0; at < end; ++next) {
    const tokens::GridBar grid = tokens::bar_at(meters, at);
    const Bar& bar = bars[next % bars.size()];
    const auto count = static_cast<std::int32_t>(bar.size());
    for (std::int32_t i = 0; i < count; ++i)
      chart.push_back({grid.start + grid.length * i / count, bar[static_cast<std::size_t>(i)]});
    at = grid.start + grid.length;
  }
  return chart;
}

Result<generate::Chart> read_chart(const std::filesystem::path& path,
                                   std::span<const tokens::GridChange<music::Meter>> meters,
                                   std::int32_t end) {
  const auto named = [&](Result<generate::Chart> chart) -> Result<generate::Chart> {
    if (!chart) return Error{chart.error().code, path.string() + ": " + chart.error().message};
    return chart;
  };
  if (path.extension() == ".txt") {
    ANTIPHON_TRY(const Bytes bytes, read_file(path, largest_chart));
    return named(parse_chart(as_text(bytes), meters, end));
  }
  ANTIPHON_TRY(const music::Score score, read_score(path));
  return named(chart_of(score));
}

double in_chord_ratio(const generate::Chart& chart,
                      std::span<const std::pair<std::int32_t, int>> notes) {
  std::size_t counted = 0, inside = 0;
  for (const auto& [at, pitch] : notes) {
    const music::PitchClassSet chord = generate::chord_at(chart, at);
    counted += chord.any();
    inside += chord.any() && chord.test(static_cast<std::size_t>(pitch % 12));
  }
  return counted > 0 ? static_cast<double>(inside) / static_cast<double>(counted) : 0;
}

}  // namespace antiphon::app
