// SPDX-License-Identifier: Apache-2.0
#include "nn/ends.h"

#include <algorithm>
#include <cassert>

namespace antiphon::nn {
namespace {

Result<Head> load_head(Loader& loader, std::size_t dim, const Field& field) {
  const std::string name = "field." + field.name + ".";
  Head head;
  if (field.hidden == 0) {
    ANTIPHON_TRY(head.logits, loader.matrix({{name + "logits.weight", field.size}}, dim));
    return head;
  }
  ANTIPHON_TRY(head.hidden, loader.matrix({{name + "hidden.weight", field.hidden}}, dim));
  ANTIPHON_TRY(head.logits, loader.matrix({{name + "logits.weight", field.size}}, field.hidden));
  ANTIPHON_TRY(head.bias, loader.vector(name + "logits.bias", field.size));
  return head;
}

}  // namespace

Result<Ends> Ends::load(Loader& loader, const EventConfig& config) {
  Ends ends;
  ANTIPHON_TRY(ends.input, loader.table("input.weight", config.input_rows, config.dim));
  ANTIPHON_TRY(ends.condition, loader.table("condition.weight", config.condition_rows, config.dim));
  ANTIPHON_TRY(ends.norm, loader.vector("norm.weight", config.dim));
  for (const Field& field : config.fields) {
    ANTIPHON_TRY(Head head, load_head(loader, config.dim, field));
    ends.heads.push_back(std::move(head));
  }
  return ends;
}

void Ends::embed(const Step& step, std::span<float> x) const {
  std::fill(x.begin(), x.end(), 0.0f);
  for (const std::uint16_t row : step.rows) input.add_row(row, x);
}

void Ends::finish(const Kernels& kernels, std::span<const float> x, std::span<float> z) const {
  assert(x.size() == z.size() && x.size() % norm.size() == 0);
  for (std::size_t at = 0; at < x.size(); at += norm.size()) {
    kernels.rms_norm(x.data() + at, norm.data(), norm.size(), z.data() + at);
  }
}

std::size_t Ends::bytes() const {
  std::size_t bytes = 0;
  for (const Head& head : heads) bytes += head.hidden.bytes() + head.logits.bytes();
  return bytes;
}

std::size_t Ends::widest_hidden() const {
  std::size_t width = 0;
  for (const Head& head : heads) width = std::max(width, head.hidden.outputs());
  return width;
}

std::size_t Ends::widest_operand() const {
  std::size_t bytes = 0;
  for (const Head& head : heads) {
    bytes = std::max({bytes, head.hidden.operand_bytes(), head.logits.operand_bytes()});
  }
  return bytes;
}

std::size_t Ends::largest_field() const {
  std::size_t size = 0;
  for (const Head& head : heads) size = std::max(size, head.logits.outputs());
  return size;
}

void run_head(const Head& head, const Kernels& kernels, const HeadBuffers& buffers,
              std::size_t rows, const float* z, std::size_t z_stride, float* logits,
              std::size_t logits_stride) {
  const std::size_t hidden = head.hidden.outputs();
  const auto multiply = [&](const Matrix& matrix, const float* x, std::size_t x_stride, float* y,
                            std::size_t y_stride) {
    const PackedMatrix packed = matrix.packed();
    const auto type = static_cast<std::size_t>(matrix.type());
    for (std::size_t r = 0; r < rows; ++r) {
      kernels.prepare[type](x + r * x_stride, matrix.inputs(), packed.inputs,
                            buffers.operands + r * buffers.operand_stride);
    }
    kernels.multiply[type](packed, 0, matrix.tiles(), buffers.operands, buffers.operand_stride,
                           rows, y, y_stride, false);
  };
  if (hidden == 0) return multiply(head.logits, z, z_stride, logits, logits_stride);

  multiply(head.hidden, z, z_stride, buffers.hidden, buffers.hidden_stride);
  for (std::size_t r = 0; r < rows; ++r) {
    kernels.silu(buffers.hidden + r * buffers.hidden_stride, hidden);
  }
  multiply(head.logits, buffers.hidden, buffers.hidden_stride, logits, logits_stride);
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t i = 0; i < head.bias.size(); ++i)
      logits[r * logits_stride + i] += head.bias[i];
  }
}

Choice::Choice(const Ends& ends, const Kernels& kernels)
    : ends_(&ends),
      kernels_(&kernels),
      z_(ends.norm.size()),
      hidden_(ends.widest_hidden()),
      logits_(ends.largest_field()),
      operand_(ends.widest_operand()) {}

void Choice::begin(std::span<const float> z) {
  assert(z.size() == z_.size());
  std::copy(z.begin(), z.end(), z_.begin());
}

std::span<float> Choice::logits(std::size_t field) {
  assert(field < ends_->heads.size());
  const Head& head = ends_->heads[field];
  run_head(head, *kernels_, {hidden_.data(), hidden_.size(), operand_.data(), operand_.size()}, 1,
           z_.data(), z_.size(), logits_.data(), logits_.size());
  return std::span(logits_).first(head.logits.outputs());
}

void Choice::condition(std::span<const std::uint16_t> rows) {
  for (const std::uint16_t row : rows) ends_->condition.add_row(row, z_);
}

}  // namespace antiphon::nn
