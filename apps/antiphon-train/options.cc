// SPDX-License-Identifier: Apache-2.0
#include "options.h"

#include <ATen/Parallel.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

#include "nn/kernels/machine.h"

namespace antiphon::apps {
namespace {

volatile std::sig_atomic_t signalled = 0;

}  // namespace

void ShapeFlags::add(CLI::App& command) {
  const std::map<std::string, train::Family> families = {
      {"transformer", train::Family::transformer}, {"lstm", train::Family::lstm}};
  command.add_option("--family", family, "An LSTM has no heads and no feed-forward layers")
      ->transform(CLI::CheckedTransformer(families))
      ->option_text("transformer|lstm");
  command.add_option("--dim", dim, "Width of the residual stream")->capture_default_str();
  command.add_option("--layers", layers)->capture_default_str();
  command.add_option("--heads", heads, "Query heads of 64 numbers")->capture_default_str();
  command.add_option("--kv-heads", kv_heads, "Key and value heads")->capture_default_str();
  command.add_option("--ff", ff, "Width of the feed-forward layers")->capture_default_str();
  command.add_option("--context", context, "Steps a row")->capture_default_str();
  command.add_option("--hidden", hidden, "Hidden units of each field's head")
      ->capture_default_str();
}

train::Shape ShapeFlags::shape(train::Layout layout) const {
  const bool lstm = family == train::Family::lstm;
  train::Shape shape = lstm ? train::reflex_shape() : train::edge_shape();
  shape.dim = dim;
  shape.layers = layers;
  shape.context = context;
  if (!lstm) {
    shape.heads = heads;
    shape.kv_heads = kv_heads;
    shape.ff = ff;
  }
  return train::with_vocabulary(shape, hidden, layout);
}

void DeviceFlags::add(CLI::App& command) {
  threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  command.add_option("--device", name)
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command.add_option("--type", type, "What matrix products run in; auto: bf16 where it is fast")
      ->check(CLI::IsMember({"auto", "bf16", "f32"}))
      ->capture_default_str();
  command.add_option("--threads", threads)->check(CLI::Range(1, 1024))->capture_default_str();
}

void DeviceFlags::apply() const { at::set_num_threads(threads); }

at::ScalarType DeviceFlags::product() const {
  const bool fast = name == "cuda" || nn::machine_kernels().bf16 != nullptr;
  return type == "bf16" || (type == "auto" && fast) ? at::kBFloat16 : at::kFloat;
}

void fail(const std::string& message) {
  std::fprintf(stderr, "antiphon-train: %s\n", message.c_str());
  std::exit(1);
}

void say(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

void stop_on_interrupt() {
  std::signal(SIGINT, [](int) { signalled = 1; });
  std::signal(SIGTERM, [](int) { signalled = 1; });
}

bool interrupted() { return signalled != 0; }

void keep_freed_memory() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 2000 << 20);
  mallopt(M_TOP_PAD, 64 << 20);
}

}  // namespace antiphon::apps
