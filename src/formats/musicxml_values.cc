// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_values.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace antiphon::formats {
namespace {

/// The sum of numbers with pluses between, "3+2"; zero if it isn't one.
int sum_of(std::string_view text) {
  int sum = 0;
  int term = 0;
  bool digits = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      term = std::min(term * 10 + (c - '0'), 1000);
      digits = true;
    } else if (c == '+' && digits) {
      sum = std::min(sum + term, 1000);
      term = 0;
      digits = false;
    } else if (c != ' ' && c != '\n' && c != '\t') {
      return 0;
    }
  }
  return digits ? sum + term : 0;
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) > ' ') {
      out += c;
    } else if (!out.empty() && out.back() != ' ') {
      out += ' ';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::optional<double> number_of(const pugi::xml_node& element) {
  const char* text = element.child_value();
  char* end = nullptr;
  const double number = std::strtod(text, &end);
  return end == text ? std::nullopt : std::optional(number);
}

int bounded_fifths(int fifths) {
  while (fifths > 7) fifths -= 12;
  while (fifths < -7) fifths += 12;
  return fifths;
}

double quarters_of_type(std::string_view type) {
  constexpr std::pair<std::string_view, double> types[] = {
      {"maxima", 32},  {"long", 16},     {"breve", 8},       {"whole", 4},
      {"half", 2},     {"quarter", 1},   {"eighth", 0.5},    {"16th", 0.25},
      {"32nd", 0.125}, {"64th", 0.0625}, {"128th", 0.03125}, {"256th", 0.015625}};
  for (const auto& [name, quarters] : types) {
    if (name == type) return quarters;
  }
  return 0;
}

std::optional<music::Meter> meter_of(const pugi::xml_node& time) {
  if (time.child("senza-misura")) return std::nullopt;
  int numerator = 0;
  int denominator = 1;
  int beats = 0;
  for (const pugi::xml_node child : time.children()) {
    const std::string_view name = child.name();
    if (name == "beats") beats = sum_of(child.child_value());
    if (name != "beat-type") continue;
    const int unit = child.text().as_int();
    if (beats < 1 || unit < 1 || unit > 64 || (unit & (unit - 1)) != 0) return std::nullopt;
    const int common = std::max(unit, denominator);
    numerator = numerator * (common / denominator) + beats * (common / unit);
    denominator = common;
  }
  const Result<music::Meter> meter = music::Meter::of(numerator, denominator);
  return meter ? std::optional(*meter) : std::nullopt;
}

std::uint64_t ending_numbers(std::string_view text) {
  std::uint64_t numbers = 0;
  int number = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ',';
    if (c >= '0' && c <= '9') {
      number = std::min(number * 10 + (c - '0'), 100);
    } else {
      if (number >= 1 && number <= 64) numbers |= std::uint64_t{1} << (number - 1);
      number = 0;
    }
  }
  return numbers;
}

}  // namespace antiphon::formats
