// SPDX-License-Identifier: Apache-2.0
#include "drawing/heat_map.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace antiphon::drawing {
namespace {

constexpr double margin = 24, title_height = 30, head_height = 22, row_height = 30, gap = 26;
constexpr double names_width = 130, field_width = 96;
constexpr Colour poor = Colour::rgb(0xf3b08c), middle = Colour::rgb(0xfdf6e3),
                 good = Colour::rgb(0x8cc7a1);

double height_of(const HeatMap& map) {
  return title_height + head_height + row_height * static_cast<double>(map.rows.size()) + gap;
}

Colour colour_of(const HeatMap& map, double value) {
  const double range = map.best - map.worst;
  const double share = range == 0 ? 0.5 : std::clamp((value - map.worst) / range, 0.0, 1.0);
  return share < 0.5 ? poor.towards(middle, 2 * share) : middle.towards(good, 2 * share - 1);
}

void paint(Canvas& canvas, const HeatMap& map, double top) {
  canvas.text(margin, top + 20, map.title, {.size = 16, .bold = true});
  const double first = top + title_height + head_height;
  for (std::size_t column = 0; column < map.columns.size(); ++column) {
    const double x = margin + names_width + field_width * (static_cast<double>(column) + 0.5);
    canvas.text(
        x, first - 7, map.columns[column],
        {.size = 12, .colour = faded_ink, .align = Align::centre, .max_width = field_width});
  }
  for (std::size_t row = 0; row < map.rows.size(); ++row) {
    const double y = first + row_height * static_cast<double>(row);
    canvas.text(margin, y + 20, map.rows[row], {.size = 13, .max_width = names_width - 8});
    for (std::size_t column = 0; column < map.columns.size(); ++column) {
      const double value = map.values[row * map.columns.size() + column];
      if (!std::isfinite(value)) continue;
      const double x = margin + names_width + field_width * static_cast<double>(column);
      canvas.fill({x + 1, y + 1, field_width - 2, row_height - 2}, colour_of(map, value));
      char text[32];
      std::snprintf(text, sizeof text, "%.*f", map.digits, value);
      canvas.text(x + field_width / 2, y + 20, text, {.size = 13, .align = Align::centre});
    }
  }
}

}  // namespace

Result<Bytes> draw_heat_maps(const std::vector<HeatMap>& maps, Format format) {
  if (maps.empty()) return Error{Errc::invalid_input, "no table to draw"};
  double height = margin;
  std::size_t columns = 0;
  for (const HeatMap& map : maps) {
    if (map.values.size() != map.rows.size() * map.columns.size())
      return Error{Errc::invalid_input, "'" + map.title + "': not a value a field"};
    height += height_of(map);
    columns = std::max(columns, map.columns.size());
  }
  const double width = 2 * margin + names_width + field_width * static_cast<double>(columns);
  return draw(format, width, height, [&](Canvas& canvas) {
    double top = margin / 2;
    for (const HeatMap& map : maps) {
      paint(canvas, map, top);
      top += height_of(map);
    }
  });
}

}  // namespace antiphon::drawing
