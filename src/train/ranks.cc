// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <c10/util/intrusive_ptr.h>

#include <cstdlib>
#include <exception>
#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

// Gloo's headers are another package, and CUDA builds of libtorch may do without.
#if __has_include(<gloo/transport/device.h>)
#ifndef USE_C10D_GLOO
#define USE_C10D_GLOO
#endif
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif

namespace antiphon::train {
namespace {

class Alone : public Ranks {
 public:
  int rank() const override { return 0; }
  int count() const override { return 1; }
  double sum(double value) override { return value; }
  double largest(double value) override { return value; }
  void add_up(Parameters&) override {}
};

#ifdef USE_C10D_GLOO
class Gloo : public Ranks {
 public:
  Gloo(const std::string& address, std::uint16_t port, int rank, int count)
      : rank_(rank), count_(count) {
    c10d::TCPStoreOptions store;
    store.port = port;
    store.isServer = rank == 0;
    store.numWorkers = count;
    auto options = c10d::ProcessGroupGloo::Options::create();
    options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    group_ = c10::make_intrusive<c10d::ProcessGroupGloo>(
        c10::make_intrusive<c10d::TCPStore>(address, store), rank, count, options);
  }

  int rank() const override { return rank_; }
  int count() const override { return count_; }
  double sum(double value) override { return reduce(value, c10d::ReduceOp::SUM); }
  double largest(double value) override { return reduce(value, c10d::ReduceOp::MAX); }

  void add_up(Parameters& parameters) override {
    at::NoGradGuard no_gradient;
    for (ParameterGroup* group : parameters.groups()) {
      // Gloo adds floats in main memory.
      std::vector<at::Tensor> gradient = {
          group->gradient.to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true)};
      group_->allreduce(gradient)->wait();
      group->gradient.copy_(gradient[0]);
    }
  }

 private:
  double reduce(double value, c10d::ReduceOp::RedOpType operation) {
    std::vector<at::Tensor> values = {at::full({1}, value, at::kDouble)};
    c10d::AllreduceOptions options;
    options.reduceOp = operation;
    group_->allreduce(values, options)->wait();
    return values[0].item<double>();
  }

  int rank_;
  int count_;
  c10::intrusive_ptr<c10d::ProcessGroupGloo> group_;
};
#endif

}  // namespace

Result<std::shared_ptr<Ranks>> Ranks::from_environment() {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string(text == nullptr ? "" : text);
  };
  const int count = std::atoi(value("WORLD_SIZE").c_str());
  if (count <= 1) return std::shared_ptr<Ranks>(std::make_shared<Alone>());
  const int rank = value("RANK").empty() ? -1 : std::atoi(value("RANK").c_str());
  const int port = value("MASTER_PORT").empty() ? 29500 : std::atoi(value("MASTER_PORT").c_str());
  if (rank < 0 || rank >= count || value("MASTER_ADDR").empty() || port < 1 || port > 65535) {
    return Error{Errc::invalid_input,
                 "WORLD_SIZE is " + std::to_string(count) +
                     ": RANK must be 0 to one less, MASTER_ADDR set, MASTER_PORT 1 to 65535"};
  }
  return connect(value("MASTER_ADDR"), static_cast<std::uint16_t>(port), rank, count);
}

Result<std::shared_ptr<Ranks>> Ranks::connect(const std::string& address, std::uint16_t port,
                                              int rank, int count) {
#ifdef USE_C10D_GLOO
  try {
    return std::shared_ptr<Ranks>(std::make_shared<Gloo>(address, port, rank, count));
  } catch (const std::exception& error) {
    return Error{Errc::unavailable,
                 "the other ranks can't be reached: " + std::string(error.what())};
  }
#else
  return Error{Errc::unsupported, "rank " + std::to_string(rank) + " of " + std::to_string(count) +
                                      " at " + address + ":" + std::to_string(port) +
                                      ": this build has no Gloo; install libgloo-dev and build "
                                      "again"};
#endif
}

}  // namespace antiphon::train
