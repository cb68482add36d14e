// SPDX-License-Identifier: Apache-2.0
#include "nn/kernels/kernels.h"

#include <gmock/gmock.h>

#include <string>

#include "base/random.h"
#include "nn/cache.h"
#include "nn/kernels/choice.h"
#include "nn/matrix.h"

namespace antiphon::nn {
namespace {

using testing::ElementsAreArray;
using testing::FloatNear;
using testing::Pointwise;

std::vector<float> random_floats(std::size_t count, std::uint64_t seed, double reach = 1.0) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(reach * (2.0 * random.uniform() - 1.0));
  return values;
}

/// Each of the machine's kernels is held against the scalar ones.
class EveryKernel : public testing::TestWithParam<const Kernels*> {};
INSTANTIATE_TEST_SUITE_P(Kernels, EveryKernel, testing::ValuesIn(available_kernels()),
                         [](const auto& p) { return std::string(p.param->name); });

struct Product {
  Type type;
  std::size_t outputs, inputs, rows;
};

std::vector<float> multiply(const Kernels& kernels, const Product& shape) {
  const std::vector<float> weights = random_floats(shape.outputs * shape.inputs, 1);
  const std::vector<float> x = random_floats(shape.rows * shape.inputs, 2);
  Matrix matrix(shape.type, shape.outputs, shape.inputs);
  for (std::size_t o = 0; o < shape.outputs; ++o) {
    matrix.set_row(o, std::span(weights).subspan(o * shape.inputs, shape.inputs));
  }
  const auto type = static_cast<std::size_t>(shape.type);
  const std::size_t stride = matrix.operand_bytes();
  AlignedVector<std::byte> operands(shape.rows * stride, std::byte{0x55});
  for (std::size_t r = 0; r < shape.rows; ++r) {
    kernels.prepare[type](x.data() + r * shape.inputs, shape.inputs, matrix.packed().inputs,
                          operands.data() + r * stride);
  }
  // One column more than there are outputs: it must stay as it is. The first product replaces, the
  // second is added.
  const std::size_t y_stride = shape.outputs + 1;
  std::vector<float> y(shape.rows * y_stride, 3.0f);
  for (const bool accumulate : {false, true}) {
    kernels.multiply[type](matrix.packed(), 0, matrix.tiles(), operands.data(), stride, shape.rows,
                           y.data(), y_stride, accumulate);
  }
  return y;
}

TEST_P(EveryKernel, MultipliesAsTheScalarOne) {
  for (const Type type : {Type::f32, Type::bf16, Type::i8}) {
    for (const std::size_t rows : {1u, 2u, 3u, 4u, 5u, 6u, 7u, 13u}) {
      for (const auto& [outputs, inputs] :
           {std::pair<std::size_t, std::size_t>{1, 1}, {63, 7}, {64, 64}, {97, 130}, {200, 33}}) {
        const Product shape{type, outputs, inputs, rows};
        EXPECT_THAT(multiply(*GetParam(), shape),
                    Pointwise(FloatNear(2e-5f), multiply(scalar_kernels, shape)))
            << name_of(type) << " [" << outputs << ", " << inputs << "] x " << rows;
      }
    }
  }
}

TEST_P(EveryKernel, ARowsProductDoesNotDependOnTheOthers) {
  for (const Type type : {Type::f32, Type::bf16, Type::i8}) {
    const auto one = multiply(*GetParam(), {type, 97, 130, 1});
    const auto many = multiply(*GetParam(), {type, 97, 130, 11});
    EXPECT_THAT(std::span(many).first(98), ElementsAreArray(one)) << name_of(type);
  }
}

/// Attention of `count` queries over `positions` random keys and values.
std::vector<float> attend(const Kernels& kernels, Type type, std::uint32_t head_dim,
                          std::uint32_t positions, std::uint32_t count) {
  const auto t = static_cast<std::size_t>(type);
  Cache cache(type, 0, 1, 1, head_dim, positions + 3);
  // Left over from steps that were taken back: must not be seen.
  const std::vector<float> stale(head_dim, 1000.0f);
  for (std::uint32_t p = 0; p < positions + 3; ++p) {
    kernels.store[t](cache.head(0, 0), p, stale.data(), stale.data(), head_dim);
  }
  for (std::uint32_t p = 0; p < positions; ++p) {
    const auto key = random_floats(head_dim, 10 + 2 * p),
               value = random_floats(head_dim, 11 + 2 * p);
    kernels.store[t](cache.head(0, 0), p, key.data(), value.data(), head_dim);
  }
  const std::vector<float> queries = random_floats(count * head_dim, 1, 3.0);
  AlignedVector<float> weights(round_up(positions, 64), std::nanf(""));
  std::vector<float> out(count * head_dim + 1, 5.0f);
  kernels.attend[t](cache.head(0, 0), positions, queries.data(), count, head_dim, 0.3f,
                    weights.data(), out.data());
  EXPECT_EQ(out.back(), 5.0f) << "written past the end";
  return out;
}

TEST_P(EveryKernel, AttendsAsTheScalarOne) {
  for (const Type type : {Type::f32, Type::bf16, Type::i8}) {
    for (const std::uint32_t head_dim : {2u, 14u, 16u, 30u, 64u, 80u, 128u}) {
      for (const std::uint32_t positions : {1u, 3u, 16u, 17u, 64u, 130u, 300u, 561u}) {
        const std::uint32_t count = 1 + positions % 3;
        // int8: what a kernel rounds the weights of the values against is its own.
        const float tolerance =
            type == Type::i8 ? 6.5f / static_cast<float>(GetParam()->weight_steps) : 2e-5f;
        EXPECT_THAT(attend(*GetParam(), type, head_dim, positions, count),
                    Pointwise(FloatNear(tolerance),
                              attend(scalar_kernels, type, head_dim, positions, count)))
            << name_of(type) << " dim " << head_dim << ", " << positions << " positions";
      }
    }
  }
}

TEST_P(EveryKernel, AQuerysAttentionDoesNotDependOnTheOthers) {
  for (const Type type : {Type::f32, Type::bf16, Type::i8}) {
    const auto one = attend(*GetParam(), type, 64, 561, 1);
    const auto many = attend(*GetParam(), type, 64, 561, 3);
    EXPECT_THAT(std::span(many).first(64), ElementsAreArray(std::span(one).first(64)))
        << name_of(type);
  }
}

TEST_P(EveryKernel, NormsRotatesAndGatesAsTheScalarOne) {
  for (const std::size_t n : {2u, 14u, 16u, 66u, 100u}) {
    const auto x = random_floats(n, 1, 20.0), y = random_floats(n, 2);
    std::vector<float> a(n + 1, 5.0f), b(n + 1, 5.0f);
    GetParam()->rms_norm(x.data(), y.data(), n, a.data());
    scalar_kernels.rms_norm(x.data(), y.data(), n, b.data());
    EXPECT_THAT(a, Pointwise(FloatNear(1e-5f), b)) << n;
    GetParam()->silu_multiply(x.data(), y.data(), n, a.data());
    scalar_kernels.silu_multiply(x.data(), y.data(), n, b.data());
    EXPECT_THAT(a, Pointwise(FloatNear(2e-5f), b)) << n;
    GetParam()->silu(a.data(), n);
    scalar_kernels.silu(b.data(), n);
    EXPECT_THAT(a, Pointwise(FloatNear(2e-5f), b)) << n;
    GetParam()->rotate(a.data(), x.data(), y.data(), n / 2);
    scalar_kernels.rotate(b.data(), x.data(), y.data(), n / 2);
    EXPECT_THAT(a, Pointwise(FloatNear(1e-3f), b)) << n;
  }
}

TEST_P(EveryKernel, GatesOfAnySizeStayFinite) {
  const std::vector<float> gate = {-1e30f, -100.0f, -89.0f, 0.0f, 89.0f, 1e30f}, up(6, 1.0f);
  std::vector<float> out(6);
  GetParam()->silu_multiply(gate.data(), up.data(), 6, out.data());
  EXPECT_THAT(out, Pointwise(FloatNear(1e-6f), {0.0f, 0.0f, 0.0f, 0.0f, 89.0f, 1e30f}));
}

TEST_P(EveryKernel, AnLstmsCellsAreTheScalarOnes) {
  for (const std::size_t n : {1u, 7u, 16u, 50u, 256u}) {
    const std::vector<float> gates = random_floats(4 * n, n);
    std::vector<float> a = random_floats(n, n + 1), b = a, a_state(n), b_state(n);
    GetParam()->lstm(gates.data(), n, a.data(), a_state.data());
    scalar_kernels.lstm(gates.data(), n, b.data(), b_state.data());
    EXPECT_THAT(a, Pointwise(FloatNear(2e-6f), b)) << n;
    EXPECT_THAT(a_state, Pointwise(FloatNear(2e-6f), b_state)) << n;
  }
}

TEST_P(EveryKernel, CellsOfAnySizeStayFinite) {
  const std::vector<float> gates = {1e30f, -1e30f, 1e30f, -100.0f, 1e30f, -1e30f, 100.0f, 100.0f};
  std::vector<float> cells = {1e30f, 3.0f}, state(2);
  GetParam()->lstm(gates.data(), 2, cells.data(), state.data());
  EXPECT_THAT(state, Pointwise(FloatNear(1e-6f), {1.0f, 0.0f}));
}

TEST_P(EveryKernel, AnOperandOfZerosIsZero) {
  Matrix matrix(Type::i8, 3, 5);
  matrix.set_row(1, std::vector<float>{1, 2, 3, 4, 5});
  AlignedVector<std::byte> operand(matrix.operand_bytes());
  const std::vector<float> zeros(5);
  std::vector<float> y(3, 7.0f);
  GetParam()->prepare[2](zeros.data(), 5, matrix.packed().inputs, operand.data());
  GetParam()->multiply[2](matrix.packed(), 0, 1, operand.data(), operand.size(), 1, y.data(), 3,
                          false);
  EXPECT_THAT(y, ElementsAreArray({0.0f, 0.0f, 0.0f}));
}

TEST(Kernels, ScalarOnesAreAlwaysThere) {
  EXPECT_STREQ(available_kernels().back()->name, "scalar");
}

}  // namespace
}  // namespace antiphon::nn
