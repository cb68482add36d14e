// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "train/layout.h"

namespace antiphon::apps {

/// Flags for a model's shape.
struct ShapeFlags {
  std::uint32_t dim = 256;
  std::uint32_t layers = 6;
  std::uint32_t heads = 4;
  std::uint32_t kv_heads = 2;
  std::uint32_t ff = 704;
  std::uint32_t context = 512;
  std::uint32_t hidden = 256;
  train::Family family = train::Family::transformer;

  void add(CLI::App& command);
  train::Shape shape(train::Layout layout = train::Layout::compound) const;
};

/// Flags for where and in what numbers a model computes.
struct DeviceFlags {
  std::string name = "cpu";
  std::string type = "auto";
  int threads = 2;

  void add(CLI::App& command);
  /// Sets the threads of this process; once, before anything is computed.
  void apply() const;
  at::Device device() const {
    return name == "cuda" ? at::Device(at::kCUDA) : at::Device(at::kCPU);
  }
  /// Of itself bf16 where a GPU or this processor multiplies such numbers, since a processor that
  /// doesn't is many times faster in f32.
  at::ScalarType product() const;
};

/// Ends the program with 1 and `message` on standard error.
[[noreturn]] void fail(const std::string& message);

/// A line of progress on standard error.
void say(const std::string& line);

/// From here on SIGINT and SIGTERM don't end the program; they are what `interrupted` tells.
void stop_on_interrupt();
bool interrupted();

/// Training steps free and take the same large blocks over and over: handing them back to the
/// system each time costs a sixth of the step in page faults.
void keep_freed_memory();

}  // namespace antiphon::apps
