// SPDX-License-Identifier: Apache-2.0
#include "drawing/chart.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "drawing/axis.h"

namespace antiphon::drawing {
namespace {

using Points = std::vector<std::pair<double, double>>;

constexpr double width = 1000, height = 600;
constexpr Rectangle plot = {78, 84, 890, 446};
constexpr std::size_t most_points =
    4000;  // A curve; more are thinned, since the plot has fewer pixels.
constexpr Colour grid_line = Colour::rgb(0xe4e8eb);
constexpr std::array<Colour, 6> colours = {Colour::rgb(0x1f5fae), Colour::rgb(0xe2711d),
                                           Colour::rgb(0x2e9e5b), Colour::rgb(0xb0357f),
                                           Colour::rgb(0x5b4fc4), Colour::rgb(0x4c6472)};

struct Span {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void take(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
};

bool drawable(const Chart& chart, std::pair<double, double> point) {
  return std::isfinite(point.first) && std::isfinite(point.second) &&
         (!chart.log_x || point.first > 0);
}

class Painter {
 public:
  Painter(const Chart& chart, Span x, Span y)
      : chart_(chart), x_(x.low, x.high, chart.log_x), y_(y.low, y.high, false) {}

  void paint(Canvas& canvas) const {
    canvas.text(plot.x, 36, chart_.title, {.size = 20, .bold = true, .max_width = 860});
    paint_axes(canvas);
    for (const Level& level : chart_.levels) paint_level(canvas, level);
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) {
      paint_curve(canvas, chart_.curves[i].points, colours[i % colours.size()]);
    }
    paint_legend(canvas);
  }

 private:
  double at_x(double value) const { return plot.x + plot.width * x_.position(value); }
  double at_y(double value) const { return plot.y + plot.height * (1 - y_.position(value)); }

  void paint_axes(Canvas& canvas) const {
    const double bottom = plot.y + plot.height;
    for (const double tick : x_.ticks()) {
      canvas.line(at_x(tick), plot.y, at_x(tick), bottom, grid_line, 1);
      canvas.text(at_x(tick), bottom + 18, tick_text(tick),
                  {.size = 12, .colour = faded_ink, .align = Align::centre});
    }
    for (const double tick : y_.ticks()) {
      canvas.line(plot.x, at_y(tick), plot.x + plot.width, at_y(tick), grid_line, 1);
      canvas.text(plot.x - 8, at_y(tick) + 4, tick_text(tick),
                  {.size = 12, .colour = faded_ink, .align = Align::right});
    }
    canvas.line(plot.x, bottom, plot.x + plot.width, bottom, ink, 1.2);
    canvas.line(plot.x, plot.y, plot.x, bottom, ink, 1.2);
    canvas.text(plot.x + plot.width / 2, bottom + 42, chart_.x_label,
                {.size = 14, .align = Align::centre, .max_width = plot.width});
    canvas.text_upwards(24, plot.y + plot.height / 2, chart_.y_label,
                        {.size = 14, .align = Align::centre, .max_width = plot.height});
  }

  void paint_level(Canvas& canvas, const Level& level) const {
    if (!std::isfinite(level.y)) return;
    const double y = at_y(level.y), right = plot.x + plot.width;
    canvas.dashed_line(plot.x, y, right, y, faded_ink, 1.2);
    canvas.text(right - 4, y - 5, level.label + " " + tick_text(level.y),
                {.size = 12, .colour = faded_ink, .align = Align::right, .max_width = 400});
  }

  void paint_curve(Canvas& canvas, const Points& points, Colour colour) const {
    const std::size_t stride = points.size() / most_points + 1;
    Points run;
    const auto finish = [&] {
      if (run.size() == 1) canvas.disc(run[0].first, run[0].second, 2.5, colour);
      if (run.size() > 1) canvas.polyline(run, colour, 1.8);
      run.clear();
    };
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (!drawable(chart_, points[i])) {
        finish();
      } else if (i % stride == 0 || i + 1 == points.size()) {
        run.emplace_back(at_x(points[i].first), at_y(points[i].second));
      }
    }
    finish();
  }

  void paint_legend(Canvas& canvas) const {
    double x = plot.x;
    for (std::size_t i = 0; i < chart_.curves.size(); ++i) {
      const TextStyle style = {.size = 13, .max_width = 220};
      const double room = 34 + canvas.width_of(chart_.curves[i].label, style) + 24;
      if (x + room > plot.x + plot.width + 24) break;
      canvas.line(x, 62, x + 26, 62, colours[i % colours.size()], 3);
      canvas.text(x + 34, 66, chart_.curves[i].label, style);
      x += room;
    }
  }

  const Chart& chart_;
  Axis x_, y_;
};

}  // namespace

Result<Bytes> draw_curves(const Chart& chart, Format format) {
  Span x, y;
  for (const Curve& curve : chart.curves) {
    for (const auto& point : curve.points) {
      if (!drawable(chart, point)) continue;
      x.take(point.first);
      y.take(point.second);
    }
  }
  if (x.low > x.high) return Error{Errc::invalid_input, "no points to draw"};
  for (const Level& level : chart.levels) {
    if (std::isfinite(level.y)) y.take(level.y);
  }
  const Painter painter(chart, x, y);
  return draw(format, width, height, [&](Canvas& canvas) { painter.paint(canvas); });
}

}  // namespace antiphon::drawing
