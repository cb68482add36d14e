// SPDX-License-Identifier: Apache-2.0
#include "drawing/canvas.h"

#include <cairo-svg.h>
#include <cairo.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <numbers>
#include <utility>
#include <vector>

namespace antiphon::drawing {
namespace {

constexpr double png_scale = 2;
constexpr double max_png_side = 30000;  // cairo's own limit is 32767.

void set(cairo_t* context, Colour colour) {
  cairo_set_source_rgb(context, colour.red, colour.green, colour.blue);
}

void rounded_path(cairo_t* context, const Rectangle& area, double radius) {
  constexpr double quarter = std::numbers::pi / 2;
  const double r = std::min({radius, area.width / 2, area.height / 2});
  const double right = area.x + area.width, bottom = area.y + area.height;
  cairo_new_sub_path(context);
  cairo_arc(context, right - r, area.y + r, r, -quarter, 0);
  cairo_arc(context, right - r, bottom - r, r, 0, quarter);
  cairo_arc(context, area.x + r, bottom - r, r, quarter, 2 * quarter);
  cairo_arc(context, area.x + r, area.y + r, r, 2 * quarter, 3 * quarter);
  cairo_close_path(context);
}

void select_font(cairo_t* context, const TextStyle& style) {
  cairo_select_font_face(context, "sans-serif", CAIRO_FONT_SLANT_NORMAL,
                         style.bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(context, style.size);
}

/// Length of the UTF-8 sequence at the front of `text`; 0 where there is none.
std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and what lies past U+10FFFF.
  if ((lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xed && byte(1) > 0x9f)) return 0;
  if ((lead == 0xf0 && byte(1) < 0x90) || (lead == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

/// Text that cairo takes: it stops drawing for good at bytes that aren't UTF-8.
std::vector<std::string> characters(std::string_view text) {
  std::vector<std::string> list;
  while (!text.empty() && list.size() < 1000) {
    const std::size_t length = utf8_length(text);
    const bool control = length == 1 && static_cast<unsigned char>(text[0]) < 0x20;
    if (control) {
      list.emplace_back(" ");
    } else if (length == 0) {
      list.emplace_back("?");
    } else {
      list.emplace_back(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return list;
}

std::string joined(const std::vector<std::string>& list, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += list[i];
  return text;
}

double advance_of(cairo_t* context, const std::string& text) {
  cairo_text_extents_t extents;
  cairo_text_extents(context, text.c_str(), &extents);
  return extents.x_advance;
}

cairo_status_t append(void* bytes, const unsigned char* data, unsigned length) {
  auto& out = *static_cast<Bytes*>(bytes);
  out.insert(out.end(), data, data + length);
  return CAIRO_STATUS_SUCCESS;
}

struct DestroySurface {
  void operator()(cairo_surface_t* surface) const { cairo_surface_destroy(surface); }
};
struct DestroyContext {
  void operator()(cairo_t* context) const { cairo_destroy(context); }
};

Error failure(cairo_status_t status) {
  return {Errc::internal,
          std::string("the picture can't be drawn: ") + cairo_status_to_string(status)};
}

}  // namespace

Result<Format> format_of(const std::filesystem::path& path) {
  std::string ending = path.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (ending == ".svg") return Format::svg;
  if (ending == ".png") return Format::png;
  return Error{Errc::unsupported, path.string() + ": a picture's name ends in .svg or .png"};
}

void Canvas::fill(const Rectangle& area, Colour colour) {
  set(context_, colour);
  cairo_rectangle(context_, area.x, area.y, area.width, area.height);
  cairo_fill(context_);
}

void Canvas::fill_rounded(const Rectangle& area, double radius, Colour colour) {
  set(context_, colour);
  rounded_path(context_, area, radius);
  cairo_fill(context_);
}

void Canvas::outline_rounded(const Rectangle& area, double radius, Colour colour, double width) {
  set(context_, colour);
  cairo_set_line_width(context_, width);
  rounded_path(context_,
               {area.x + width / 2, area.y + width / 2, std::max(0.1, area.width - width),
                std::max(0.1, area.height - width)},
               radius);
  cairo_stroke(context_);
}

void Canvas::outline(const Rectangle& area, Colour colour, double width) {
  set(context_, colour);
  cairo_set_line_width(context_, width);
  cairo_rectangle(context_, area.x, area.y, area.width, area.height);
  cairo_stroke(context_);
}

void Canvas::line(double x0, double y0, double x1, double y1, Colour colour, double width) {
  set(context_, colour);
  cairo_set_line_width(context_, width);
  cairo_move_to(context_, x0, y0);
  cairo_line_to(context_, x1, y1);
  cairo_stroke(context_);
}

void Canvas::dashed_line(double x0, double y0, double x1, double y1, Colour colour, double width) {
  const double dashes[] = {4, 3};
  cairo_set_dash(context_, dashes, 2, 0);
  line(x0, y0, x1, y1, colour, width);
  cairo_set_dash(context_, nullptr, 0, 0);
}

void Canvas::polyline(const std::vector<std::pair<double, double>>& points, Colour colour,
                      double width) {
  set(context_, colour);
  cairo_set_line_width(context_, width);
  cairo_set_line_join(context_, CAIRO_LINE_JOIN_ROUND);
  cairo_set_line_cap(context_, CAIRO_LINE_CAP_ROUND);
  for (const auto& [x, y] : points) cairo_line_to(context_, x, y);
  cairo_stroke(context_);
  cairo_set_line_cap(context_, CAIRO_LINE_CAP_BUTT);
}

void Canvas::disc(double x, double y, double radius, Colour colour) {
  set(context_, colour);
  cairo_arc(context_, x, y, radius, 0, 2 * std::numbers::pi);
  cairo_fill(context_);
}

std::string Canvas::fitted(std::string_view text, const TextStyle& style) {
  select_font(context_, style);
  const auto list = characters(text);
  const std::string whole = joined(list, list.size());
  if (advance_of(context_, whole) <= style.max_width) return whole;
  // The longest start that fits with its ellipsis, by halving.
  std::size_t fits = 0, too_long = list.size();
  while (too_long - fits > 1) {
    const std::size_t middle = (fits + too_long) / 2;
    const bool ok = advance_of(context_, joined(list, middle) + "…") <= style.max_width;
    (ok ? fits : too_long) = middle;
  }
  return joined(list, fits) + "…";
}

void Canvas::text(double x, double y, std::string_view content, const TextStyle& style) {
  const std::string shown = fitted(content, style);
  const double width = style.align == Align::left ? 0 : advance_of(context_, shown);
  set(context_, style.colour);
  cairo_move_to(context_, x - (style.align == Align::centre ? width / 2 : width), y);
  cairo_show_text(context_, shown.c_str());
  cairo_new_path(context_);
}

void Canvas::text_upwards(double x, double y, std::string_view content, const TextStyle& style) {
  cairo_save(context_);
  cairo_translate(context_, x, y);
  cairo_rotate(context_, -std::numbers::pi / 2);
  text(0, 0, content, style);
  cairo_restore(context_);
}

double Canvas::width_of(std::string_view content, const TextStyle& style) {
  return advance_of(context_, fitted(content, style));
}

void Canvas::clipped(const Rectangle& area, const std::function<void()>& paint) {
  cairo_save(context_);
  cairo_rectangle(context_, area.x, area.y, area.width, area.height);
  cairo_clip(context_);
  paint();
  cairo_restore(context_);
}

Result<Bytes> draw(Format format, double width, double height,
                   const std::function<void(Canvas&)>& paint) {
  Bytes bytes;
  const double scale =
      format == Format::png ? std::min(png_scale, max_png_side / std::max(width, height)) : 1;
  const std::unique_ptr<cairo_surface_t, DestroySurface> surface(
      format == Format::svg
          ? cairo_svg_surface_create_for_stream(append, &bytes, width, height)
          : cairo_image_surface_create(CAIRO_FORMAT_RGB24, static_cast<int>(width * scale),
                                       static_cast<int>(height * scale)));
  const std::unique_ptr<cairo_t, DestroyContext> context(cairo_create(surface.get()));
  cairo_scale(context.get(), scale, scale);

  Canvas canvas(context.get());
  canvas.fill({0, 0, width, height}, white);
  paint(canvas);

  if (const auto status = cairo_status(context.get()); status != CAIRO_STATUS_SUCCESS) {
    return failure(status);
  }
  if (format == Format::png) {
    const auto status = cairo_surface_write_to_png_stream(surface.get(), append, &bytes);
    if (status != CAIRO_STATUS_SUCCESS) return failure(status);
  }
  cairo_surface_finish(surface.get());  // An SVG is written here.
  if (const auto status = cairo_surface_status(surface.get()); status != CAIRO_STATUS_SUCCESS) {
    return failure(status);
  }
  return bytes;
}

}  // namespace antiphon::drawing
