// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/bytes.h"

typedef struct _cairo cairo_t;

/// Pictures through cairo: one drawing code, written as SVG or PNG.
namespace antiphon::drawing {

enum class Format { svg, png };

/// By the ending of a file name.
/// Errors: says which endings there are.
Result<Format> format_of(const std::filesystem::path& path);

/// An opaque colour; each channel is in [0, 1].
struct Colour {
  double red = 0, green = 0, blue = 0;

  static constexpr Colour rgb(std::uint32_t hex) {
    return {((hex >> 16) & 255) / 255.0, ((hex >> 8) & 255) / 255.0, (hex & 255) / 255.0};
  }
  /// The share `amount` of the way to `other`.
  constexpr Colour towards(Colour other, double amount) const {
    return {red + (other.red - red) * amount, green + (other.green - green) * amount,
            blue + (other.blue - blue) * amount};
  }
};

inline constexpr Colour white = Colour::rgb(0xffffff);
inline constexpr Colour ink = Colour::rgb(0x22262b);
inline constexpr Colour faded_ink = Colour::rgb(0x6b727a);

/// Points are pixels of an SVG; a PNG has twice as many a side.
struct Rectangle {
  double x = 0, y = 0, width = 0, height = 0;
};

enum class Align { left, centre, right };

struct TextStyle {
  double size = 12;
  bool bold = false;
  Colour colour = ink;
  Align align = Align::left;
  double max_width = 1e9;  ///< Longer text is cut, and ends in an ellipsis.
};

/// What a picture is painted on. (0, 0) is the upper left corner.
class Canvas {
 public:
  explicit Canvas(cairo_t* context) : context_(context) {}

  void fill(const Rectangle& area, Colour colour);
  /// A rectangle with round corners; `outline` is drawn just inside.
  void fill_rounded(const Rectangle& area, double radius, Colour colour);
  void outline_rounded(const Rectangle& area, double radius, Colour colour, double width);
  void outline(const Rectangle& area, Colour colour, double width);
  void line(double x0, double y0, double x1, double y1, Colour colour, double width);
  void dashed_line(double x0, double y0, double x1, double y1, Colour colour, double width);
  void polyline(const std::vector<std::pair<double, double>>& points, Colour colour, double width);
  void disc(double x, double y, double radius, Colour colour);

  /// `y` is the base line. Bytes that aren't UTF-8 show as '?'.
  void text(double x, double y, std::string_view text, const TextStyle& style);
  /// The same, turned to be read from below to above.
  void text_upwards(double x, double y, std::string_view text, const TextStyle& style);
  double width_of(std::string_view text, const TextStyle& style);

  /// What `paint` draws outside of `area` is left out.
  void clipped(const Rectangle& area, const std::function<void()>& paint);

 private:
  std::string fitted(std::string_view text, const TextStyle& style);
  cairo_t* context_;
};

/// A picture of `width` x `height` points on white, as the bytes of a file.
Result<Bytes> draw(Format format, double width, double height,
                   const std::function<void(Canvas&)>& paint);

}  // namespace antiphon::drawing
