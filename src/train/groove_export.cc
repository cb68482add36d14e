// SPDX-License-Identifier: Apache-2.0
#include "train/groove_export.h"

#include <torch/version.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <vector>

#include "base/file.h"
#include "crypto/hash.h"
#include "nn/matrix.h"
#include "nn/safetensors.h"
#include "train/groove_model.h"
#include "train/tensors_file.h"

namespace antiphon::train {
namespace {

void add_tensor(const std::string& name, const nn::Tensor& tensor, nn::Type type,
                nn::SafeTensorsWriter& writer) {
  std::vector<float> values(tensor.bytes.size() / sizeof(float));
  std::memcpy(values.data(), tensor.bytes.data(), tensor.bytes.size());
  if (tensor.shape.size() != 2 || type == nn::Type::f32) {
    writer.add(name, tensor.shape, std::span<const float>(values));
  } else if (type == nn::Type::bf16) {
    std::vector<nn::BFloat16> narrow(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), nn::BFloat16::of);
    writer.add(name, tensor.shape, std::span<const nn::BFloat16>(narrow));
  } else {
    const std::size_t columns = tensor.shape[1];
    std::vector<std::int8_t> integers(values.size());
    std::vector<float> scales;
    for (std::size_t at = 0; at < values.size(); at += columns) {
      scales.push_back(nn::quantize_row(std::span(values).subspan(at, columns),
                                        std::span(integers).subspan(at, columns)));
    }
    writer.add(name, tensor.shape, std::span<const std::int8_t>(integers));
    writer.add(name + ".scale", {tensor.shape[0]}, std::span<const float>(scales));
  }
}

void add_numbers(const std::string& name, const at::Tensor& numbers,
                 nn::SafeTensorsWriter& writer) {
  const at::Tensor whole = numbers.contiguous();
  writer.add(
      name, {whole.sizes().begin(), whole.sizes().end()},
      std::span<const float>(whole.data_ptr<float>(), static_cast<std::size_t>(whole.numel())));
}

at::Tensor drawn(std::int64_t rows, std::int64_t columns, Random& random) {
  const at::Tensor out = at::empty({rows, columns});
  for (std::int64_t i = 0; i < out.numel(); ++i) {
    out.data_ptr<float>()[i] = static_cast<float>(2 * random.uniform() - 1);
  }
  return out;
}

}  // namespace

Status export_groove(const std::filesystem::path& weights, const std::filesystem::path& folder,
                     nn::Type type, const std::map<std::string, std::string>& facts) {
  ANTIPHON_TRY(const nn::SafeTensors file, read_tensors(weights));
  ANTIPHON_TRY(const std::string config_text, metadata(file, weights, "config"));
  ANTIPHON_TRY(const nn::GrooveConfig config, nn::GrooveConfig::parse(config_text));
  nn::SafeTensorsWriter writer;
  for (const auto& [key, value] : facts) writer.set_metadata(key, value);
  writer.set_metadata("architecture", nn::GrooveConfig::architecture);
  writer.set_metadata("version", "1");
  writer.set_metadata("config", crypto::sha256_hex(as_bytes(config.to_json())));
  if (const auto steps = file.metadata().find("trained_steps"); steps != file.metadata().end()) {
    writer.set_metadata(steps->first, steps->second);
  }
  for (const auto& [name, tensor] : file.tensors()) {
    if (tensor.type != nn::Type::f32) {
      return Error{Errc::invalid_input, weights.string() + ": " + name + " is not in F32"};
    }
    add_tensor(name, tensor, type, writer);
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  ANTIPHON_CHECK(write_file(folder / "config.json", config.to_json()));
  return write_file(folder / "weights.safetensors", writer.bytes());
}

Status write_groove_golden(const std::filesystem::path& folder, const std::string& name,
                           std::uint64_t seed) {
  // No size a multiple of a vector's.
  const nn::GrooveConfig config{8, 3, 5, 50, 3, {"one", "other", "third"}};
  at::NoGradGuard no_gradient;
  Random random(seed);
  GrooveGenerator generator(config, random);
  // Biases and norms that matter, so that a slip shows.
  at::Tensor& values = generator.parameters().value();
  values.add_(drawn(1, values.numel(), random).squeeze(0) * 0.1);

  constexpr std::int64_t rows = 6;
  const at::Tensor latent = drawn(rows, config.latent, random) * 2;
  const Wishes wishes{drawn(rows, 2, random), drawn(rows, 2, random), drawn(rows, 3, random)};
  const at::Tensor hits = (drawn(rows, config.cells(), random) > 0).to(at::kFloat);
  const Patterns played = generator.touch(hits, latent, wishes);

  nn::SafeTensorsWriter writer;
  writer.set_metadata("tool", "antiphon-train golden, libtorch " TORCH_VERSION);
  writer.set_metadata("seed", std::to_string(seed));
  generator.parameters().write(values, writer);
  add_numbers("golden.condition", at::cat({wishes.plane, latent, wishes.tempo, wishes.style}, 1),
              writer);
  add_numbers("golden.pattern", generator.pattern(latent, wishes), writer);
  add_numbers("golden.hits", hits, writer);
  add_numbers("golden.velocities", played.velocities, writer);
  add_numbers("golden.offsets", played.offsets, writer);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  ANTIPHON_CHECK(write_file(folder / (name + ".json"), config.to_json()));
  return write_file(folder / (name + ".safetensors"), writer.bytes());
}

}  // namespace antiphon::train
