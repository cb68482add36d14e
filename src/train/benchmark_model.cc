// SPDX-License-Identifier: Apache-2.0
#include "train/benchmark_model.h"

#include <cmath>
#include <limits>

namespace antiphon::train {
namespace {

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& gain) {
  return x * at::rsqrt(at::mean(x * x, {-1}, true) + 1e-6) * gain;
}

at::Tensor drop(const at::Tensor& x, double share) {
  return share > 0 ? at::dropout(x, share, true) : x;
}

// Nothing is scaled up in return.
at::Tensor leave_out(const at::Tensor& x, double share) {
  return share > 0 ? x * at::rand_like(x).ge(share) : x;
}

}  // namespace

BenchmarkModel::BenchmarkModel(const BenchmarkData& data, const BenchmarkShape& shape,
                               Random& random)
    : shape_(shape),
      voices_(data.kind == BenchmarkData::Kind::voices),
      classes_(data.classes()),
      slots_(data.slots()) {
  const std::int64_t width = shape.width, hidden = shape.hidden;
  // Voices have an output matrix each; the pitches of a chord share one.
  const std::int64_t outputs = voices_ ? slots_ : 1;
  FlatParameters& p = parameters_;
  p.declare("table", {rows_of_table(), width}, 0.5, 0);
  p.declare("beats", {shape.beats, width}, 0.5, 0);
  p.declare("moved", {2 * shape.transpose + 1, width}, 0.5, 0);
  p.declare("start", {width}, 0.5, 0);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const std::string name = std::to_string(i) + ".";
    const double gain = 1 / std::sqrt(2.0 * static_cast<double>(shape.layers));
    p.declare(name + "norm", {width}, 0, 1);
    p.declare_linear(name + "qkv", 3 * width, width, 1);
    p.declare(name + "bias", {shape.heads, shape.window}, 0.02, 0);
    p.declare_linear(name + "out", width, width, gain);
    p.declare(name + "ff_norm", {width}, 0, 1);
    p.declare_linear(name + "up", 3 * width, width, 1);
    p.declare_linear(name + "down", width, 3 * width, gain);
  }
  p.declare("norm", {width}, 0, 1);
  p.declare_linear("head.in", hidden, width, 1);
  p.declare("head.told", {rows_of_table(), hidden}, 0.5, 0);
  p.declare("head.slot", {slots_, hidden}, 0.1, 0);
  p.declare_linear("head.middle", hidden, hidden, 1);
  p.declare("head.logits", {outputs, hidden, classes_}, 0.5 / std::sqrt(hidden), 0);
  p.declare("head.logits_bias", {outputs, classes_}, 0, 0);
  p.allocate(random);
  for (std::int64_t i = 0; i < shape.layers; ++i) {
    const auto leaf = [&](const char* name) { return p.leaf(std::to_string(i) + "." + name); };
    layers_.push_back({leaf("norm"), leaf("qkv.weight"), leaf("qkv.bias"), leaf("bias"),
                       leaf("out.weight"), leaf("out.bias"), leaf("ff_norm"), leaf("up.weight"),
                       leaf("up.bias"), leaf("down.weight"), leaf("down.bias")});
  }
  table_ = p.leaf("table"), beats_ = p.leaf("beats"), moved_ = p.leaf("moved"),
  start_ = p.leaf("start");
  norm_ = p.leaf("norm"), in_ = p.leaf("head.in.weight"), in_bias_ = p.leaf("head.in.bias");
  told_ = p.leaf("head.told"), slot_ = p.leaf("head.slot");
  middle_ = p.leaf("head.middle.weight"), middle_bias_ = p.leaf("head.middle.bias");
  logits_ = p.leaf("head.logits"), logits_bias_ = p.leaf("head.logits_bias");
}

/// Each class's row of a table, whatever stands for none at row 0. [rows, frames, slots]
at::Tensor BenchmarkModel::table_rows(const at::Tensor& classes) const {
  at::Tensor rows = at::clamp_min(classes, 0);
  if (voices_) rows = rows + at::arange(slots_, at::kLong) * classes_;
  return rows;
}

/// 1 where a row of a table is a class's of the frame, 0 elsewhere. [rows, frames, rows of table]
at::Tensor BenchmarkModel::rows_present(const at::Tensor& classes) const {
  const at::Tensor there = (classes >= 0).to(at::kFloat);
  return at::zeros({classes.size(0), classes.size(1), rows_of_table()}, there.options())
      .scatter_add(2, table_rows(classes), there);
}

at::Tensor BenchmarkModel::backbone(const FrameBatch& batch, const Dropout& share) const {
  const double dropout = share.activations;
  const std::int64_t rows = batch.beat.size(0), frames = batch.beat.size(1);
  const std::int64_t size = shape_.width / shape_.heads;
  const at::Tensor first = (batch.before.amax(-1) < 0).unsqueeze(-1);
  at::Tensor x = at::matmul(leave_out(rows_present(batch.before), share.notes), table_) +
                 first * start_ + at::embedding(beats_, batch.beat) +
                 at::embedding(moved_, batch.moved + shape_.transpose);
  x = drop(x, dropout);

  const at::Tensor at = at::arange(frames, at::kLong);
  const at::Tensor distance = at.unsqueeze(1) - at.unsqueeze(0);
  const at::Tensor unseen = (distance < 0).logical_or(distance >= shape_.window);
  const at::Tensor place = at::clamp(distance, 0, shape_.window - 1).view({-1});
  for (const Layer& layer : layers_) {
    const at::Tensor qkv = at::linear(rms_norm(x, layer.norm), layer.qkv, layer.qkv_bias)
                               .view({rows, frames, 3, shape_.heads, size})
                               .permute({2, 0, 3, 1, 4});
    const at::Tensor bias =
        at::index_select(layer.bias, 1, place).view({shape_.heads, frames, frames});
    at::Tensor weights = at::matmul(qkv[0] * (1 / std::sqrt(size)), qkv[1].transpose(-1, -2));
    weights = (weights + bias).masked_fill(unseen, -std::numeric_limits<float>::infinity());
    weights = drop(at::softmax(weights, -1), dropout);
    const at::Tensor seen =
        at::matmul(weights, qkv[2]).transpose(1, 2).reshape({rows, frames, shape_.width});
    x = x + drop(at::linear(seen, layer.out, layer.out_bias), dropout);
    const at::Tensor up = at::silu(at::linear(rms_norm(x, layer.ff_norm), layer.up, layer.up_bias));
    x = x + drop(at::linear(up, layer.down, layer.down_bias), dropout);
  }
  return at::linear(rms_norm(x, norm_), in_, in_bias_);
}

at::Tensor BenchmarkModel::chain(const at::Tensor& x, const at::Tensor& classes,
                                 double dropout) const {
  const at::Tensor there = (classes >= 0).unsqueeze(-1);
  const at::Tensor own = at::embedding(told_, table_rows(classes)) * there;
  const at::Tensor told = at::cumsum(own, 2) - own;  // Of the slots before.
  at::Tensor h = drop(at::silu(x.unsqueeze(2) + told + slot_), dropout);
  h = h + at::silu(at::linear(h, middle_, middle_bias_));
  h = drop(h, dropout);
  // [rows, frames, slots, 1, hidden] x [slots or 1, hidden, classes]
  at::Tensor logits =
      voices_ ? at::einsum("rtsh,shc->rtsc", {h, logits_}) : at::matmul(h, logits_[0]);
  logits = logits + logits_bias_;
  if (!voices_) {  // Pitches ascend; a frame may end at any time.
    const at::Tensor none = at::full_like(classes.narrow(2, 0, 1), -1);
    const at::Tensor last = at::cat({none, classes.narrow(2, 0, slots_ - 1)}, 2).unsqueeze(-1);
    const at::Tensor all = at::arange(classes_, at::kLong);
    logits = logits.masked_fill((all <= last).logical_and(all < classes_ - 1),
                                -std::numeric_limits<float>::infinity());
  }
  const at::Tensor chosen =
      at::log_softmax(logits, -1).gather(-1, at::clamp_min(classes, 0).unsqueeze(-1)).squeeze(-1);
  return -at::where(classes >= 0, chosen, at::zeros_like(chosen)).sum(-1);
}

at::Tensor BenchmarkModel::sigmoids(const at::Tensor& x, const at::Tensor& classes,
                                    double dropout) const {
  at::Tensor h = drop(at::silu(x), dropout);
  h = drop(h + at::silu(at::linear(h, middle_, middle_bias_)), dropout);
  const at::Tensor logits =
      (at::matmul(h, logits_[0]) + logits_bias_[0]).narrow(-1, 0, classes_ - 1);
  const at::Tensor sounds = rows_present(classes).narrow(-1, 0, classes_ - 1);
  const at::Tensor nats = at::binary_cross_entropy_with_logits(logits, sounds, {}, {}, 0).sum(-1);
  return nats * (classes.amax(-1) >= 0);
}

at::Tensor BenchmarkModel::nats(const FrameBatch& batch, const Dropout& dropout) const {
  const at::Tensor x = backbone(batch, dropout);
  return shape_.head == FrameHead::chain ? chain(x, batch.classes, dropout.activations)
                                         : sigmoids(x, batch.classes, dropout.activations);
}

FrameBatch BenchmarkModel::batch_of(const std::vector<FrameExcerpt>& excerpts,
                                    std::int64_t length) const {
  const auto rows = static_cast<std::int64_t>(excerpts.size());
  FrameBatch batch{at::full({rows, length, slots_}, -1, at::kLong),
                   at::full({rows, length, slots_}, -1, at::kLong),
                   at::zeros({rows, length}, at::kLong), at::zeros({rows, 1}, at::kLong)};
  const auto write = [&](at::Tensor& to, std::int64_t row, std::int64_t t, const Frame& frame) {
    std::int64_t* out = to.data_ptr<std::int64_t>() + (row * length + t) * slots_;
    for (const std::int16_t value : frame) *out++ = value;
  };
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto& [from_piece, start, moved] = excerpts[static_cast<std::size_t>(row)];
    const Frames& piece = *from_piece;
    if (shape_.transpose > 0) batch.moved.data_ptr<std::int64_t>()[row] = moved;
    const auto frames = static_cast<std::int64_t>(piece.size());
    for (std::int64_t t = 0; t < length && start + t < frames; ++t) {
      const std::int64_t now = start + t;
      write(batch.classes, row, t, piece[static_cast<std::size_t>(now)]);
      if (now > 0) write(batch.before, row, t, piece[static_cast<std::size_t>(now - 1)]);
      batch.beat.data_ptr<std::int64_t>()[row * length + t] = now % shape_.beats;
    }
  }
  return batch;
}

}  // namespace antiphon::train
