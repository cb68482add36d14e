// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "train/measure.h"
#include "train/model.h"
#include "train/optimizer.h"

namespace antiphon::train {
namespace {

constexpr int steps = 3;

Shape tiny_shape() {
  Shape shape = edge_shape();
  shape.dim = 32;
  shape.layers = 2;
  shape.heads = 2;
  shape.kv_heads = 1;
  shape.head_dim = 16;
  shape.ff = 48;
  shape.context = 24;
  shape.rotary = {4, 10000.0, 4, 1000.0};
  return with_vocabulary(shape, 16);
}

Batch batch_of(int rank, int step) {
  return random_batch(tiny_shape(), 2, 24, static_cast<std::uint64_t>(10 * step + rank));
}

// Adds the gradients of a batch to the model's; how many events it had.
double learn(Model& model, const Batch& batch) {
  at::Tensor total = at::zeros({});
  for (const at::Tensor& loss : model.losses(batch)) total = total + loss;
  total.backward();
  return static_cast<double>(batch.events());
}

std::vector<float> values_of(const Model& model) {
  std::vector<float> all;
  for (const ParameterGroup* group : model.parameters().groups()) {
    const float* from = group->value.data_ptr<float>();
    all.insert(all.end(), from, from + group->count());
  }
  return all;
}

std::vector<float> train_alone() {
  Model model(tiny_shape(), at::kFloat, at::kCPU, 1);
  Optimizer optimizer(model.parameters(), {});
  for (int step = 0; step < steps; ++step) {
    model.parameters().zero_gradients();
    const double first = learn(model, batch_of(0, step));
    optimizer.step(1e-2, 1.0 / (first + learn(model, batch_of(1, step))));
  }
  return values_of(model);
}

std::vector<float> train_with(Ranks& ranks) {
  at::set_num_threads(1);
  Model model(tiny_shape(), at::kFloat, at::kCPU, 1);
  Optimizer optimizer(model.parameters(), {});
  for (int step = 0; step < steps; ++step) {
    model.parameters().zero_gradients();
    const double events = ranks.sum(learn(model, batch_of(ranks.rank(), step)));
    ranks.add_up(model.parameters());
    optimizer.step(1e-2, 1.0 / events);
  }
  return values_of(model);
}

// A port that nobody listens at.
std::uint16_t free_port() {
  const int handle = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ::bind(handle, reinterpret_cast<const sockaddr*>(&address), size);
  ::getsockname(handle, reinterpret_cast<sockaddr*>(&address), &size);
  ::close(handle);
  return ntohs(address.sin_port);
}

TEST(Ranks, TwoLearnWhatOneLearnsFromTheBatchesOfBoth) {
  const std::uint16_t port = free_port();
  std::array<std::vector<float>, 2> values;
  std::array<std::string, 2> errors;
  const auto work = [&](int rank) {
    const auto ranks = Ranks::connect("127.0.0.1", port, rank, 2);
    const auto i = static_cast<std::size_t>(rank);
    if (!ranks) {
      errors[i] = ranks.error().message;
      return;
    }
    values[i] = train_with(**ranks);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  if (errors[0].find("no Gloo") != std::string::npos) GTEST_SKIP() << errors[0];
  ASSERT_EQ(errors[0] + errors[1], "");
  EXPECT_EQ(values[0], values[1]);
  const std::vector<float> alone = train_alone();
  ASSERT_EQ(values[0].size(), alone.size());
  for (std::size_t i = 0; i < alone.size(); ++i) ASSERT_NEAR(values[0][i], alone[i], 2e-4) << i;
}

TEST(Ranks, OneAloneNeedsNoEnvironment) {
  const auto ranks = Ranks::from_environment();
  ASSERT_TRUE(ranks.ok()) << ranks.error().message;
  EXPECT_EQ((*ranks)->count(), 1);
}

}  // namespace
}  // namespace antiphon::train
