// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "nn/type.h"

namespace antiphon::nn {

/// Called "F32", "BF16" and "I8" in a file.
using Shape = std::vector<std::uint64_t>;

/// One tensor of a weights file. `bytes` are little-endian, the last index contiguous, and may
/// start at any address.
struct Tensor {
  Type type = Type::f32;
  Shape shape;
  ByteView bytes;
};

/// A weights file in the safetensors format: a JSON header with names, types and shapes, then the
/// numbers.
///
/// Everything in the header is checked when it is parsed: its length, the types, that shapes and
/// byte ranges agree, and that the ranges follow each other without gap or overlap up to the end.
///
/// Threads: immutable.
class SafeTensors {
 public:
  /// Parses a file that is in memory. `owner` is kept for as long as the bytes are needed.
  static Result<SafeTensors> parse(ByteView bytes, std::shared_ptr<const void> owner);
  static Result<SafeTensors> parse(Bytes bytes);

  /// Null if there is none of that name.
  const Tensor* find(const std::string& name) const;
  /// Errors: no such tensor, or another shape than the expected one.
  Result<Tensor> get(const std::string& name, const Shape& shape) const;

  const std::map<std::string, Tensor>& tensors() const { return tensors_; }
  /// The header's `__metadata__`.
  const std::map<std::string, std::string>& metadata() const { return metadata_; }

 private:
  std::map<std::string, Tensor> tensors_;
  std::map<std::string, std::string> metadata_;
  std::shared_ptr<const void> owner_;
};

/// Collects tensors and lays them out as a file, 64-byte aligned and in the order of their names.
class SafeTensorsWriter {
 public:
  void set_metadata(std::string key, std::string value);
  void add(std::string name, Shape shape, std::span<const float> values);
  void add(std::string name, Shape shape, std::span<const BFloat16> values);
  void add(std::string name, Shape shape, std::span<const std::int8_t> values);

  Bytes bytes() const;

 private:
  struct Entry {
    Type type;
    Shape shape;
    Bytes bytes;
  };
  void add(std::string name, Type type, Shape shape, ByteView bytes);

  std::map<std::string, Entry> tensors_;
  std::map<std::string, std::string> metadata_;
};

}  // namespace antiphon::nn
