// SPDX-License-Identifier: Apache-2.0
#include "train/checkpoint.h"

#include <ATen/ATen.h>

#include <cstring>
#include <span>

#include "base/file.h"
#include "train/tensors_file.h"

namespace antiphon::train {
namespace {

constexpr const char* mean_prefix = "adam.mean/";
constexpr const char* square_prefix = "adam.square/";

// Calls `each(name, slice, flat buffer)` for all that a checkpoint holds.
template <class Each>
void for_all(const Parameters& parameters, const Optimizer::State& state, const Each& each) {
  std::size_t i = 0;
  for (const ParameterGroup* group : parameters.groups()) {
    for (const Slice& slice : group->slices) {
      each(slice.name, slice, group->value);
      each(mean_prefix + slice.name, slice, state.mean[i]);
      each(square_prefix + slice.name, slice, state.square[i]);
    }
    ++i;
  }
}

nn::Shape shape_of(const Slice& slice) { return {slice.sizes.begin(), slice.sizes.end()}; }

Status restore(const nn::SafeTensors& tensors, const std::filesystem::path& path, Model& model,
               Optimizer::State& state) {
  Status status = Done{};
  for_all(model.parameters(), state,
          [&](const std::string& name, const Slice& slice, const at::Tensor& flat) {
            if (!status) return;
            const auto tensor = tensors.get(name, shape_of(slice));
            if (!tensor || tensor->type != nn::Type::f32) {
              status = Error{Errc::invalid_input,
                             path.string() + ": " +
                                 (tensor ? name + " is not in F32" : tensor.error().message)};
              return;
            }
            const at::Tensor values = at::empty({slice.count}, at::kFloat);
            std::memcpy(values.data_ptr(), tensor->bytes.data(), tensor->bytes.size());
            flat.narrow(0, slice.offset, slice.count).copy_(values);
          });
  model.parameters().refresh();
  return status;
}

}  // namespace

Status save_checkpoint(const std::filesystem::path& path, const Model& model,
                       const Optimizer& optimizer, const Progress& progress) {
  nn::SafeTensorsWriter writer;
  writer.set_metadata("kind", "antiphon-train checkpoint");
  writer.set_metadata("config", model.shape().to_json());
  writer.set_metadata("step", std::to_string(progress.step));
  writer.set_metadata("events", std::to_string(progress.events));
  writer.set_metadata("milliseconds",
                      std::to_string(static_cast<std::int64_t>(progress.seconds * 1000)));
  writer.set_metadata("seed", std::to_string(progress.seed));
  writer.set_metadata("updates", std::to_string(optimizer.state().steps));
  for_all(model.parameters(), optimizer.state(),
          [&](const std::string& name, const Slice& slice, const at::Tensor& flat) {
            const at::Tensor values =
                flat.narrow(0, slice.offset, slice.count).to(at::kCPU).contiguous();
            writer.add(name, shape_of(slice),
                       std::span<const float>(values.data_ptr<float>(),
                                              static_cast<std::size_t>(slice.count)));
          });
  return write_file(path, writer.bytes());
}

Result<Shape> checkpoint_shape(const std::filesystem::path& path) {
  ANTIPHON_TRY(const nn::SafeTensors tensors, read_tensors(path));
  ANTIPHON_TRY(const std::string config, metadata(tensors, path, "config"));
  return Shape::parse(config);
}

Status load_checkpoint(const std::filesystem::path& path, Model& model, Optimizer& optimizer,
                       Progress& progress) {
  ANTIPHON_TRY(const nn::SafeTensors tensors, read_tensors(path));
  ANTIPHON_TRY(const std::string config, metadata(tensors, path, "config"));
  if (config != model.shape().to_json()) {
    return Error{Errc::invalid_input, path.string() + ": a checkpoint of another shape"};
  }
  const auto number = [&](const char* key) -> std::int64_t {
    const auto text = metadata(tensors, path, key);
    return text ? std::strtoll(text->c_str(), nullptr, 10) : 0;
  };
  progress.step = number("step");
  progress.events = number("events");
  progress.seconds = static_cast<double>(number("milliseconds")) / 1000;
  progress.seed = static_cast<std::uint64_t>(number("seed"));
  optimizer.state().steps = number("updates");
  return restore(tensors, path, model, optimizer.state());
}

}  // namespace antiphon::train
