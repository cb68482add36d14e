// SPDX-License-Identifier: Apache-2.0
#include "drawing/piano_roll.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "drawing/piano_roll_layout.h"

namespace antiphon::drawing {
namespace {

using music::Bar;
using music::Note;
using music::Part;
using music::Score;
using music::Ticks;

constexpr std::size_t max_notes = 100000;  // What a picture can hold and a viewer still open.
constexpr Colour black_key_row = Colour::rgb(0xf1f3f5);
constexpr Colour octave_line = Colour::rgb(0xcdd3d9);
constexpr Colour beat_line = Colour::rgb(0xe1e5e9);
constexpr Colour bar_line = Colour::rgb(0x9aa3ab);
constexpr Colour frame_line = Colour::rgb(0x7b858e);

bool is_black_key(int pitch) {
  constexpr unsigned black_keys = 0b010101001010;
  return (black_keys >> (pitch % 12)) & 1;
}

/// "F♯ minor".
std::string signed_name_of(music::Key key) {
  std::string name = music::name_of(key);
  for (const auto& [word, sign] : {std::pair{" sharp", "♯"}, std::pair{" flat", "♭"}}) {
    if (const auto at = name.find(word); at != std::string::npos) {
      name.replace(at, std::string_view(word).size(), sign);
    }
  }
  return name;
}

std::string drum_name(int key) {
  switch (key) {
    case 35:
    case 36:
      return "kick";
    case 37:
      return "stick";
    case 38:
    case 40:
      return "snare";
    case 39:
      return "clap";
    case 42:
      return "hat";
    case 44:
      return "pedal";
    case 46:
      return "open";
    case 49:
    case 57:
      return "crash";
    case 51:
    case 59:
      return "ride";
    case 53:
      return "bell";
    case 41:
    case 43:
    case 45:
    case 47:
    case 48:
    case 50:
      return "tom";
    default:
      return std::to_string(key);
  }
}

std::string facts_of(const Score& score, const RollLayout& layout) {
  const music::Meter meter = layout.bars[layout.pickup ? 1 : 0].meter;
  const music::Tempo tempo = score.tempos.empty() ? music::Tempo() : score.tempos.front().value;
  std::string facts = std::to_string(meter.numerator()) + "/" + std::to_string(meter.denominator());
  if (!score.keys.empty()) facts += "   ·   " + signed_name_of(score.keys.front().value);
  const bool compound = meter.beat() == meter.unit() * 3;
  facts += compound ? "   ·   ♩. = " + std::to_string(std::lround(tempo.bpm() / 1.5))
                    : "   ·   ♩ = " + std::to_string(std::lround(tempo.bpm()));
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(music::time_of(score, music::end_of(score)))
          .count();
  std::array<char, 32> length{};
  std::snprintf(length.data(), length.size(), "%lld:%02lld", static_cast<long long>(seconds / 60),
                static_cast<long long>(seconds % 60));
  return facts + "   ·   " + length.data();
}

/// An item of the legend and where it stands.
struct LegendItem {
  std::size_t part;
  double x;
  int line;
};

constexpr int max_legend_lines = 4;
constexpr double legend_swatch = 22, legend_gap = 26;

std::string legend_text(const PartStyle& style) {
  return style.ai ? "Antiphon: " + style.label : style.label;
}

/// Widths are estimated by the letters, since a legend is laid out before there is a canvas.
std::vector<LegendItem> legend_of(const std::vector<PartStyle>& styles, double width) {
  std::vector<LegendItem> items;
  double x = 0;
  int line = 0;
  for (std::size_t p = 0; p < styles.size(); ++p) {
    const auto letters = std::min<std::size_t>(legend_text(styles[p]).size(), 40);
    const double room = legend_swatch + 8 + 7.4 * static_cast<double>(letters) + legend_gap;
    if (x > 0 && x + room > width) x = 0, ++line;
    items.push_back({p, x, line});
    x += room;
  }
  return items;
}

class PianoRoll {
 public:
  PianoRoll(const Score& score, const PianoRollOptions& options)
      : score_(score), options_(options), styles_(styles_of(score)) {
    legend_ = legend_of(styles_, 1600 - 56);
    const int lines = legend_.empty() ? 0 : std::min(legend_.back().line + 1, max_legend_lines);
    layout_ = layout_of(score, options.max_rows, lines);
  }

  Result<Bytes> paint(Format format) {
    return draw(format, layout_.width, layout_.height(), [this](Canvas& canvas) {
      paint_header(canvas);
      for (std::size_t row = 0; row < layout_.rows.size(); ++row) paint_row(canvas, row);
      paint_footer(canvas);
    });
  }

 private:
  void paint_header(Canvas& canvas) {
    const double right = layout_.width - layout_.margin;
    const std::string& title = score_.title.empty() ? options_.title : score_.title;
    canvas.text(layout_.margin, 46, title, {.size = 26, .bold = true, .max_width = 1100});
    canvas.text(right, 46, score_.composer,
                {.size = 15, .colour = faded_ink, .align = Align::right, .max_width = 400});
    canvas.text(layout_.margin, 72, facts_of(score_, layout_), {.size = 14, .colour = faded_ink});
    for (const LegendItem& item : legend_) {
      if (item.line >= max_legend_lines) break;
      const double x = layout_.margin + item.x, y = 96 + 20.0 * item.line;
      const PartStyle& style = styles_[item.part];
      paint_note(canvas, {x, y - 9, legend_swatch, 10}, style, 127);
      canvas.text(x + legend_swatch + 8, y, legend_text(style), {.size = 13, .max_width = 310});
    }
  }

  void paint_footer(Canvas& canvas) {
    std::string left_out;
    if (layout_.bars_shown < layout_.bars_in_piece) {
      left_out = "Bars 1 to " + std::to_string(layout_.bars_shown) + " of " +
                 std::to_string(layout_.bars_in_piece) + " are shown. ";
    }
    if (notes_ >= max_notes) left_out += "Only the first " + std::to_string(max_notes) + " notes.";
    canvas.text(layout_.margin, layout_.height() - 14, left_out, {.size = 13, .colour = faded_ink});
  }

  void paint_row(Canvas& canvas, std::size_t index) {
    const Row& row = layout_.rows[index];
    const double top = layout_.row_y(index) + layout_.row_top;
    const Rectangle roll = {layout_.roll_x(), top, layout_.x_of(row, row.end) - layout_.roll_x(),
                            layout_.keys_height()};
    const Rectangle lane = {roll.x, top + roll.height + 6, roll.width,
                            std::max(0.0, layout_.lane_height() - 6)};
    paint_key_rows(canvas, roll);
    paint_bars(canvas, row, roll, lane);
    paint_keyboard(canvas, roll);
    paint_drum_lane(canvas, lane);
    paint_notes(canvas, row, roll, lane);
    if (roll.height > 0) canvas.outline(roll, frame_line, 1);
    if (lane.height > 0) canvas.outline(lane, frame_line, 1);
    paint_symbols(canvas, row, roll);
  }

  void paint_key_rows(Canvas& canvas, const Rectangle& roll) {
    for (int pitch = layout_.low; pitch <= layout_.high; ++pitch) {
      const double y = roll.y + layout_.y_of(pitch);
      if (is_black_key(pitch)) {
        canvas.fill({roll.x, y, roll.width, layout_.pitch_height}, black_key_row);
      }
    }
  }

  void paint_bars(Canvas& canvas, const Row& row, const Rectangle& roll, const Rectangle& lane) {
    const auto down = [&](double x, Colour colour, double width) {
      if (roll.height > 0) canvas.line(x, roll.y, x, roll.y + roll.height, colour, width);
      if (lane.height > 0) canvas.line(x, lane.y, x, lane.y + lane.height, colour, width);
    };
    for (std::size_t b = row.first; b < row.last; ++b) {
      const Bar& bar = layout_.bars[b];
      const Ticks end =
          b + 1 < layout_.bars.size() ? layout_.bars[b + 1].start : bar.start + bar.meter.bar();
      const double beat_width =
          static_cast<double>(bar.meter.beat().count) / layout_.ticks_per_point;
      for (Ticks beat = bar.start + bar.meter.beat(); beat < end && beat_width > 4;
           beat += bar.meter.beat()) {
        down(layout_.x_of(row, beat), beat_line, 1);
      }
      down(layout_.x_of(row, bar.start), bar_line, 1.2);
      const double bar_width =
          static_cast<double>((end - bar.start).count) / layout_.ticks_per_point;
      const std::size_t number = b + (layout_.pickup ? 0 : 1);
      if (number > 0 && (bar_width > 22 || number % 4 == 1)) {
        canvas.text(layout_.x_of(row, bar.start) + 3, roll.y - 5, std::to_string(number),
                    {.size = 11, .colour = faded_ink});
      }
    }
    for (int pitch = layout_.low; pitch <= layout_.high; ++pitch) {
      if (pitch % 12 != 0) continue;
      const double y = roll.y + layout_.y_of(pitch) + layout_.pitch_height;
      canvas.line(roll.x, y, roll.x + roll.width, y, octave_line, 1);
    }
  }

  void paint_keyboard(Canvas& canvas, const Rectangle& roll) {
    if (roll.height <= 0) return;
    const double x = layout_.margin, width = layout_.keyboard - 4;
    canvas.fill({x, roll.y, width, roll.height}, white);
    for (int pitch = layout_.low; pitch <= layout_.high; ++pitch) {
      const double y = roll.y + layout_.y_of(pitch);
      if (is_black_key(pitch)) {
        canvas.fill({x, y + 0.4, width * 0.58, layout_.pitch_height - 0.8}, Colour::rgb(0x33383d));
      }
      const int step = pitch % 12;
      if (step == 0 || step == 5) {  // White keys meet below C and F.
        canvas.line(x, y + layout_.pitch_height, x + width, y + layout_.pitch_height,
                    step == 0 ? frame_line : octave_line, 0.8);
      }
      if (step == 0 && pitch < layout_.high) {
        canvas.text(x + width - 2, y + layout_.pitch_height - 1.5,
                    "C" + std::to_string(pitch / 12 - 1),
                    {.size = 9, .colour = faded_ink, .align = Align::right});
      }
    }
    canvas.outline({x, roll.y, width, roll.height}, frame_line, 1);
  }

  void paint_drum_lane(Canvas& canvas, const Rectangle& lane) {
    for (std::size_t i = 0; i < layout_.drum_keys.size(); ++i) {
      const double y = lane.y + (static_cast<double>(i) + 0.5) * layout_.drum_height;
      canvas.line(lane.x, y, lane.x + lane.width, y, beat_line, 0.8);
      canvas.text(lane.x - 6, y + 3, drum_name(layout_.drum_keys[i]),
                  {.size = 9, .colour = faded_ink, .align = Align::right});
    }
  }

  void paint_notes(Canvas& canvas, const Row& row, const Rectangle& roll, const Rectangle& lane) {
    // Human parts over AI parts, first parts over later ones.
    for (const bool ai : {true, false}) {
      for (std::size_t p = score_.parts.size(); p-- > 0;) {
        if (styles_[p].ai != ai) continue;
        const Part& part = score_.parts[p];
        for (const Note& note : part.notes) {
          if (note.onset >= row.end) break;
          const bool visible = part.drums ? note.onset >= row.start : note.end() > row.start;
          if (!visible || notes_ >= max_notes) continue;
          ++notes_;
          part.drums ? paint_hit(canvas, row, lane, note, styles_[p])
                     : paint_tone(canvas, row, roll, note, styles_[p]);
        }
      }
    }
  }

  void paint_tone(Canvas& canvas, const Row& row, const Rectangle& roll, const Note& note,
                  const PartStyle& style) {
    const double x0 = layout_.x_of(row, std::max(note.onset, row.start));
    const double x1 = layout_.x_of(row, std::min(note.end(), row.end));
    const double y = roll.y + layout_.y_of(note.pitch);
    paint_note(canvas, {x0 + 0.5, y + 0.3, std::max(2.0, x1 - x0 - 1), layout_.pitch_height - 0.6},
               style, note.velocity);
  }

  void paint_hit(Canvas& canvas, const Row& row, const Rectangle& lane, const Note& note,
                 const PartStyle& style) {
    const auto line = std::find(layout_.drum_keys.begin(), layout_.drum_keys.end(), note.pitch);
    const auto index = static_cast<double>(line - layout_.drum_keys.begin());
    const double y = lane.y + (index + 0.5) * layout_.drum_height;
    canvas.disc(layout_.x_of(row, note.onset) + 3, y, layout_.drum_height * 0.36,
                shade(style, note.velocity));
  }

  static Colour shade(const PartStyle& style, int velocity) {
    return white.towards(style.colour, 0.3 + 0.7 * std::min(1.0, velocity / 100.0));
  }

  static void paint_note(Canvas& canvas, const Rectangle& area, const PartStyle& style,
                         int velocity) {
    canvas.fill_rounded(area, 2, shade(style, velocity));
    if (area.width > 4) {
      canvas.outline_rounded(area, 2, style.colour.towards(ink, 0.35), 0.7);
    }
  }

  void paint_symbols(Canvas& canvas, const Row& row, const Rectangle& roll) {
    const double y = roll.y - 20;
    for (std::size_t i = 0; i < score_.chords.size(); ++i) {
      const music::ChordSymbol& chord = score_.chords[i];
      if (chord.at < row.start || chord.at >= row.end) continue;
      const double x = layout_.x_of(row, chord.at);
      const Ticks next =
          i + 1 < score_.chords.size() ? std::min(score_.chords[i + 1].at, row.end) : row.end;
      canvas.text(x + 1, y, chord.text,
                  {.size = 14, .bold = true, .max_width = layout_.x_of(row, next) - x - 2});
    }
    for (std::size_t i = 1; i < score_.keys.size(); ++i) {
      const auto& change = score_.keys[i];
      if (change.at < row.start || change.at >= row.end) continue;
      canvas.text(layout_.x_of(row, change.at) + 26, roll.y - 5,
                  "→ " + signed_name_of(change.value),
                  {.size = 11, .bold = true, .colour = Colour::rgb(0x7a5200)});
    }
  }

  const Score& score_;
  const PianoRollOptions& options_;
  std::vector<PartStyle> styles_;
  std::vector<LegendItem> legend_;
  RollLayout layout_;
  std::size_t notes_ = 0;
};

}  // namespace

Result<Bytes> draw_piano_roll(const Score& score, Format format, const PianoRollOptions& options) {
  if (music::end_of(score) <= Ticks{0}) return Error{Errc::invalid_input, "no notes to show"};
  return PianoRoll(score, options).paint(format);
}

}  // namespace antiphon::drawing
