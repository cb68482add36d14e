// SPDX-License-Identifier: Apache-2.0
// That passes whose steps see each other give libtorch's numbers; golden_test.cc says what is in
// the file.
#include <gtest/gtest.h>

#include <cstring>

#include "base/file.h"
#include "nn/session.h"

namespace antiphon::nn {
namespace {

std::vector<float> numbers(const SafeTensors& file, const std::string& name) {
  const Tensor* tensor = file.find(name);
  std::vector<float> values(tensor ? tensor->bytes.size() / sizeof(float) : 0);
  if (tensor) std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
  return values;
}

TEST(Masked, GivesLibtorchsNumbersForStepsThatSeeEachOther) {
  const std::string name = ANTIPHON_TEST_DATA "/nn/masked/golden_masked";
  const auto config = *TransformerConfig::parse(as_text(*read_file(name + ".json")));
  ASSERT_TRUE(config.bidirectional);
  const SafeTensors file = *SafeTensors::parse(*read_file(name + ".safetensors"));
  const auto times = numbers(file, "golden.times"), padded = numbers(file, "golden.rows");
  const auto z = numbers(file, "golden.z"), logits = numbers(file, "golden.logits.shift");
  const std::size_t steps = times.size(), width = padded.size() / steps;
  std::vector<std::vector<std::uint16_t>> bags(steps);
  std::vector<Step> all;
  for (std::size_t i = 0; i < steps; ++i) {
    for (std::size_t j = 0; j < width; ++j) {
      const float row = padded[i * width + j];
      if (row >= 0) bags[i].push_back(static_cast<std::uint16_t>(row));
    }
    all.push_back({bags[i], static_cast<std::int32_t>(times[i])});
  }
  for (const Kernels* kernels : available_kernels()) {
    for (const auto& [type, tolerance] : {std::pair{Type::f32, 1e-4}, std::pair{Type::i8, 0.3}}) {
      Session session(*Transformer::load(config, file, {type, kernels}));
      std::vector<float> got(z.size());
      session.score(all, got);
      for (std::size_t i = 0; i < z.size(); ++i) {
        ASSERT_NEAR(got[i], z[i], tolerance) << kernels->name << " " << i;
      }
      for (std::size_t i = 0; i < steps; ++i) {
        session.begin(std::span<const float>(got).subspan(i * config.dim, config.dim));
        const auto own = session.logits(0);
        for (std::size_t k = 0; k < own.size(); ++k) {
          ASSERT_NEAR(own[k], logits[i * own.size() + k], tolerance) << kernels->name;
        }
      }
    }
  }
}

}  // namespace
}  // namespace antiphon::nn
