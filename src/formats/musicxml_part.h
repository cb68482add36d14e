// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <pugixml.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "formats/musicxml_written.h"

namespace antiphon::formats {

/// What `<score-part>` says of a part, before its music.
struct PartHeader {
  std::string name;
  std::optional<int> program;
  bool percussion_channel = false;
  std::map<std::string, std::uint8_t, std::less<>> drum_keys;  ///< By the id of the instrument.
};

PartHeader read_part_header(const pugi::xml_node& score_part);

/// Something wrong in the music: where in the document, and what.
struct MusicError {
  std::ptrdiff_t offset;
  std::string message;
};

/// Signs of jumps get their numbers here: the same label, the same number.
class Labels {
 public:
  int number(std::string_view label) {
    return numbers_.try_emplace(std::string(label), static_cast<int>(numbers_.size()))
        .first->second;
  }

 private:
  std::map<std::string, int, std::less<>> numbers_;
};

/// What the parts of a file share while they are read.
struct ReadingContext {
  Frame frame;
  Labels labels;
  Dropped dropped;
  std::optional<MusicError> error;  ///< The first, if any.
};

/// Reads the bars of a part. On an error, `context.error` is set and the part is incomplete.
WrittenPart read_part(const PartHeader& header, const std::vector<pugi::xml_node>& measures,
                      ReadingContext& context);

}  // namespace antiphon::formats
