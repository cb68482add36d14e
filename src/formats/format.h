// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "music/score.h"

namespace antiphon::formats {

/// A score as read, and one sentence for each kind of thing in the file that a `Score` can't hold.
struct Reading {
  music::Score score;
  std::vector<std::string> dropped;
};

enum class Format { midi, musicxml, abc, kern };

/// The format by file name (.mid .midi .kar; .musicxml .xml .mxl; .abc; .krn .kern), else by the
/// first bytes.
std::optional<Format> format_of(std::string_view name, ByteView bytes);

/// Reads a file of any of the formats.
/// Errors: one sentence, `NAME:LINE: what, and what was expected` (`NAME: byte N: ...` for binary
/// formats). Memory is bounded by 64 MiB a megabyte of input (for less than a megabyte 64 MiB, for
/// MusicXML 128), and no input makes it hang.
Result<Reading> read(std::string_view name, ByteView bytes);

/// The readers. `name` is only for messages. ABC files may hold many tunes: `read_abc` takes the
/// first.
Result<Reading> read_midi(ByteView bytes, std::string_view name);
Result<Reading> read_musicxml(ByteView bytes, std::string_view name);  ///< Plain, or zipped (.mxl).
Result<Reading> read_abc(ByteView bytes, std::string_view name);
Result<Reading> read_kern(ByteView bytes, std::string_view name);

/// Every tune of an ABC file, in order; a tune that can't be read stands as its error.
std::vector<Result<Reading>> read_abc_tunes(ByteView bytes, std::string_view name);

/// The writers. What the format can't hold is left out.
Bytes write_midi(const music::Score& score);
Bytes write_musicxml(const music::Score& score);

}  // namespace antiphon::formats
