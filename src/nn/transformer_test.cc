// SPDX-License-Identifier: Apache-2.0
#include "nn/transformer.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>

#include "nn/small_models.h"

namespace antiphon::nn {
namespace {

using testing::HasSubstr;

/// The small model's file with one tensor replaced, or left out if it is empty.
SafeTensors weights_with(const std::string& name, const Shape& shape,
                         const std::vector<float>& values) {
  const SafeTensors file = *SafeTensors::parse(random_weights(small_config(), 1));
  SafeTensorsWriter writer;
  for (const auto& [each, tensor] : file.tensors()) {
    if (each == name) continue;
    std::vector<float> numbers(tensor.bytes.size() / sizeof(float));
    std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
    writer.add(each, tensor.shape, std::span<const float>(numbers));
  }
  if (!values.empty()) writer.add(name, shape, std::span<const float>(values));
  return *SafeTensors::parse(writer.bytes());
}

std::string error_of(const SafeTensors& file) {
  const auto model = Transformer::load(small_config(), file);
  return model.ok() ? "none" : model.error().message;
}

TEST(Transformer, SaysWhichTensorIsWrong) {
  EXPECT_EQ(error_of(weights_with("norm.weight", {50}, std::vector<float>(50, 1.0f))), "none");
  EXPECT_THAT(error_of(weights_with("norm.weight", {}, {})), HasSubstr("'norm.weight' is missing"));
  EXPECT_THAT(error_of(weights_with("norm.weight", {2, 25}, std::vector<float>(50, 1.0f))),
              HasSubstr("'norm.weight' has shape [2, 25], expected [50]"));
  EXPECT_THAT(error_of(weights_with("norm.weight", {50}, std::vector<float>(50, std::nanf("")))),
              HasSubstr("not a finite number"));
  std::vector<float> weights(50 * 75, 0.5f);
  weights[1000] = INFINITY;
  EXPECT_THAT(error_of(weights_with("layer.1.ff.down.weight", {50, 75}, weights)),
              HasSubstr("'layer.1.ff.down.weight' has a value that is not a finite number"));
}

TEST(Transformer, RefusesAConfigOutOfBounds) {
  TransformerConfig config = small_config();
  config.heads = 3;
  const SafeTensors file = *SafeTensors::parse(random_weights(small_config(), 1));
  EXPECT_THAT(Transformer::load(config, file).error().message, HasSubstr("multiple of 'kv_heads'"));
}

/// The small model's file with every matrix and table rounded to `type`, as a trainer writes it.
SafeTensors rounded_weights(Type type) {
  const SafeTensors file = *SafeTensors::parse(random_weights(small_config(), 1));
  SafeTensorsWriter writer;
  for (const auto& [name, tensor] : file.tensors()) {
    std::vector<float> numbers(tensor.bytes.size() / sizeof(float));
    std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
    if (tensor.shape.size() == 1) {
      writer.add(name, tensor.shape, std::span<const float>(numbers));
    } else if (type == Type::bf16) {
      std::vector<BFloat16> halves;
      for (const float number : numbers) halves.push_back(BFloat16::of(number));
      writer.add(name, tensor.shape, std::span<const BFloat16>(halves));
    } else {
      const std::size_t rows = tensor.shape[0], columns = tensor.shape[1];
      std::vector<std::int8_t> integers(numbers.size());
      std::vector<float> scales(rows);
      for (std::size_t r = 0; r < rows; ++r) {
        scales[r] = quantize_row(std::span(numbers).subspan(r * columns, columns),
                                 std::span(integers).subspan(r * columns, columns));
      }
      writer.add(name, tensor.shape, std::span<const std::int8_t>(integers));
      writer.add(name + ".scale", {rows}, std::span<const float>(scales));
    }
  }
  return *SafeTensors::parse(writer.bytes());
}

std::vector<float> outputs(const SafeTensors& file, LoadOptions options) {
  const Steps steps(small_config(), 10, 1);
  Session session(*Transformer::load(small_config(), file, options));
  const auto z = session.feed(steps.all());
  return {z.begin(), z.end()};
}

TEST(Transformer, TakesTheTypeThatTheFileHas) {
  for (const Type type : {Type::bf16, Type::i8}) {
    const auto model = *Transformer::load(small_config(), rounded_weights(type));
    EXPECT_EQ(model->type(), type);
    EXPECT_EQ(model->ends().heads[1].logits.type(), type);
  }
}

TEST(Transformer, ANumberThatIsAlreadyRoundedIsNotRoundedAgain) {
  // Through f32 and back gives the same integers as the file has.
  const SafeTensors file = rounded_weights(Type::i8);
  const auto direct = *Transformer::load(small_config(), file);
  const PackedMatrix packed = direct->layers()[0].down.packed();
  const auto* stored =
      reinterpret_cast<const std::int8_t*>(file.find("layer.0.ff.down.weight")->bytes.data());
  EXPECT_EQ(static_cast<int>(packed.tiles[0]) - 128, stored[0]);
  EXPECT_EQ(static_cast<int>(packed.tiles[4 * 5 + 2]) - 128, stored[5 * 75 + 2]);
}

TEST(Transformer, RunsARoundedFileInF32) {
  const auto exact = outputs(*SafeTensors::parse(random_weights(small_config(), 1)), {});
  for (const Type type : {Type::bf16, Type::i8}) {
    const auto z = outputs(rounded_weights(type), {Type::f32, nullptr});
    EXPECT_THAT(z, testing::Pointwise(testing::FloatNear(0.15f), exact));
    EXPECT_NE(z, exact);
  }
}

TEST(Transformer, AnInt8FileNeedsItsScales) {
  SafeTensorsWriter writer;
  const std::vector<std::int8_t> integers(40 * 50);
  writer.add("input.weight", {40, 50}, std::span<const std::int8_t>(integers));
  const auto model = Transformer::load(small_config(), *SafeTensors::parse(writer.bytes()));
  EXPECT_THAT(model.error().message, HasSubstr("'input.weight.scale' is missing"));
}

}  // namespace
}  // namespace antiphon::nn
