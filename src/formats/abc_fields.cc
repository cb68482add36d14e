// SPDX-License-Identifier: Apache-2.0
#include "formats/abc_fields.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>
#include <utility>

namespace antiphon::formats {
namespace {

struct Fraction {
  std::int64_t numerator = 0, denominator = 1;
};

void skip_space(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size()));
}

std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0 || value > 10000) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// "3/8" or "3".
std::optional<Fraction> take_fraction(std::string_view& text) {
  const auto numerator = take_number(text);
  if (!numerator) return std::nullopt;
  Fraction fraction{*numerator, 1};
  if (!text.empty() && text[0] == '/') {
    text.remove_prefix(1);
    const auto denominator = take_number(text);
    if (!denominator || *denominator == 0) return std::nullopt;
    fraction.denominator = *denominator;
  }
  return fraction;
}

Error unclear(char letter, std::string_view value, const char* expected) {
  return {Errc::invalid_input, std::string(1, letter) + ":" + std::string(value.substr(0, 40)) +
                                   ": expected " + expected};
}

// Sums of units, as in "2+3+2/8" or "(2+3)/8".
Result<music::Meter> meter_of(std::string_view value) {
  std::int64_t numerator = 0;
  std::string_view rest = value;
  while (!rest.empty() && rest[0] != '/') {
    if (std::isdigit(static_cast<unsigned char>(rest[0]))) {
      const auto number = take_number(rest);
      if (!number) break;
      numerator += *number;
    } else if (rest[0] == '+' || rest[0] == '(' || rest[0] == ')' || rest[0] == ' ') {
      rest.remove_prefix(1);
    } else {
      break;
    }
  }
  std::optional<std::int64_t> denominator;
  if (!rest.empty() && rest[0] == '/') {
    rest.remove_prefix(1);
    denominator = take_number(rest);
  }
  const auto meter =
      music::Meter::of(static_cast<int>(numerator), static_cast<int>(denominator.value_or(0)));
  if (!meter) return unclear('M', value, "a meter such as 4/4, 6/8, C, C| or none");
  return *meter;
}

constexpr std::array<std::pair<std::string_view, int>, 9> modes = {{{"maj", 0},
                                                                    {"ion", 0},
                                                                    {"min", -3},
                                                                    {"aeo", -3},
                                                                    {"dor", -2},
                                                                    {"phr", -4},
                                                                    {"lyd", 1},
                                                                    {"mix", -1},
                                                                    {"loc", -5}}};

std::array<int, 7> signature(int fifths) {
  constexpr std::array<std::size_t, 7> sharps = {3, 0, 4, 1, 5, 2, 6};  // F C G D A E B
  std::array<int, 7> accidentals{};
  for (std::size_t i = 0; i < 7; ++i) {
    if (static_cast<int>(i) < fifths) accidentals[sharps[i]] = 1;
    if (static_cast<int>(i) < -fifths) accidentals[sharps[6 - i]] = -1;
  }
  return accidentals;
}

Result<AbcKey> key_of(std::string_view value) {
  AbcKey out;
  std::string_view rest = value;
  if (rest.empty() || rest.substr(0, 4) == "none") return out;
  if (rest.substr(0, 2) == "HP" ||
      rest.substr(0, 2) == "Hp") {  // The bagpipes': D major, C and F sharp.
    out.key = music::Key{2, music::Mode::major};
    out.accidentals = signature(2);
    return out;
  }
  // Without a tonic, the properties of a clef follow: the key stays open.
  constexpr std::string_view letters = "FCGDAEB";
  const std::size_t place = letters.find(rest[0]);
  if (place == std::string_view::npos) {
    if (rest.find('=') != std::string_view::npos ||
        std::islower(static_cast<unsigned char>(rest[0]))) {
      return out;
    }
    return unclear('K', value, "a key such as G, Bb, F#m, D dor or none");
  }
  int fifths = static_cast<int>(place) - 1;
  rest.remove_prefix(1);
  if (!rest.empty() && (rest[0] == '#' || rest[0] == 'b')) {
    fifths += rest[0] == '#' ? 7 : -7;
    rest.remove_prefix(1);
  }
  skip_space(rest);
  std::string mode;
  for (const char c : rest.substr(0, 3)) {
    if (!std::isalpha(static_cast<unsigned char>(c))) break;
    mode += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  bool minor = false;
  const auto known =
      std::find_if(modes.begin(), modes.end(), [&](const auto& m) { return m.first == mode; });
  if (known != modes.end()) {
    fifths += known->second;
    minor = known->second <= -2;
  } else if (mode == "m") {
    fifths -= 3;
    minor = true;
  }
  // Beyond 7 accidentals no signature is written; the enharmonic one sounds the same.
  if (fifths > 7) fifths -= 12;
  if (fifths < -7) fifths += 12;
  out.key = music::Key{fifths, minor ? music::Mode::minor : music::Mode::major};
  out.accidentals = signature(fifths);
  // Accidentals of its own: "K:D phr ^f".
  for (std::size_t i = 0; i + 1 < rest.size(); ++i) {
    const int alter = rest[i] == '^' ? 1 : rest[i] == '_' ? -1 : 0;
    const std::size_t step = std::string_view("CDEFGAB").find(
        static_cast<char>(std::toupper(static_cast<unsigned char>(rest[i + 1]))));
    if ((alter == 0 && rest[i] != '=') || step == std::string_view::npos) continue;
    if (rest[i] == '=' && (i == 0 || rest[i - 1] != ' ')) continue;  // clef=..., not a natural.
    out.accidentals[step] = alter;
  }
  return out;
}

}  // namespace

std::optional<std::string_view> abc_property(std::string_view properties, std::string_view name) {
  for (std::size_t at = properties.find(name); at != std::string_view::npos;
       at = properties.find(name, at + 1)) {
    const std::size_t equals = at + name.size();
    if (equals >= properties.size() || properties[equals] != '=') continue;
    if (at > 0 && properties[at - 1] != ' ' && properties[at - 1] != '\t') continue;
    std::string_view value = properties.substr(equals + 1);
    if (!value.empty() && value[0] == '"') {
      value.remove_prefix(1);
      return value.substr(0, value.find('"'));
    }
    return value.substr(0, value.find_first_of(" \t"));
  }
  return std::nullopt;
}

void AbcClef::take(std::string_view properties) {
  const auto number = [](std::string_view text, int low, int high) {
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    int value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::clamp(value, low, high);
  };
  if (const auto value = abc_property(properties, "transpose")) transpose = number(*value, -48, 48);
  if (const auto value = abc_property(properties, "octave")) octave = 12 * number(*value, -4, 4);
  const auto clef = abc_property(properties, "clef");
  const std::string_view text = clef ? *clef : properties;
  if (text.find("treble-8") != std::string_view::npos ||
      text.find("treble_8") != std::string_view::npos) {
    octave = -12;
  } else if (text.find("treble+8") != std::string_view::npos ||
             text.find("treble^8") != std::string_view::npos) {
    octave = 12;
  }
  if (clef) percussion = clef->substr(0, 4) == "perc";
}

Status AbcDefaults::set(char letter, std::string_view value) {
  switch (letter) {
    case 'M': {
      if (value == "none" || value.empty()) {
        meter.reset();
      } else if (value == "C") {
        meter = music::Meter();
      } else if (value == "C|") {
        meter = *music::Meter::of(2, 2);
      } else {
        ANTIPHON_TRY(meter, meter_of(value));
      }
      if (!unit_said) {
        const bool small = meter && meter->bar() < music::Ticks::quarters(3);
        unit = small ? abc_units_per_quarter / 4 : abc_units_per_quarter / 2;
      }
      return Done{};
    }
    case 'L': {
      std::string_view rest = value;
      const auto fraction = take_fraction(rest);
      if (!fraction || fraction->numerator == 0 || fraction->denominator > 512) {
        return unclear('L', value, "a note length such as 1/8");
      }
      unit = abc_units_per_quarter * 4 * std::min<std::int64_t>(fraction->numerator, 64) /
             fraction->denominator;
      unit_said = true;
      return Done{};
    }
    case 'Q': {
      std::string_view rest = value;
      double quarters = 0;
      while (!rest.empty()) {
        skip_space(rest);
        if (rest.empty() || rest[0] == '=') break;
        if (rest[0] == '"') {
          rest.remove_prefix(std::min(rest.find('"', 1), rest.size() - 1) + 1);
          continue;
        }
        const auto fraction = take_fraction(rest);
        if (!fraction) return Done{};  // Words only: "Slowly".
        if (rest.find('=') == std::string_view::npos && fraction->denominator == 1) {
          if (auto plain = music::Tempo::of(static_cast<double>(fraction->numerator)))
            tempo = *plain;
          return Done{};
        }
        quarters += 4.0 * static_cast<double>(fraction->numerator) /
                    static_cast<double>(fraction->denominator);
      }
      if (rest.empty()) return Done{};
      rest.remove_prefix(1);
      skip_space(rest);
      const auto beats = take_number(rest);
      if (!beats) return unclear('Q', value, "a tempo such as 1/4=120");
      const auto bpm = music::Tempo::of(quarters * static_cast<double>(*beats));
      if (!bpm) return unclear('Q', value, "4 to 1000 quarters a minute");
      tempo = *bpm;
      return Done{};
    }
    default: {
      ANTIPHON_TRY(const AbcKey new_key, key_of(value));
      const bool only_clef = !new_key.key && value.substr(0, 4) != "none" && !value.empty();
      if (!only_clef) key = new_key;
      clef.take(value);
      return Done{};
    }
  }
}

}  // namespace antiphon::formats
