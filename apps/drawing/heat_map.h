// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drawing/canvas.h"

namespace antiphon::drawing {

/// A table whose fields are coloured by their numbers.
struct HeatMap {
  std::string title;
  std::vector<std::string> rows, columns;
  std::vector<double> values;  ///< Row by row; those that aren't finite stay blank.
  double worst = 0, best = 1;  ///< Of the scale of colours; either may be the larger.
  int digits = 2;              ///< After the point.
};

/// Tables below each other. Errors: none to draw, or one whose values don't fill it.
Result<Bytes> draw_heat_maps(const std::vector<HeatMap>& maps, Format format);

}  // namespace antiphon::drawing
