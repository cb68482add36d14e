// SPDX-License-Identifier: Apache-2.0
#include "nn/groove.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "base/file.h"

namespace antiphon::nn {
namespace {

// A small generator and what libtorch computes with it; train/groove_export.h says what is in it.
struct Golden {
  GrooveConfig config;
  SafeTensors file;

  static Golden read() {
    const std::string name = ANTIPHON_TEST_DATA "/nn/groove/golden_groove";
    const Bytes config = *read_file(name + ".json");
    return {*GrooveConfig::parse(as_text(config)),
            *SafeTensors::parse(*read_file(name + ".safetensors"))};
  }
  std::vector<float> numbers(const std::string& name) const {
    const Tensor* tensor = file.find(name);
    std::vector<float> values(tensor ? tensor->bytes.size() / sizeof(float) : 0);
    if (tensor) std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    return values;
  }
};

double largest_difference(const Golden& golden, LoadOptions options) {
  const GrooveConfig& config = golden.config;
  GrooveSession session(*Groove::load(config, golden.file, options));
  const auto conditions = golden.numbers("golden.condition"), hits = golden.numbers("golden.hits");
  const auto pattern = golden.numbers("golden.pattern");
  const auto velocities = golden.numbers("golden.velocities");
  const auto offsets = golden.numbers("golden.offsets");
  const std::size_t cells = config.cells(), rows = hits.size() / cells;
  EXPECT_GT(rows, 0U);
  double largest = 0;
  const auto compare = [&](float got, float expected) {
    const double error = std::fabs(double{got} - double{expected});
    if (!(error <= largest)) largest = error;  // Written so that NaN gets in.
  };
  for (std::size_t row = 0; row < rows; ++row) {
    const auto condition =
        std::span(conditions).subspan(row * config.condition(), config.condition());
    const auto logits = session.pattern(condition);
    for (std::size_t i = 0; i < cells; ++i) compare(logits[i], pattern[row * cells + i]);
    const auto struck = std::span(hits).subspan(row * cells, cells);
    const auto touch = session.touch(struck, condition);
    for (std::size_t i = 0; i < cells; ++i) {
      compare(touch.velocities[i] * struck[i], velocities[row * cells + i]);
      compare(touch.offsets[i] * struck[i], offsets[row * cells + i]);
    }
  }
  return largest;
}

TEST(Groove, GivesLibtorchsNumbers) {
  const Golden golden = Golden::read();
  for (const Kernels* kernels : available_kernels()) {
    EXPECT_LE(largest_difference(golden, {Type::f32, kernels}), 1e-4) << kernels->name;
    EXPECT_LE(largest_difference(golden, {Type::bf16, kernels}), 0.05) << kernels->name;
    EXPECT_LE(largest_difference(golden, {Type::i8, kernels}), 0.1) << kernels->name;
  }
}

TEST(Groove, RefusesWeightsOfAnotherShape) {
  const Golden golden = Golden::read();
  GrooveConfig config = golden.config;
  config.styles.push_back("fourth");
  const auto groove = Groove::load(config, golden.file);
  ASSERT_FALSE(groove);
  EXPECT_THAT(groove.error().message, testing::HasSubstr("pattern.in.weight"));
}

TEST(GrooveConfig, IsReadAsItWasWritten) {
  const GrooveConfig config{32, 9, 16, 256, 3, {"funk", "rock"}};
  const auto back = GrooveConfig::parse(config.to_json());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->to_json(), config.to_json());
  EXPECT_EQ(back->styles, config.styles);
}

TEST(GrooveConfig, CountsItsParameters) {
  const Golden golden = Golden::read();
  std::size_t numbers = 0;
  for (const auto& [name, tensor] : golden.file.tensors()) {
    if (!name.starts_with("golden.")) numbers += tensor.bytes.size() / sizeof(float);
  }
  EXPECT_EQ(golden.config.parameters(), numbers);
}

TEST(GrooveConfig, SaysWhatIsWrong) {
  const std::string good = GrooveConfig{32, 9, 16, 256, 3, {"funk"}}.to_json();
  const auto with = [&](const std::string& what, const std::string& instead) {
    std::string text = good;
    text.replace(text.find(what), what.size(), instead);
    const auto config = GrooveConfig::parse(text);
    return config ? std::string() : config.error().message;
  };
  EXPECT_THAT(with("groove-gan", "other"),
              testing::HasSubstr("expected architecture groove-gan 1, got other 1"));
  EXPECT_THAT(with("\"steps\": 32", "\"steps\": 0"), testing::HasSubstr("'steps'"));
  EXPECT_THAT(with("\"hidden\": 256", "\"hidden\": -1"), testing::HasSubstr("'hidden'"));
  EXPECT_THAT(with("funk", "fu nk"), testing::HasSubstr("'fu nk'"));
  EXPECT_THAT(with("\"styles\"", "\"stiles\""), testing::HasSubstr("'styles'"));
}

}  // namespace
}  // namespace antiphon::nn
