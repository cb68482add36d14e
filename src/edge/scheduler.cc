// SPDX-License-Identifier: Apache-2.0
#include "edge/scheduler.h"

#include <algorithm>

namespace antiphon::edge {

using std::chrono::nanoseconds;

FixedIntervalScheduler::FixedIntervalScheduler(const live::Timeline& timeline,
                                               const FixedInterval& plan, Model model)
    : timeline_(timeline), plan_(plan), model_(model) {}

nanoseconds FixedIntervalScheduler::ahead(std::int32_t frame) const {
  if (asked_for_next_ || frame == 0) return plan_.deadline;
  // What comes after a frame is asked for when that begins.
  const auto time_of = [&](std::int32_t step) {
    return timeline_.time_of({step * tokens::ticks_per_step});
  };
  return time_of(frame) - time_of(frame - steps_per_frame);
}

std::optional<Choice> FixedIntervalScheduler::advance(std::int32_t frame, nanoseconds now) {
  if (!asked_for_next_ && frame > 0) {
    asked_for_next_ = true;
    if ((frame / steps_per_frame - 1) % plan_.interval == 0) {
      drafts_.push_back({++requests_, frame, frame, 0, false, now, {}});
      asked(model_).push_back(Told::ask(frame, requests_, plan_.length * steps_per_frame));
    }
    return {};
  }
  asked_for_next_ = false;
  const auto end = frame + steps_per_frame;
  const auto newest = std::find_if(drafts_.rbegin(), drafts_.rend(),
                                   [](const Draft& draft) { return draft.until > draft.from; });
  if (newest == drafts_.rend()) return Choice{Tier::none, nullptr};
  drafts_.erase(drafts_.begin(), newest.base() - 1);  // What was there before it is replaced.
  const Draft& draft = drafts_.front();
  if (draft.until < end) return Choice{Tier::none, nullptr};
  if (model_ != Model::cloud) return Choice{Tier::edge, &draft};
  return Choice{draft.from == frame ? Tier::cloud : Tier::cloud_backup, &draft};
}

std::optional<Choice> FixedIntervalScheduler::take(Model, const Drafted& drafted, std::int32_t,
                                                   nanoseconds) {
  const auto draft = std::find_if(drafts_.begin(), drafts_.end(),
                                  [&](const Draft& one) { return one.request == drafted.request; });
  if (draft == drafts_.end()) return {};
  if (drafted.kind == Drafted::Kind::event) {
    draft->events.push_back(drafted.event);
  } else if (drafted.kind == Drafted::Kind::covered) {
    draft->until = std::min(drafted.until, draft->from + plan_.length * steps_per_frame);
    draft->heard = drafted.heard;
  }
  return {};
}

}  // namespace antiphon::edge
