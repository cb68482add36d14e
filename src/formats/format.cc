// SPDX-License-Identifier: Apache-2.0
#include "formats/format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace antiphon::formats {
namespace {

constexpr std::array<std::pair<std::string_view, Format>, 9> endings = {
    {{"mid", Format::midi},
     {"midi", Format::midi},
     {"kar", Format::midi},
     {"musicxml", Format::musicxml},
     {"xml", Format::musicxml},
     {"mxl", Format::musicxml},
     {"abc", Format::abc},
     {"krn", Format::kern},
     {"kern", Format::kern}}};

std::string lower_case_ending(std::string_view name) {
  const auto dot = name.rfind('.');
  if (dot == std::string_view::npos || name.find('/', dot) != std::string_view::npos) return {};
  std::string ending(name.substr(dot + 1));
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending;
}

}  // namespace

std::optional<Format> format_of(std::string_view name, ByteView bytes) {
  const std::string ending = lower_case_ending(name);
  for (const auto& [known, format] : endings) {
    if (ending == known) return format;
  }
  const std::string_view text = as_text(bytes);
  const auto begins = [&](std::string_view start) { return text.substr(0, start.size()) == start; };
  if (begins("MThd") || (begins("RIFF") && text.size() >= 12 && text.substr(8, 4) == "RMID"))
    return Format::midi;
  if (begins("PK\x03\x04") || begins("<?xml") || begins("\xef\xbb\xbf<?xml") || begins("<score-")) {
    return Format::musicxml;
  }
  if (begins("X:") || begins("%abc") ||
      text.substr(0, 4096).find("\nX:") != std::string_view::npos) {
    return Format::abc;
  }
  if (begins("**") || begins("!!!") ||
      text.substr(0, 4096).find("\n**kern") != std::string_view::npos) {
    return Format::kern;
  }
  return std::nullopt;
}

Result<Reading> read(std::string_view name, ByteView bytes) {
  const auto format = format_of(name, bytes);
  if (!format) {
    return Error{Errc::unsupported,
                 std::string(name) +
                     ": not a kind of file that is read; expected MIDI "
                     "(.mid), MusicXML (.musicxml, .mxl), ABC (.abc) or Humdrum **kern (.krn)"};
  }
  switch (*format) {
    case Format::midi:
      return read_midi(bytes, name);
    case Format::musicxml:
      return read_musicxml(bytes, name);
    case Format::abc:
      return read_abc(bytes, name);
    case Format::kern:
      return read_kern(bytes, name);
  }
  return Error{Errc::internal, std::string(name) + ": a format without a reader"};
}

}  // namespace antiphon::formats
