// SPDX-License-Identifier: Apache-2.0
#include "collab/answer_times.h"

#include <algorithm>
#include <vector>

namespace antiphon::collab {

using std::chrono::nanoseconds;

namespace {

constexpr std::size_t window = 64;
constexpr std::size_t enough = 4;  // Answers from which something can be said.
constexpr nanoseconds least_outage = std::chrono::seconds(1);
constexpr nanoseconds lost_time = nanoseconds::max();
constexpr std::size_t most_waiting = 256;

}  // namespace

void AnswerTimes::keep(nanoseconds took) {
  took_.push_back(took);
  if (took_.size() > window) took_.pop_front();
}

void AnswerTimes::add(nanoseconds took) { keep(took); }

void AnswerTimes::asked(std::uint32_t request, nanoseconds now) {
  waiting_.push_back({request, now});
  if (waiting_.size() <= most_waiting) return;
  keep(lost_time);
  waiting_.pop_front();
}

void AnswerTimes::answered(std::uint32_t request, nanoseconds now) {
  while (!waiting_.empty() && waiting_.front().request <= request) {
    const Waiting question = waiting_.front();
    waiting_.pop_front();
    heard_ = now;
    const nanoseconds took = now - question.at;
    if (took > std::max(least_outage, 3 * estimate(now).p95)) {
      took_.clear();
      anew_ = now;
    } else if (question.at >= anew_) {
      keep(question.request == request ? took : lost_time);
    }
  }
}

AnswerEstimate AnswerTimes::estimate(nanoseconds now) const {
  AnswerEstimate estimate;
  if (!waiting_.empty()) estimate.silence = now - std::max(heard_, waiting_.front().at);
  std::vector<nanoseconds> took;
  for (const nanoseconds one : took_) {
    if (one != lost_time) took.push_back(one);
  }
  if (took.empty()) return estimate;
  std::sort(took.begin(), took.end());
  const auto quantile = [&](std::size_t percent) {
    return took[(took.size() * percent + 99) / 100 - 1];
  };
  estimate.p50 = quantile(50);
  estimate.p95 = quantile(95);
  estimate.p99 = quantile(99);
  estimate.lost = 1 - static_cast<double>(took.size()) / static_cast<double>(took_.size());
  estimate.known = took.size() >= enough;
  return estimate;
}

}  // namespace antiphon::collab
