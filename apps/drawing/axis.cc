// SPDX-License-Identifier: Apache-2.0
#include "drawing/axis.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace antiphon::drawing {
namespace {

/// 1, 2 or 5 times a power of ten, so that about `count` steps make `span`.
double round_step(double span, int count) {
  const double raw = span / count;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= raw) return factor * power;
  }
  return 10 * power;
}

}  // namespace

Axis::Axis(double low, double high, bool log) : low_(low), high_(high), log_(log) {
  if (log_) {
    if (high_ < low_ * 1.01) high_ = low_ * 10;
    const double decades = std::log10(high_ / low_);
    for (double power = std::pow(10, std::floor(std::log10(low_))); power <= high_; power *= 10) {
      for (const double factor : {1.0, 2.0, 5.0}) {
        const double tick = factor * power;
        if (factor > 1 && decades > 3) continue;
        if (tick >= low_ * 0.999 && tick <= high_ * 1.001) ticks_.push_back(tick);
      }
    }
    return;
  }
  // A span that vanishes beside its numbers would give steps of nothing.
  const double size = std::max(std::abs(low_), std::abs(high_));
  const double least = size > 0 ? 1e-3 * size : 1;
  if (high_ - low_ < least) low_ -= least, high_ += least;
  const double step = round_step(high_ - low_, 7);
  low_ = std::floor(low_ / step) * step;
  high_ = std::ceil(high_ / step) * step;
  const auto steps = static_cast<int>(std::lround((high_ - low_) / step));
  for (int i = 0; i <= steps; ++i) {
    const double tick = low_ + i * step;
    ticks_.push_back(std::abs(tick) < step * 1e-9 ? 0 : tick);
  }
}

double Axis::position(double value) const {
  if (log_) return std::log(value / low_) / std::log(high_ / low_);
  return (value - low_) / (high_ - low_);
}

std::string tick_text(double value) {
  const double size = std::abs(value);
  std::array<char, 32> text{};
  if (size >= 1e6) {
    std::snprintf(text.data(), text.size(), "%gM", value / 1e6);
  } else if (size >= 1e4) {
    std::snprintf(text.data(), text.size(), "%gk", value / 1e3);
  } else {
    std::snprintf(text.data(), text.size(), "%.5g", value);
  }
  return text.data();
}

}  // namespace antiphon::drawing
