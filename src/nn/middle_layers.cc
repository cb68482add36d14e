// SPDX-License-Identifier: Apache-2.0
#include "nn/middle_layers.h"

#include <cassert>
#include <utility>

namespace antiphon::nn {

MiddleLayers::MiddleLayers(std::shared_ptr<const Transformer> model, const Cut& cut)
    : session_(std::move(model)), cut_(cut), told_{dim(), {}, {}} {
  assert(cut.first < cut.last && cut.last <= session_.model().config().layers);
}

Activations MiddleLayers::run(std::span<const std::int32_t> times, const Activations& rows,
                              std::size_t wanted, const Recalled& recalled) {
  const std::size_t first = size(), count = rows.rows() + recalled.count;
  assert(times.size() == rows.rows() && rows.dim == dim() && wanted <= count);
  Activations again{dim(), {}, {}};
  again.append(told_, recalled.from, recalled.count);
  const auto its_time = told_times_.begin() + static_cast<std::ptrdiff_t>(recalled.from);
  const std::vector<std::int32_t> its_times(its_time,
                                            its_time + static_cast<std::ptrdiff_t>(recalled.count));
  told_.shrink(first);
  told_.append(rows, 0, rows.rows());
  told_.append(again, 0, again.rows());
  told_times_.resize(first);
  told_times_.insert(told_times_.end(), times.begin(), times.end());
  told_times_.insert(told_times_.end(), its_times.begin(), its_times.end());

  before_.resize(count * dim());
  for (std::size_t i = 0; i < count; ++i)
    told_.get(first + i, std::span(before_).subspan(i * dim(), dim()));
  x_ = before_;
  session_.forward(std::span(told_times_).subspan(first), cut_.first, cut_.last, x_);
  session_.advance(count);
  Activations added{dim(), {}, {}};
  for (std::size_t i = (count - wanted) * dim(); i < x_.size(); i += dim()) {
    for (std::size_t j = i; j < i + dim(); ++j) x_[j] -= before_[j];
    added.add(std::span(x_).subspan(i, dim()));
  }
  return added;
}

}  // namespace antiphon::nn
