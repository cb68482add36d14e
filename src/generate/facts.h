// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

#include "generate/partner.h"

namespace antiphon::generate {

/// What has happened in a jam as far as it may still change, in online order: people are late, so
/// their last two quarters may.
class Facts {
 public:
  /// From the step `start` on.
  explicit Facts(std::int32_t start) : settled_(start) {}

  void add(TimedEvent event);
  /// Puts what happened before `from` into the partners, which go on from there; what will not
  /// change any more is then forgotten here.
  void recall(std::initializer_list<Partner*> partners, std::int32_t from);
  /// All of that. Borrowed until the next call.
  std::span<const TimedEvent> before(std::int32_t from) const;
  /// Human onsets among what the last `recall` told.
  std::uint32_t heard() const { return heard_before_; }

 private:
  std::vector<TimedEvent> events_;
  std::int32_t settled_;
  std::uint32_t heard_ = 0, heard_before_ = 0;
};

}  // namespace antiphon::generate
