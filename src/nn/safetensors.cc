// SPDX-License-Identifier: Apache-2.0
#include "nn/safetensors.h"

#include <algorithm>
#include <cassert>
#include <nlohmann/json.hpp>
#include <optional>

namespace antiphon::nn {
namespace {

using Json = nlohmann::ordered_json;

// A header of a hundred thousand tensors fits; a hostile length does not.
constexpr std::uint64_t max_header_bytes = std::uint64_t{16} << 20;
constexpr std::size_t max_rank = 8;
constexpr std::size_t alignment = 64;

Error bad(const std::string& what) { return {Errc::invalid_input, "safetensors: " + what}; }

std::string name_in_file(Type type) {
  return type == Type::f32 ? "F32" : type == Type::bf16 ? "BF16" : "I8";
}

std::optional<Type> type_in_file(const std::string& name) {
  for (const Type type : {Type::f32, Type::bf16, Type::i8}) {
    if (name == name_in_file(type)) return type;
  }
  return std::nullopt;
}

std::string describe(const Shape& shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i ? ", " : "") + std::to_string(shape[i]);
  }
  return text + "]";
}

/// Parses JSON that nests no deeper than a header does, so that a hostile one can't exhaust the
/// stack. Null if it isn't such.
Json parse_shallow(std::string_view text) {
  bool deep = false;
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    deep = deep || depth > 3;
    return !deep;
  };
  Json json = Json::parse(text, shallow, /*allow_exceptions=*/false);
  return deep || json.is_discarded() ? Json() : json;
}

struct Range {
  std::uint64_t begin, end;
};

struct Declared {
  Tensor tensor;
  Range range;
};

Result<Declared> parse_entry(const std::string& name, const Json& entry) {
  const auto is_count = [](const Json& number) { return number.is_number_unsigned(); };
  if (!entry.is_object() || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets")) {
    return bad("tensor '" + name + "' needs dtype, shape and data_offsets");
  }
  const Json& dtype = entry["dtype"];
  const Json& shape = entry["shape"];
  const Json& offsets = entry["data_offsets"];
  const std::optional<Type> type =
      dtype.is_string() ? type_in_file(dtype.get<std::string>()) : std::nullopt;
  if (!type) {
    return bad("tensor '" + name + "' has dtype " +
               (dtype.is_string() ? dtype.get<std::string>() : "of a wrong kind") +
               ", expected F32, BF16 or I8");
  }
  if (!shape.is_array() || shape.size() > max_rank ||
      !std::all_of(shape.begin(), shape.end(), is_count)) {
    return bad("tensor '" + name + "' needs a shape of at most " + std::to_string(max_rank) +
               " counts");
  }
  if (!offsets.is_array() || offsets.size() != 2 ||
      !std::all_of(offsets.begin(), offsets.end(), is_count)) {
    return bad("tensor '" + name + "' needs two data_offsets");
  }
  Declared declared{{*type, shape.get<Shape>(), {}},
                    {offsets[0].get<std::uint64_t>(), offsets[1].get<std::uint64_t>()}};

  std::uint64_t size = size_of(*type);
  for (const std::uint64_t extent : declared.tensor.shape) {
    if (__builtin_mul_overflow(size, extent, &size)) {
      return bad("tensor '" + name + "' has the impossible shape " +
                 describe(declared.tensor.shape));
    }
  }
  const Range range = declared.range;
  if (range.end < range.begin || range.end - range.begin != size) {
    return bad("tensor '" + name + "' of shape " + describe(declared.tensor.shape) + " takes " +
               std::to_string(size) + " bytes, its offsets are " + std::to_string(range.begin) +
               " to " + std::to_string(range.end));
  }
  return declared;
}

/// True if the ranges, in some order, cover [0, size) exactly.
bool tile_exactly(std::vector<Range> ranges, std::uint64_t size) {
  std::sort(ranges.begin(), ranges.end(), [](Range a, Range b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end < b.end;
  });
  std::uint64_t at = 0;
  for (const Range range : ranges) {
    if (range.begin != at) return false;
    at = range.end;
  }
  return at == size;
}

}  // namespace

Result<SafeTensors> SafeTensors::parse(ByteView bytes, std::shared_ptr<const void> owner) {
  if (bytes.size() < 8)
    return bad("8 bytes of header length expected, the file has " + std::to_string(bytes.size()));
  std::uint64_t header_bytes = 0;
  for (std::size_t i = 0; i < 8; ++i) header_bytes |= std::uint64_t{bytes[i]} << (8 * i);
  if (header_bytes > max_header_bytes || header_bytes > bytes.size() - 8) {
    return bad("a header of " + std::to_string(header_bytes) + " bytes in a file of " +
               std::to_string(bytes.size()) + ", at most " + std::to_string(max_header_bytes) +
               " are read");
  }
  const Json header = parse_shallow(as_text(bytes.subspan(8, header_bytes)));
  if (!header.is_object()) return bad("the header is not a JSON object of tensors");
  const ByteView data = bytes.subspan(8 + header_bytes);

  SafeTensors file;
  file.owner_ = std::move(owner);
  std::vector<Range> ranges;
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") {
      if (!entry.is_object()) return bad("__metadata__ is not an object");
      for (const auto& [key, value] : entry.items()) {
        if (!value.is_string()) return bad("__metadata__ '" + key + "' is not a string");
        file.metadata_[key] = value.get<std::string>();
      }
      continue;
    }
    ANTIPHON_TRY(Declared declared, parse_entry(name, entry));
    const Range range = declared.range;
    if (range.end > data.size()) {
      return bad("tensor '" + name + "' ends at byte " + std::to_string(range.end) + " of " +
                 std::to_string(data.size()));
    }
    declared.tensor.bytes = data.subspan(range.begin, range.end - range.begin);
    ranges.push_back(range);
    if (!file.tensors_.emplace(name, std::move(declared.tensor)).second) {
      return bad("tensor '" + name + "' is declared twice");
    }
  }
  if (!tile_exactly(std::move(ranges), data.size())) {
    return bad("the tensors overlap or leave bytes of the file unused");
  }
  return file;
}

Result<SafeTensors> SafeTensors::parse(Bytes bytes) {
  const auto owner = std::make_shared<const Bytes>(std::move(bytes));
  return parse(*owner, owner);
}

const Tensor* SafeTensors::find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

Result<Tensor> SafeTensors::get(const std::string& name, const Shape& shape) const {
  const Tensor* tensor = find(name);
  if (!tensor) return bad("tensor '" + name + "' is missing");
  if (tensor->shape != shape) {
    return bad("tensor '" + name + "' has shape " + describe(tensor->shape) + ", expected " +
               describe(shape));
  }
  return *tensor;
}

void SafeTensorsWriter::set_metadata(std::string key, std::string value) {
  metadata_[std::move(key)] = std::move(value);
}

void SafeTensorsWriter::add(std::string name, Type type, Shape shape, ByteView bytes) {
  [[maybe_unused]] std::uint64_t size = size_of(type);
  for (const std::uint64_t extent : shape) size *= extent;
  assert(size == bytes.size());
  tensors_[std::move(name)] = {type, std::move(shape), Bytes(bytes.begin(), bytes.end())};
}

void SafeTensorsWriter::add(std::string name, Shape shape, std::span<const float> values) {
  static_assert(std::endian::native == std::endian::little, "numbers are written as they lie");
  add(std::move(name), Type::f32, std::move(shape),
      {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()});
}

void SafeTensorsWriter::add(std::string name, Shape shape, std::span<const BFloat16> values) {
  add(std::move(name), Type::bf16, std::move(shape),
      {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()});
}

void SafeTensorsWriter::add(std::string name, Shape shape, std::span<const std::int8_t> values) {
  add(std::move(name), Type::i8, std::move(shape),
      {reinterpret_cast<const std::uint8_t*>(values.data()), values.size_bytes()});
}

Bytes SafeTensorsWriter::bytes() const {
  Json header = Json::object();
  if (!metadata_.empty()) header["__metadata__"] = metadata_;
  std::uint64_t at = 0;
  for (const auto& [name, entry] : tensors_) {
    header[name] = {{"dtype", name_in_file(entry.type)},
                    {"shape", entry.shape},
                    {"data_offsets", {at, at + entry.bytes.size()}}};
    at += entry.bytes.size();
  }
  // Spaces after the JSON are allowed, and put the first tensor on an aligned byte.
  std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  while ((8 + text.size()) % alignment != 0) text += ' ';

  Bytes file;
  file.reserve(8 + text.size() + at);
  for (std::size_t i = 0; i < 8; ++i) {
    file.push_back(static_cast<std::uint8_t>(std::uint64_t{text.size()} >> (8 * i)));
  }
  file.insert(file.end(), text.begin(), text.end());
  for (const auto& [name, entry] : tensors_) {
    file.insert(file.end(), entry.bytes.begin(), entry.bytes.end());
  }
  return file;
}

}  // namespace antiphon::nn
