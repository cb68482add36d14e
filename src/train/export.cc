// SPDX-License-Identifier: Apache-2.0
#include "train/export.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <vector>

#include "base/file.h"
#include "crypto/hash.h"
#include "nn/config.h"
#include "nn/matrix.h"
#include "nn/safetensors.h"
#include "tokens/vocabulary.h"
#include "tokens/voice_grid.h"
#include "train/shape.h"
#include "train/tensors_file.h"

namespace antiphon::train {
namespace {

void add_quantized(const std::string& name, const nn::Shape& shape,
                   const std::vector<float>& values, nn::SafeTensorsWriter& writer) {
  const std::size_t rows = shape[0];
  const std::size_t columns = shape[1];
  std::vector<std::int8_t> integers(values.size());
  std::vector<float> scales(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    scales[row] = nn::quantize_row(std::span(values).subspan(row * columns, columns),
                                   std::span(integers).subspan(row * columns, columns));
  }
  writer.add(name, shape, std::span<const std::int8_t>(integers));
  writer.add(name + ".scale", {shape[0]}, std::span<const float>(scales));
}

void add_tensor(const std::string& name, const nn::Shape& shape, const std::vector<float>& values,
                nn::Type type, nn::SafeTensorsWriter& writer) {
  const bool table = name == "input.weight" || name == "condition.weight";
  if (shape.size() != 2 || type == nn::Type::f32) {
    writer.add(name, shape, std::span<const float>(values));
  } else if (type == nn::Type::i8 && !table) {
    add_quantized(name, shape, values, writer);
  } else {
    std::vector<nn::BFloat16> narrow(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), nn::BFloat16::of);
    writer.add(name, shape, std::span<const nn::BFloat16>(narrow));
  }
}

Result<std::vector<float>> floats(const nn::SafeTensors& file, const std::string& name,
                                  const nn::Shape& shape, const std::filesystem::path& path) {
  const Result<nn::Tensor> tensor = file.get(name, shape);
  if (!tensor) return Error{tensor.error().code, path.string() + ": " + tensor.error().message};
  if (tensor->type != nn::Type::f32)
    return Error{Errc::invalid_input, path.string() + ": " + name + " is not in F32"};
  std::vector<float> values(tensor->bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

}  // namespace

Status export_model(const std::filesystem::path& checkpoint, const std::filesystem::path& folder,
                    nn::Type type, const std::map<std::string, std::string>& facts,
                    const Mixed& mixed) {
  ANTIPHON_TRY(const nn::SafeTensors file, read_tensors(checkpoint));
  ANTIPHON_TRY(const std::string config_text, metadata(file, checkpoint, "config"));
  ANTIPHON_TRY(const Shape config, Shape::parse(config_text));
  const std::string vocabulary =
      config.bidirectional ? tokens::voice_grid_json() : tokens::vocabulary_json();
  if (config.vocabulary != crypto::sha256_hex(as_bytes(vocabulary))) {
    return Error{Errc::invalid_input, checkpoint.string() + ": trained with another vocabulary"};
  }

  std::optional<nn::SafeTensors> other;
  if (!mixed.checkpoint.empty()) {
    ANTIPHON_TRY(other, read_tensors(mixed.checkpoint));
  }

  nn::SafeTensorsWriter writer;
  for (const auto& [key, value] : facts) writer.set_metadata(key, value);
  writer.set_metadata("architecture", nn::architecture_of(config.to_json()));
  writer.set_metadata("version", "1");
  writer.set_metadata("vocabulary", config.vocabulary);
  writer.set_metadata("config", crypto::sha256_hex(as_bytes(config.to_json())));
  for (const char* key : {"step", "events", "seed"}) {
    const auto found = file.metadata().find(key);
    if (found != file.metadata().end()) {
      writer.set_metadata("trained_" + std::string(key), found->second);
    }
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (name.find('/') != std::string::npos) continue;  // The optimizer's.
    ANTIPHON_TRY(std::vector<float> values, floats(file, name, tensor.shape, checkpoint));
    if (other) {
      ANTIPHON_TRY(const std::vector<float> others,
                   floats(*other, name, tensor.shape, mixed.checkpoint));
      for (std::size_t i = 0; i < values.size(); ++i)
        values[i] += mixed.share * (others[i] - values[i]);
    }
    add_tensor(name, tensor.shape, values, type, writer);
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  ANTIPHON_CHECK(write_file(folder / "config.json", config.to_json()));
  ANTIPHON_CHECK(write_file(folder / "vocabulary.json", vocabulary));
  return write_file(folder / "weights.safetensors", writer.bytes());
}

}  // namespace antiphon::train
