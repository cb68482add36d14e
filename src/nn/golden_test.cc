// SPDX-License-Identifier: Apache-2.0
// That the engine gives libtorch's numbers. Each tests/data/nn/NAME.{json,safetensors} holds a
// small model's shape and f32 weights and, as f32 too, what libtorch made of them for S steps:
//   golden.rows        [S, R]         rows of each step, padded with -1
//   golden.times       [S]            its time
//   golden.conditions  [S, F - 1, C]  condition rows after the choice of each field, padded with -1
//   golden.z           [S, dim]       the backbone's output
//   golden.logits.X    [S, size]      logits of field X, given the conditions of the fields before
#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "nn/event_net.h"

namespace antiphon::nn {
namespace {

namespace fs = std::filesystem;

struct Golden {
  std::string config;
  SafeTensors file;

  std::vector<float> numbers(const std::string& name) const {
    const Tensor* tensor = file.find(name);
    if (!tensor) return {};
    std::vector<float> values(tensor->bytes.size() / sizeof(float));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
  }
};

std::vector<fs::path> golden_files() {
  std::vector<fs::path> files;
  const fs::path folder = fs::path(ANTIPHON_TEST_DATA) / "nn";
  if (fs::exists(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
    }
  }
  return files;
}

Golden load(fs::path path) {
  const SafeTensors file = *SafeTensors::parse(*read_file(path));
  const Bytes config = *read_file(path.replace_extension(".json"));
  return {std::string(as_text(config)), file};
}

/// The numbers that are no padding, as rows.
std::vector<std::uint16_t> rows_of(std::span<const float> padded) {
  std::vector<std::uint16_t> rows;
  for (const float number : padded) {
    if (number >= 0) rows.push_back(static_cast<std::uint16_t>(number));
  }
  return rows;
}

/// What the engine's numbers are off by.
struct Difference {
  double largest = 0.0;
  double squares = 0.0, expected_squares = 0.0;

  void add(std::span<const float> got, std::span<const float> expected) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      const double error = std::fabs(double{got[i]} - double{expected[i]});
      if (!(error <= largest)) largest = error;  // Written so that NaN gets in.
      squares += error * error;
      expected_squares += double{expected[i]} * double{expected[i]};
    }
  }
  double relative() const { return std::sqrt(squares / expected_squares); }
};

template <class Session>
Difference difference(const Golden& golden, const EventConfig& config, Session session) {
  const auto times = golden.numbers("golden.times"), rows = golden.numbers("golden.rows");
  const auto z = golden.numbers("golden.z"), conditions = golden.numbers("golden.conditions");
  const std::size_t steps = times.size(), later = config.fields.size() - 1;
  Difference result;
  for (std::size_t i = 0; i < steps; ++i) {
    const std::size_t width = rows.size() / steps;
    const auto step = rows_of(std::span(rows).subspan(i * width, width));
    result.add(session.feed({step, static_cast<std::int32_t>(times[i])}),
               std::span(z).subspan(i * config.dim, config.dim));
    session.begin();
    for (std::size_t k = 0; k < config.fields.size(); ++k) {
      const Field& field = config.fields[k];
      const auto logits = golden.numbers("golden.logits." + field.name);
      result.add(session.logits(k), std::span(logits).subspan(i * field.size, field.size));
      if (k == later || conditions.empty()) continue;
      const std::size_t count = conditions.size() / steps / later;
      const auto chosen = std::span(conditions).subspan((i * later + k) * count, count);
      session.condition(rows_of(chosen));
    }
  }
  return result;
}

Difference difference(const Golden& golden, LoadOptions options) {
  const EventNet net = *load_event_net(golden.config, golden.file, options);
  return std::visit(
      [&](const auto& own) { return difference(golden, config_of(net), session_of(own)); }, net);
}

// Products one after the other, through which an error grows.
double products(const Golden& golden) {
  const EventNet net = *load_event_net(golden.config, golden.file);
  const double a_layer = std::holds_alternative<std::shared_ptr<const Lstm>>(net) ? 2.0 : 4.0;
  return a_layer * config_of(net).layers + 2.0;
}

TEST(Golden, F32GivesLibtorchsNumbers) {
  const auto files = golden_files();
  ASSERT_EQ(files.size(), 3u) << "golden vectors in tests/data/nn";
  for (const fs::path& path : files) {
    for (const Kernels* kernels : available_kernels()) {
      const Difference off = difference(load(path), {Type::f32, kernels});
      EXPECT_LE(off.largest, 1e-4) << path << " " << kernels->name;
    }
  }
}

TEST(Golden, Bf16AndInt8StayWithinTheirBounds) {
  const auto files = golden_files();
  ASSERT_FALSE(files.empty()) << "no golden vectors in tests/data/nn";
  for (const fs::path& path : files) {
    const Golden golden = load(path);
    const double root = std::sqrt(products(golden));
    for (const Kernels* kernels : available_kernels()) {
      EXPECT_LE(difference(golden, {Type::bf16, kernels}).relative(), 0.003 * root)
          << path << " " << kernels->name;
      EXPECT_LE(difference(golden, {Type::i8, kernels}).relative(), 0.01 * root)
          << path << " " << kernels->name;
    }
  }
}

}  // namespace
}  // namespace antiphon::nn
