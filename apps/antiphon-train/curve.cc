// SPDX-License-Identifier: Apache-2.0
#include "curve.h"

#include <cstdlib>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "drawing/chart.h"

namespace antiphon::apps {
namespace {

std::vector<std::string> cells_of(const std::string& line) {
  std::vector<std::string> cells;
  std::istringstream row(line);
  for (std::string cell; std::getline(row, cell, ',');) cells.push_back(cell);
  return cells;
}

}  // namespace

Status draw_curve(const std::filesystem::path& folder) {
  ANTIPHON_TRY(const Bytes bytes, read_file(folder / "curve.csv"));
  std::istringstream lines{std::string(as_text(bytes))};
  std::string line;
  std::getline(lines, line);
  std::map<std::string, std::size_t> columns;
  for (const std::string& name : cells_of(line)) columns.emplace(name, columns.size());
  drawing::Curve train{"training", {}}, validation{"validation", {}};
  while (std::getline(lines, line)) {
    const auto cells = cells_of(line);
    const auto number = [&](const std::string& name) {
      const auto column = columns.find(name);
      const bool there = column != columns.end() && column->second < cells.size() &&
                         !cells[column->second].empty();
      return there ? std::strtod(cells[column->second].c_str(), nullptr)
                   : std::numeric_limits<double>::quiet_NaN();
    };
    const double events = number("events") / 1e6;
    // The last line of a run may be validation alone.
    if (const double nats = number("train_nats_per_note"); nats > 0) {
      train.points.emplace_back(events, nats);
    }
    // Validation is rarer than the lines: its gaps are no breaks.
    if (const double nats = number("validation_nats_per_note"); nats > 0) {
      validation.points.emplace_back(events, nats);
    }
  }
  drawing::Chart chart{
      .title = "Training", .x_label = "million events seen", .y_label = "nats a note"};
  chart.curves.push_back(std::move(train));
  if (!validation.points.empty()) chart.curves.push_back(std::move(validation));
  ANTIPHON_TRY(const Bytes picture, drawing::draw_curves(chart, drawing::Format::png));
  return write_file(folder / "curve.png", picture);
}

Status copy_curve(const std::filesystem::path& run, const std::filesystem::path& model) {
  if (!std::filesystem::exists(run / "curve.csv")) return Done{};
  ANTIPHON_TRY(const Bytes bytes, read_file(run / "curve.csv"));
  ANTIPHON_CHECK(write_file(model / "curve.csv", bytes));
  return draw_curve(model);
}

}  // namespace antiphon::apps
