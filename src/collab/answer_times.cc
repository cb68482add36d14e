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
constexpr std::size_t most_waiting = 256;

}  // namespace

void AnswerTimes::keep(const Time& time) {
  times_.push_back(time);
  if (times_.size() > window) times_.pop_front();
}

void AnswerTimes::add(nanoseconds took) { keep({took, false}); }

void AnswerTimes::asked(std::uint32_t request, nanoseconds now) {
  waiting_.push_back({request, now});
  if (waiting_.size() <= most_waiting) return;
  keep({now - waiting_.front().at, true});
  waiting_.pop_front();
}

void AnswerTimes::answered(std::uint32_t request, nanoseconds now) {
  while (!waiting_.empty() && waiting_.front().request <= request) {
    const Waiting question = waiting_.front();
    waiting_.pop_front();
    heard_ = now;
    const nanoseconds took = now - question.at;
    if (took > std::max(least_outage, 3 * estimate(now).p95)) {
      times_.clear();
      anew_ = now;
    } else if (question.at >= anew_) {
      keep({took, question.request != request});
    }
  }
}

AnswerEstimate AnswerTimes::estimate(nanoseconds now) const {
  AnswerEstimate estimate;
  if (!waiting_.empty()) estimate.silence = now - std::max(heard_, waiting_.front().at);
  std::vector<nanoseconds> answered, all;
  for (const Time& time : times_) {
    all.push_back(time.took);
    if (!time.lost) answered.push_back(time.took);
  }
  if (answered.empty()) return estimate;
  const auto quantile = [](std::vector<nanoseconds>& took, std::size_t percent) {
    const auto at =
        took.begin() + static_cast<std::ptrdiff_t>((took.size() * percent + 99) / 100 - 1);
    std::nth_element(took.begin(), at, took.end());
    return *at;
  };
  estimate.p50 = quantile(answered, 50);
  estimate.p95 = quantile(answered, 95);
  estimate.p99 = quantile(all, 99);
  estimate.lost = 1 - static_cast<double>(answered.size()) / static_cast<double>(all.size());
  estimate.known = answered.size() >= enough;
  return estimate;
}

}  // namespace antiphon::collab
