// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

#include <utility>
#include <vector>

#include "train/batch.h"
#include "train/ops.h"
#include "train/parameters.h"
#include "train/shape.h"

namespace antiphon::train {

/// An event transformer or LSTM as libtorch computes it, for learning.
///
/// Threads: one at a time; inside, libtorch's.
class Model {
 public:
  /// Products run in `product`, bfloat16 or float; everything between them in float.
  Model(Shape shape, at::ScalarType product, at::Device device, std::uint64_t seed);

  const Shape& shape() const { return shape_; }
  Parameters& parameters() { return parameters_; }
  const Parameters& parameters() const { return parameters_; }

  /// Sum over the batch's events of -ln p(field), by field, each times its weight; without weights
  /// add them up and divide by the events for nats an event. Each has a gradient. Where
  /// `taught`, another model's `distributions`, is given, one more follows: the sum over all fields
  /// of the cross-entropies with them (distillation; Hinton, Vinyals and Dean 2015).
  std::vector<at::Tensor> losses(const Batch& batch,
                                 const std::vector<at::Tensor>* taught = nullptr);

  /// What this model expects, without a gradient: of each field the probabilities of its classes
  /// for the events that have it, in their order. Shapes: [events with the field, size] float.
  std::vector<at::Tensor> distributions(const Batch& batch);

  /// What the fields are chosen from: the final norm of the steps `predicted_from`.
  /// Shapes: [events, dim] float.
  at::Tensor states(const Batch& batch);

  /// The logits of field `field` of every event, given the fields before as the batch has them.
  /// Shapes: [events, size] float.
  at::Tensor logits(const Batch& batch, const at::Tensor& states, std::size_t field);

 private:
  struct Layer {
    at::Tensor attention_norm, qkv, o, ff_norm, gate_up, down;
  };
  // One layer of LSTM: adds its state to the stream.
  struct Cells {
    at::Tensor norm, x, h, bias;
  };
  struct Head {
    at::Tensor hidden, logits, bias;
  };
  // The residual stream [steps, dim] and what the last layer adds to it.
  std::pair<at::Tensor, at::Tensor> attend(at::Tensor x, const Batch& batch) const;
  std::pair<at::Tensor, at::Tensor> recur(at::Tensor x, const Batch& batch) const;
  // Calls field(i, logits before the bias of the events that have field i, which events those are).
  template <class Field>
  void each_field(const Batch& batch, Field&& field);
  at::Tensor head_logits(const Head& head, const at::Tensor& z) const;
  static at::Tensor biased(const Head& head, const at::Tensor& logits);
  Positions positions_of(const Batch& batch) const;
  DeviceBags to_device(const Bags& bags) const;

  Shape shape_;
  at::ScalarType product_;
  at::Device device_;
  Parameters parameters_;
  at::Tensor input_, condition_, norm_;
  std::vector<Layer> layers_;  // Of a transformer,
  std::vector<Cells> cells_;   // or of an LSTM.
  std::vector<Head> heads_;
};

}  // namespace antiphon::train
