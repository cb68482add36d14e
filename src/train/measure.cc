// SPDX-License-Identifier: Apache-2.0
#include "train/measure.h"

#include <algorithm>
#include <chrono>

#include "base/random.h"
#include "train/model.h"
#include "train/optimizer.h"

namespace antiphon::train {

Batch random_batch(const Shape& shape, std::int64_t sequences, std::int64_t length,
                   std::uint64_t seed) {
  Random random(seed);
  const auto below = [&](std::int64_t bound) {
    return static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(bound)));
  };
  std::vector<std::uint16_t> bag;
  const auto draw = [&](std::int64_t rows, int count) {
    bag.clear();
    for (int i = 0; i < count; ++i) bag.push_back(static_cast<std::uint16_t>(below(rows)));
  };
  Batch batch;
  batch.sequences = sequences;
  batch.length = length;
  for (std::int64_t sequence = 0; sequence < sequences; ++sequence) {
    std::int32_t time = 0;
    const std::int32_t cut = below(length);  // A second excerpt begins here.
    for (std::int32_t step = 0; step < length; ++step) {
      draw(shape.input_rows, 8 + below(7));
      batch.input.push(bag);
      batch.time.push_back(time += below(8));
      batch.first.push_back(step < cut ? 0 : cut);
      if (step + 1 == length || step + 1 == cut) continue;
      batch.predicted_from.push_back(static_cast<std::int32_t>(sequence * length) + step);
      const bool has_duration = below(3) > 0;
      for (std::size_t field = 0; field < shape.fields.size(); ++field) {
        const bool absent = field >= 3 && !has_duration;
        batch.targets[field].push_back(absent ? -1 : below(shape.fields[field].size));
        if (field + 1 == shape.fields.size()) continue;
        draw(shape.condition_rows, absent ? 0 : 1 + below(6));
        batch.conditions[field].push(bag);
      }
      ++batch.notes;
    }
  }
  return batch;
}

Throughput measure_training(const Shape& shape, at::ScalarType product, at::Device device,
                            std::int64_t sequences, int rounds) {
  using Clock = std::chrono::steady_clock;
  const auto ms = [](Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double, std::milli>(to - from).count();
  };
  Model model(shape, product, device, 1);
  Optimizer optimizer(model.parameters(), {});
  const Batch batch = random_batch(shape, sequences, shape.context, 2);
  Throughput best;
  best.parameters = model.parameters().count();
  for (int round = 0; round <= rounds; ++round) {
    const auto begin = Clock::now();
    model.parameters().zero_gradients();
    at::Tensor loss = at::zeros({}, device);
    for (const at::Tensor& part : model.losses(batch)) loss = loss + part;
    const auto forward = Clock::now();
    loss.backward();
    const auto backward = Clock::now();
    // Reading the norm waits for the device.
    optimizer.step(1e-4, 1.0 / static_cast<double>(batch.events()));
    const auto end = Clock::now();
    const double rate = static_cast<double>(sequences * shape.context) / ms(begin, end) * 1e3;
    if (round == 0 || rate <= best.steps_per_s) continue;  // The first round warms up.
    best.steps_per_s = rate;
    best.forward_ms = ms(begin, forward);
    best.backward_ms = ms(forward, backward);
    best.update_ms = ms(backward, end);
  }
  return best;
}

}  // namespace antiphon::train
