// SPDX-License-Identifier: Apache-2.0
#include "nn/middle_layers.h"

#include <cassert>
#include <utility>

namespace antiphon::nn {

MiddleLayers::MiddleLayers(std::shared_ptr<const Transformer> model, const Cut& cut)
    : session_(std::move(model)), cut_(cut) {
  assert(cut.first < cut.last && cut.last <= session_.model().config().layers);
}

Activations MiddleLayers::run(std::span<const std::int32_t> times, const Activations& rows,
                              std::size_t wanted) {
  assert(times.size() == rows.rows() && rows.dim == dim() && wanted <= rows.rows());
  before_.resize(rows.values.size());
  for (std::size_t i = 0; i < rows.rows(); ++i)
    rows.get(i, std::span(before_).subspan(i * dim(), dim()));
  x_ = before_;
  session_.forward(times, cut_.first, cut_.last, x_);
  session_.advance(times.size());
  Activations added{dim(), {}, {}};
  for (std::size_t i = (rows.rows() - wanted) * dim(); i < x_.size(); i += dim()) {
    for (std::size_t j = i; j < i + dim(); ++j) x_[j] -= before_[j];
    added.add(std::span(x_).subspan(i, dim()));
  }
  return added;
}

}  // namespace antiphon::nn
