// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "drawing/canvas.h"

namespace antiphon::drawing {

/// A line through (x, y) points, in the order given. Points that aren't finite break the line.
struct Curve {
  std::string label;
  std::vector<std::pair<double, double>> points;
};

/// A level to hold curves against, such as a baseline's figure: a dashed line across.
struct Level {
  std::string label;
  double y = 0;
};

struct Chart {
  std::string title{};
  std::string x_label{}, y_label{};
  bool log_x = false;  ///< Points with x <= 0 are then left out.
  std::vector<Curve> curves{};
  std::vector<Level> levels{};
};

/// A line chart: axes with round ticks, a colour a curve, a legend.
/// Errors: no point that can be drawn.
Result<Bytes> draw_curves(const Chart& chart, Format format);

}  // namespace antiphon::drawing
