// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

#include "train/shape.h"

namespace antiphon::train {

struct Batch;
struct Excerpt;

/// How events become a model's steps. The flat layouts are there to be compared with; nothing plays
/// them.
enum class Layout {
  compound,   ///< One step an event, whose fields are chosen one after another from that step.
  flat,       ///< One step a field, which is its token and no more: tokens/flat.h.
  flat_told,  ///< The same, and each step is told what a compound model is told at that moment.
};

/// A shape for one of the layouts, each head with `hidden` units. All have the same heads; a flat
/// model's conditions are steps.
Shape with_vocabulary(Shape shape, std::uint32_t hidden, Layout layout);

/// The layout that a shape's vocabulary is of.
Layout layout_of(const Shape& shape);

/// The most steps of a compound excerpt that surely fit a row of `length` steps.
std::size_t window_of(Layout layout, std::size_t length);
inline std::size_t window_of(const Shape& shape) {
  return window_of(layout_of(shape), shape.context);
}

/// Steps that an excerpt takes.
std::size_t steps_of(const Excerpt& excerpt, Layout layout);

/// `append` of an excerpt as `layout` says it. In a flat batch an event is one field.
void append(const Excerpt& excerpt, Batch& batch, Layout layout);

}  // namespace antiphon::train
