// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "tokens/event.h"
#include "tokens/vocabulary.h"

namespace antiphon::train {

/// The baseline that a model has to beat: counts of what followed what.
///
/// An event's fields are predicted one after another. Each is a mixture, by interpolated
/// Witten-Bell smoothing (Witten and Bell 1991), over contexts that grow: nothing; the fields of
/// this event chosen so far; then, for each of the four events before, from the nearest on, first
/// its voice and pitch, then all of it. So it is a 5-gram over compound events whose back-off goes
/// through ever shorter contexts down to the field's own frequencies, and from there to the uniform
/// distribution.
class Ngram {
 public:
  /// Whole events before the one predicted; the unigram is what remains of it with no context.
  static constexpr int events_before = 4;

  void add(std::span<const tokens::Event> events);
  /// Once, after the last `add`.
  void finish();

  /// Sum of -ln p over the fields of `events`, by field. `contexts` counts from 1 (each field's own
  /// frequencies: the unigram) to `all_contexts`.
  std::array<double, tokens::field_count> nats(std::span<const tokens::Event> events,
                                               int contexts) const;
  static constexpr int all_contexts = 2 + 2 * events_before;

 private:
  // What was seen after a context: `symbol`s with how often, and how many of them and kinds of
  // them.
  struct Seen {
    std::uint64_t key;
    std::uint32_t count;
    std::uint32_t kinds;  // 0: a context with a symbol, else a context.
  };
  using Contexts = std::array<std::uint64_t, all_contexts>;
  template <class Each>
  static void walk(std::span<const tokens::Event> events, const Each& each);

  // By field and context. Sorted by key after `finish`.
  std::array<std::array<std::vector<std::pair<std::uint64_t, std::uint16_t>>, all_contexts>,
             tokens::field_count>
      raw_;
  std::array<std::array<std::vector<Seen>, all_contexts>, tokens::field_count> seen_;
};

}  // namespace antiphon::train
