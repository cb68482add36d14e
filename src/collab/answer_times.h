// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>

namespace antiphon::collab {

/// What is known of how long a node's answers take, from a question to the first of its answer.
struct AnswerEstimate {
  std::chrono::nanoseconds p50{}, p95{};
  /// Of all questions; those that got no answer count as what it took until that was known.
  std::chrono::nanoseconds p99{};
  double lost = 0;  ///< Share of questions that got no answer, in [0, 1].
  /// For so long a question waits while none was answered; 0 if none waits.
  std::chrono::nanoseconds silence{};
  bool known = false;  ///< False before the first few answers.
};

/// Running quantiles of the last 64 questions to a node: the way there and back, its queue and its
/// work together. After an answer that was much later than usual they begin anew: that was no way
/// but an outage, which is over.
///
/// Threads: one. Times are of any one clock.
class AnswerTimes {
 public:
  /// A time that was measured in another way, such as a ping before the first question.
  void add(std::chrono::nanoseconds took);
  /// Questions have rising numbers.
  void asked(std::uint32_t request, std::chrono::nanoseconds now);
  /// Something of the answer is there; only the first call for a question counts. Those asked
  /// before it that have no answer are lost.
  void answered(std::uint32_t request, std::chrono::nanoseconds now);
  AnswerEstimate estimate(std::chrono::nanoseconds now) const;

 private:
  struct Waiting {
    std::uint32_t request;
    std::chrono::nanoseconds at;
  };
  struct Time {
    std::chrono::nanoseconds took;
    bool lost;
  };
  void keep(const Time& time);

  std::deque<Waiting> waiting_;
  std::deque<Time> times_;
  std::chrono::nanoseconds heard_{};  // When the last answer came.
  std::chrono::nanoseconds anew_{};   // Questions from here on count.
};

}  // namespace antiphon::collab
