// SPDX-License-Identifier: Apache-2.0
#include "train/begin.h"

#include <cstring>
#include <string>

#include "base/file.h"
#include "train/checkpoint.h"
#include "train/tensors_file.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view layer_prefix = "layer.";

Result<Shape> folder_shape(const fs::path& folder) {
  ANTIPHON_TRY(const Bytes config, read_file(folder / "config.json"));
  return Shape::parse(
      std::string_view(reinterpret_cast<const char*>(config.data()), config.size()));
}

template <class T>
at::Tensor as_floats(const nn::Tensor& tensor, at::ScalarType type) {
  const auto count = static_cast<std::int64_t>(tensor.bytes.size() / sizeof(T));
  const at::Tensor values = at::empty({count}, type);
  std::memcpy(values.data_ptr(), tensor.bytes.data(), tensor.bytes.size());
  return values.to(at::kFloat);
}

// A tensor's numbers, whatever they are stored in. Shapes: [count] float
Result<at::Tensor> floats_of(const nn::SafeTensors& tensors, const std::string& name,
                             const nn::Shape& shape) {
  ANTIPHON_TRY(const nn::Tensor tensor, tensors.get(name, shape));
  if (tensor.type == nn::Type::f32) return as_floats<float>(tensor, at::kFloat);
  if (tensor.type == nn::Type::bf16) return as_floats<nn::BFloat16>(tensor, at::kBFloat16);
  ANTIPHON_TRY(const nn::Tensor scales, tensors.get(name + ".scale", {shape[0]}));
  if (scales.type != nn::Type::f32) {
    return Error{Errc::invalid_input, name + ".scale is not in F32"};
  }
  const at::Tensor integers = as_floats<std::int8_t>(tensor, at::kChar);
  const at::Tensor rows = integers.view({static_cast<std::int64_t>(shape[0]), -1});
  return (rows * as_floats<float>(scales, at::kFloat).unsqueeze(1)).flatten();
}

// Where a parameter of the deeper model comes from.
struct Source {
  std::string name;
  bool silent = false;  // A copy's product into the stream.
};

Source source_of(const std::string& name, std::uint32_t layers, std::uint32_t source_layers) {
  if (!name.starts_with(layer_prefix) || layers == source_layers) return {name};
  const std::size_t dot = name.find('.', layer_prefix.size());
  const auto layer = static_cast<std::uint32_t>(std::stoul(name.substr(layer_prefix.size())));
  const std::uint32_t from = layer * source_layers / layers;
  const bool copy = layer > 0 && (layer - 1) * source_layers / layers == from;
  const std::string rest = name.substr(dot);
  const bool into_stream = rest == ".attention.o.weight" || rest == ".ff.down.weight";
  return {std::string(layer_prefix) + std::to_string(from) + rest, copy && into_stream};
}

}  // namespace

Result<Shape> shape_to_begin_with(const fs::path& path) {
  return fs::is_directory(path) ? folder_shape(path) : checkpoint_shape(path);
}

Status begin_with(const fs::path& path, Model& model) {
  ANTIPHON_TRY(const Shape shape, shape_to_begin_with(path));
  const std::uint32_t layers = model.shape().layers;
  Shape alike = model.shape();
  alike.layers = shape.layers;
  alike.context = shape.context;
  if (alike.to_json() != shape.to_json() || layers < shape.layers) {
    return Error{
        Errc::invalid_input,
        path.string() + ": a run can begin with a model of its own shape, or of fewer layers"};
  }
  if (shape.family == Family::lstm && layers != shape.layers) {
    return Error{Errc::invalid_input, path.string() + ": an LSTM can't be given more layers"};
  }
  ANTIPHON_TRY(const nn::SafeTensors tensors,
               read_tensors(fs::is_directory(path) ? path / "weights.safetensors" : path));
  for (ParameterGroup* group : model.parameters().groups()) {
    for (const Slice& slice : group->slices) {
      const Source source = source_of(slice.name, layers, shape.layers);
      const auto values =
          floats_of(tensors, source.name, nn::Shape(slice.sizes.begin(), slice.sizes.end()));
      if (!values) return Error{values.error().code, path.string() + ": " + values.error().message};
      const at::Tensor to = group->value.narrow(0, slice.offset, slice.count);
      source.silent ? to.zero_() : to.copy_(*values);
    }
  }
  model.parameters().refresh();
  return Done{};
}

}  // namespace antiphon::train
