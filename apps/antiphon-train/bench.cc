// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>

#include <cstdio>
#include <memory>

#include "commands.h"
#include "options.h"
#include "train/measure.h"

namespace antiphon::apps {

void add_bench(CLI::App& app) {
  struct Options {
    ShapeFlags shape;
    DeviceFlags device;
    std::int64_t batch = 8;
    int rounds = 5;
  };
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("bench", "Measure training speed on random data");
  options->shape.add(*command);
  options->device.add(*command);
  command->add_option("--batch", options->batch, "Rows a step")->capture_default_str();
  command->add_option("--rounds", options->rounds, "Steps timed")->capture_default_str();
  command->callback([options] {
    options->device.apply();
    const train::Throughput t =
        train::measure_training(options->shape.shape(), options->device.product(),
                                options->device.device(), options->batch, options->rounds);
    std::printf(
        "%.2f M parameters, %.0f events/s (forward %.0f ms, backward %.0f ms, update %.0f ms)\n",
        static_cast<double>(t.parameters) / 1e6, t.steps_per_s, t.forward_ms, t.backward_ms,
        t.update_ms);
  });
}

}  // namespace antiphon::apps
