// SPDX-License-Identifier: Apache-2.0
#include "train/ops.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace antiphon::train {
namespace {

using at::Tensor;

Tensor leaf(at::IntArrayRef sizes) { return at::randn(sizes).set_requires_grad(true); }

DeviceBags some_bags() {
  return {at::tensor(std::vector<int>{3, 1, 1, 0, 4}, at::kInt),
          at::tensor(std::vector<int>{0, 2, 2, 5}, at::kInt)};
}

Positions some_positions(std::int64_t sequences, std::int64_t length, std::int64_t half) {
  const Tensor angle = at::randn({sequences * length, half});
  std::vector<int> first;
  for (std::int64_t i = 0; i < sequences * length; ++i) {
    first.push_back(i % length < length / 3 ? 0 : static_cast<int>(length / 3));
  }
  return {angle.cos(), angle.sin(), at::tensor(first, at::kInt)};
}

// Two ways to one result: values and the gradients of `leaves` agree.
void expect_same(const Tensor& ours, const Tensor& plain, const std::vector<Tensor>& leaves,
                 double tolerance = 1e-4) {
  ASSERT_EQ(ours.sizes(), plain.sizes());
  EXPECT_LT((ours - plain).abs().max().item<double>(), tolerance);
  const Tensor direction = at::randn_like(plain);
  std::vector<Tensor> gradients;
  for (const Tensor& result : {ours, plain}) {
    (result * direction).sum().backward();
    for (const Tensor& x : leaves) {
      gradients.push_back(x.grad().clone());
      x.mutable_grad() = Tensor();
    }
  }
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    EXPECT_LT((gradients[i] - gradients[leaves.size() + i]).abs().max().item<double>(), tolerance)
        << "gradient " << i;
  }
}

class Ops : public testing::Test {
 protected:
  void SetUp() override { at::manual_seed(7); }
};

TEST_F(Ops, BagAgreesWithIndexAdd) {
  const Tensor table = leaf({5, 8});
  expect_same(ops::bag(table, some_bags()), ops::plain::bag(table, some_bags()), {table});
}

TEST_F(Ops, AddNormAgreesWithItsFormula) {
  const Tensor x = leaf({70, 24}), delta = leaf({70, 24}), weight = leaf({24});
  const auto both = [](const std::pair<Tensor, Tensor>& out) {
    return at::cat({out.first, out.second}, 1);
  };
  expect_same(both(ops::add_norm(x, delta, weight, at::kFloat)),
              both(ops::plain::add_norm(x, delta, weight, at::kFloat)), {x, delta, weight});
}

TEST_F(Ops, NormWithoutAnythingToAddAgreesWithItsFormula) {
  const Tensor x = leaf({3, 24}), weight = leaf({24});
  expect_same(ops::add_norm(x, Tensor(), weight, at::kFloat).second,
              ops::plain::add_norm(x, Tensor(), weight, at::kFloat).second, {x, weight});
}

TEST_F(Ops, SwigluAgreesWithItsFormula) {
  const Tensor x = at::mul(at::randn({67, 46}), 10.0).set_requires_grad(true);
  expect_same(ops::swiglu(x), ops::plain::swiglu(x), {x});
}

TEST_F(Ops, AttentionAgreesWithMaskedSoftmaxOverOddLengths) {
  for (const std::int64_t length : {1, 7, 128, 131, 300}) {
    for (const bool causal : {true, false}) {
      const AttentionShape shape{2, length, 4, 2, 8, causal};
      const Tensor qkv = leaf({2 * length, 64});
      const Positions positions = some_positions(2, length, 4);
      expect_same(ops::attention(qkv, positions, shape),
                  ops::plain::attention(qkv, positions, shape), {qkv});
    }
  }
}

TEST_F(Ops, LstmAgreesWithItsFormulaOverExcerptsInARow) {
  for (const std::int64_t length : {1, 2, 9}) {
    const Tensor gates = leaf({3 * length, 4 * 20}), weight = leaf({4 * 20, 20});
    const Tensor bias = leaf({4 * 20}), first = some_positions(3, length, 1).first;
    expect_same(ops::lstm(gates, weight, bias, first, 3),
                ops::plain::lstm(gates, weight, bias, first, 3), {gates, weight, bias});
  }
}

TEST_F(Ops, LstmAgreesWithLibtorchsOwn) {
  const std::int64_t length = 11, dim = 6;
  const Tensor x = at::randn({2, length, dim}), bias = at::randn({4 * dim});
  const Tensor from_x = at::randn({4 * dim, dim}), from_h = at::randn({4 * dim, dim});
  const Tensor zero = at::zeros({1, 2, dim});
  const auto theirs = at::lstm(x, {zero, zero}, {from_x, from_h, bias, at::zeros_like(bias)},
                               /*has_biases=*/true, /*num_layers=*/1, /*dropout=*/0,
                               /*train=*/false, /*bidirectional=*/false, /*batch_first=*/true);
  const Tensor first = at::zeros({2 * length}, at::kInt);
  const Tensor ours = ops::lstm(at::mm(x.view({-1, dim}), from_x.t()), from_h, bias, first, 2);
  EXPECT_LT((ours - std::get<0>(theirs).reshape({-1, dim})).abs().max().item<double>(), 1e-5);
}

TEST_F(Ops, CrossEntropyAgreesWithLogSoftmax) {
  const Tensor logits = at::mul(at::randn({65, 17}), 5.0).set_requires_grad(true);
  const Tensor bias = leaf({17});
  const Tensor target = at::randint(17, {65}, at::kLong);
  expect_same(ops::cross_entropy(logits, bias, target),
              ops::plain::cross_entropy(logits, bias, target), {logits, bias}, 1e-3);
  expect_same(ops::cross_entropy(logits, Tensor(), target),
              ops::plain::cross_entropy(logits, Tensor(), target), {logits}, 1e-3);
  const Tensor weight = at::randn({logits.size(0)});
  expect_same(ops::cross_entropy(logits, bias, target, weight),
              ops::plain::cross_entropy(logits, bias, target, weight), {logits, bias}, 1e-3);
}

TEST_F(Ops, Bfloat16StaysWithinItsRounding) {
  const AttentionShape shape{2, 140, 4, 2, 8};
  const Tensor qkv = at::randn({280, 64});
  const Positions positions = some_positions(2, 140, 4);
  const Tensor exact = ops::plain::attention(qkv, positions, shape);
  const Tensor narrow = ops::attention(qkv.to(at::kBFloat16), positions, shape).to(at::kFloat);
  EXPECT_LT((exact - narrow).abs().max().item<double>(), 0.05);
  EXPECT_GT((exact - narrow).abs().max().item<double>(), 0.0);
}

}  // namespace
}  // namespace antiphon::train
