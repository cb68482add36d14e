// SPDX-License-Identifier: Apache-2.0
// That what bf16 and int8 lose stays within the bounds that docs/engine.md derives.
#include <gmock/gmock.h>

#include <cmath>

#include "nn/small_models.h"

namespace antiphon::nn {
namespace {

std::vector<float> random_floats(std::size_t count, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(2.0 * random.uniform() - 1.0);
  return values;
}

double largest(std::span<const float> x) {
  double most = 0.0;
  for (const float value : x) most = std::max(most, std::fabs(double{value}));
  return most;
}

double norm1(std::span<const float> x) {
  double sum = 0.0;
  for (const float value : x) sum += std::fabs(double{value});
  return sum;
}

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

constexpr double float_step = 0x1p-23;

/// |error| of a product of n numbers: half a step of each operand times the size of the other.
double int8_bound(std::span<const float> w, std::span<const float> x) {
  const double sw = largest(w) / 127.0, sx = largest(x) / 127.0;
  const double n = static_cast<double>(w.size());
  const double rounding = sw / 2 * norm1(x) + sx / 2 * norm1(w) + n * sw * sx / 4;
  return rounding + 4 * float_step * (std::fabs(dot(w, x)) + rounding);
}

/// Two roundings to 8 significant bits, and n additions of floats.
double bf16_bound(std::span<const float> w, std::span<const float> x) {
  constexpr double u = 0x1p-8;
  double sizes = 0.0;
  for (std::size_t i = 0; i < w.size(); ++i) sizes += std::fabs(double{w[i]} * double{x[i]});
  return (2 * u + u * u + 1.01 * static_cast<double>(w.size()) * float_step) * sizes;
}

TEST(Precision, ProductsStayWithinTheirBounds) {
  for (const Kernels* kernels : available_kernels()) {
    for (const std::size_t inputs : {3u, 5u, 64u, 384u, 1001u}) {
      for (const Type type : {Type::bf16, Type::i8}) {
        constexpr std::size_t outputs = 40;
        const auto t = static_cast<std::size_t>(type);
        const auto weights = random_floats(outputs * inputs, 1), x = random_floats(inputs, 2);
        Matrix matrix(type, outputs, inputs);
        AlignedVector<std::byte> operand(matrix.operand_bytes());
        std::vector<float> y(outputs);
        for (std::size_t o = 0; o < outputs; ++o) {
          matrix.set_row(o, std::span(weights).subspan(o * inputs, inputs));
        }
        kernels->prepare[t](x.data(), inputs, matrix.packed().inputs, operand.data());
        kernels->multiply[t](matrix.packed(), 0, 1, operand.data(), operand.size(), 1, y.data(),
                             outputs, false);
        double closest = 0.0;  // To the bound: it must not be empty words.
        for (std::size_t o = 0; o < outputs; ++o) {
          const auto w = std::span(weights).subspan(o * inputs, inputs);
          const double bound = type == Type::i8 ? int8_bound(w, x) : bf16_bound(w, x);
          const double error = std::fabs(double{y[o]} - dot(w, x));
          EXPECT_LE(error, bound) << kernels->name << " " << name_of(type) << " " << inputs;
          closest = std::max(closest, error / bound);
        }
        EXPECT_GT(closest, 0.01) << kernels->name << " " << name_of(type) << " " << inputs;
      }
    }
  }
}

TEST(Precision, AttentionWithAnInt8CacheStaysWithinItsBound) {
  constexpr std::uint32_t dim = 32, positions = 50;
  constexpr float scale = 0.17677669f;
  std::vector<std::vector<float>> keys, values;
  const auto query = random_floats(dim, 1);
  for (std::uint32_t p = 0; p < positions; ++p) {
    keys.push_back(random_floats(dim, 100 + p));
    values.push_back(random_floats(dim, 200 + p));
  }
  std::vector<double> weights;
  double sum = 0.0, score_error = 0.0, value_error = 0.0, value_size = 0.0;
  for (std::uint32_t p = 0; p < positions; ++p) {
    weights.push_back(std::exp(dot(query, keys[p]) * double{scale}));
    sum += weights.back();
    score_error = std::max(score_error, int8_bound(query, keys[p]) * double{scale});
    value_error = std::max(value_error, largest(values[p]) / 254.0);
    value_size = std::max(value_size, largest(values[p]));
  }
  for (const Kernels* kernels : available_kernels()) {
    // Scores that are off by at most e change each probability by a factor within exp(+-2e), and
    // each weight is rounded by half a step of the largest.
    const double bound = value_error + std::expm1(2 * score_error) * (value_size + value_error) +
                         positions * 0.5 / kernels->weight_steps * value_size + 1e-5;
    Cache cache(Type::i8, 0, 1, 1, dim, positions);
    const HeadCache head = cache.head(0, 0);
    for (std::uint32_t p = 0; p < positions; ++p) {
      kernels->store[2](head, p, keys[p].data(), values[p].data(), dim);
    }
    AlignedVector<float> scores(64);
    std::vector<float> out(dim);
    kernels->attend[2](head, positions, query.data(), 1, dim, scale, scores.data(), out.data());
    for (std::size_t d = 0; d < dim; ++d) {
      double expected = 0.0;
      for (std::size_t p = 0; p < positions; ++p) {
        expected += weights[p] / sum * double{values[p][d]};
      }
      EXPECT_NEAR(out[d], expected, bound) << kernels->name;
    }
  }
}

TEST(Precision, ANetworksErrorGrowsWithTheRootOfItsProducts) {
  const Steps steps(small_config(), 40, 1);
  const std::size_t size = 40 * small_config().dim;
  const auto outputs = [&](Type type) {
    Session session(*Transformer::random(small_config(), 3, {type, nullptr}));
    std::vector<float> z(size);
    session.score(steps.all(), z);
    return z;
  };
  const std::vector<float> exact = outputs(Type::f32);
  for (const auto& [type, each] : {std::pair{Type::bf16, 0.003}, std::pair{Type::i8, 0.01}}) {
    const std::vector<float> z = outputs(type);
    double error = 0.0;
    for (std::size_t i = 0; i < size; ++i) error += std::pow(double{z[i]} - double{exact[i]}, 2.0);
    const double relative = std::sqrt(error / dot(exact, exact));
    EXPECT_LE(relative, each * std::sqrt(4.0 * small_config().layers + 1.0)) << name_of(type);
    EXPECT_GT(relative, each / 10) << name_of(type);
  }
}

}  // namespace
}  // namespace antiphon::nn
