// SPDX-License-Identifier: Apache-2.0
#include "train/piece.h"

#include <cstring>
#include <fstream>
#include <type_traits>

#include "crypto/hash.h"

namespace antiphon::train {
namespace {

constexpr std::string_view magic = "ANTSHARD";
constexpr std::uint32_t version = 1;

std::string vocabulary_hash() { return crypto::sha256_hex(as_bytes(tokens::vocabulary_json())); }

class Writer {
 public:
  template <class T>
  void number(T value) {
    static_assert(std::is_arithmetic_v<T>);
    const auto* from = reinterpret_cast<const std::uint8_t*>(&value);
    bytes.insert(bytes.end(), from, from + sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    const ByteView view = as_bytes(value);
    bytes.insert(bytes.end(), view.begin(), view.end());
  }
  Bytes bytes;
};

// Past the end everything reads as zero, and `ok` turns false.
class Reader {
 public:
  explicit Reader(ByteView bytes) : bytes_(bytes) {}
  bool ok = true;

  template <class T>
  T number() {
    T value{};
    if (!has(sizeof value)) return value;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_ = bytes_.subspan(sizeof value);
    return value;
  }
  std::string text() {
    const auto size = number<std::uint32_t>();
    if (!has(size)) return {};
    std::string value(as_text(bytes_.first(size)));
    bytes_ = bytes_.subspan(size);
    return value;
  }
  /// A count of things that take at least `least` bytes each.
  std::size_t count(std::size_t least) {
    const auto value = number<std::uint32_t>();
    return has(value * least) ? value : 0;
  }

 private:
  bool has(std::size_t size) { return ok = ok && bytes_.size() >= size; }
  ByteView bytes_;
};

void write(Writer& out, const Piece& piece) {
  const tokens::GridScore& score = piece.score;
  out.text(piece.path);
  out.number(static_cast<std::uint8_t>(piece.style));
  out.number(piece.weight);
  out.number(score.bpm.value_or(0.0));
  out.number(static_cast<std::uint32_t>(score.meters.size()));
  for (const auto& [at, meter] : score.meters) {
    out.number(at);
    out.number(static_cast<std::uint8_t>(meter.numerator()));
    out.number(static_cast<std::uint8_t>(meter.denominator()));
  }
  out.number(static_cast<std::uint32_t>(score.keys.size()));
  for (const auto& [at, key] : score.keys) {
    out.number(at);
    out.number(static_cast<std::int8_t>(key.fifths));
    out.number(static_cast<std::uint8_t>(key.mode));
  }
  out.number(static_cast<std::uint32_t>(score.parts.size()));
  for (const tokens::GridPart& part : score.parts) {
    out.text(part.name);
    out.number(part.program);
    out.number(static_cast<std::uint8_t>(part.drums));
    out.number(static_cast<std::uint32_t>(part.notes.size()));
    for (const tokens::GridNote& note : part.notes) {
      out.number(note.onset);
      out.number(note.duration);
      out.number(note.pitch);
      out.number(note.velocity);
    }
  }
}

Piece read_piece(Reader& in) {
  Piece piece;
  tokens::GridScore& score = piece.score;
  piece.path = in.text();
  const auto style = in.number<std::uint8_t>();
  piece.style = static_cast<tokens::Style>(style < tokens::style_names.size() ? style : 0);
  piece.weight = in.number<float>();
  if (const auto bpm = in.number<double>(); bpm > 0) score.bpm = bpm;
  score.meters.resize(in.count(6));
  for (auto& [at, value] : score.meters) {
    at = in.number<std::int32_t>();
    const int numerator = in.number<std::uint8_t>();
    const auto meter = music::Meter::of(numerator, in.number<std::uint8_t>());
    if (meter) value = *meter;
  }
  score.keys.resize(in.count(6));
  for (auto& [at, value] : score.keys) {
    at = in.number<std::int32_t>();
    value.fifths = in.number<std::int8_t>();
    value.mode = in.number<std::uint8_t>() == 0 ? music::Mode::major : music::Mode::minor;
  }
  score.parts.resize(in.count(10));
  for (tokens::GridPart& part : score.parts) {
    part.name = in.text();
    part.program = in.number<std::uint8_t>() & 127U;
    part.drums = in.number<std::uint8_t>() != 0;
    part.notes.resize(in.count(10));
    for (tokens::GridNote& note : part.notes) {
      note.onset = in.number<std::int32_t>();
      note.duration = in.number<std::int32_t>();
      note.pitch = in.number<std::uint8_t>() & 127U;
      note.velocity = in.number<std::uint8_t>();
    }
  }
  return piece;
}

}  // namespace

std::size_t Piece::notes() const {
  std::size_t notes = 0;
  for (const tokens::GridPart& part : score.parts) notes += part.notes.size();
  return notes;
}

Bytes write_shard(const Shard& shard) {
  Writer out;
  for (const char c : magic) out.number(c);
  out.number(version);
  out.text(vocabulary_hash());
  out.text(shard.corpus);
  out.text(shard.inputs);
  out.number(static_cast<std::uint32_t>(shard.pieces.size()));
  for (const Piece& piece : shard.pieces) write(out, piece);
  return std::move(out.bytes);
}

Result<Shard> read_shard(ByteView bytes, std::string_view name) {
  const auto fail = [&](const char* what) {
    return Error{Errc::invalid_input, std::string(name) + ": " + what};
  };
  Reader in(bytes);
  std::string begin;
  for (std::size_t i = 0; i < magic.size(); ++i) begin += in.number<char>();
  if (begin != magic) return fail("not a shard of `antiphon-train prepare`");
  if (in.number<std::uint32_t>() != version) {
    return fail("a shard of another version; prepare the corpora again");
  }
  if (in.text() != vocabulary_hash()) {
    return fail("a shard of another vocabulary; prepare the corpora again");
  }
  Shard shard;
  shard.corpus = in.text();
  shard.inputs = in.text();
  const std::size_t pieces = in.count(30);
  for (std::size_t i = 0; i < pieces && in.ok; ++i) shard.pieces.push_back(read_piece(in));
  if (!in.ok) return fail("the shard is cut short");
  return shard;
}

std::string inputs_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  Bytes head(4096);
  file.read(reinterpret_cast<char*>(head.data()), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  // The header is read as a shard without pieces.
  Reader in(head);
  std::string begin;
  for (std::size_t i = 0; i < magic.size(); ++i) begin += in.number<char>();
  const bool ours = begin == magic && in.number<std::uint32_t>() == version;
  if (!ours || in.text() != vocabulary_hash()) return {};
  in.text();
  return in.text();
}

}  // namespace antiphon::train
