// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <optional>
#include <string>

/// Tables in Markdown.
namespace antiphon::app {

template <class... Cells>
std::string table_row(const Cells&... cells) {
  return ((std::string("| ") + cells + " ") + ...) + "|\n";
}

/// The first row, and the line beneath it.
template <class... Cells>
std::string table_head(const Cells&... cells) {
  std::string text = table_row(cells...) + "|";
  for (std::size_t i = 0; i < sizeof...(cells); ++i) text += "---|";
  return text + "\n";
}

inline std::string table_number(const std::optional<double>& value, int digits = 3) {
  char text[32] = "-";
  if (value) std::snprintf(text, sizeof text, "%.*f", digits, *value);
  return text;
}

}  // namespace antiphon::app
