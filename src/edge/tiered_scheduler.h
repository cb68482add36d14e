// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "collab/answer_times.h"
#include "collab/planner.h"
#include "edge/scheduler.h"
#include "music/meter.h"
#include "tokens/stream.h"

namespace antiphon::edge {

/// What is known of a node before a jam.
struct NodeTerms {
  collab::Wishes wishes = {};
  bool better = true;    ///< It may play better than this device: its model is another.
  bool proposes = true;  ///< What it drafts is taken where it fits and this device leads.
  std::vector<std::chrono::nanoseconds> round_trips = {};
};

/// The answers of one improviser, the last few of them.
class Drafts {
 public:
  explicit Drafts(std::size_t kept) : drafts_(kept) {}

  /// The next question, about what comes from the step `from` on.
  Draft& ask(std::int32_t from, std::chrono::nanoseconds now);
  /// Takes what has come of an answer; null if it is of a question too long ago.
  Draft* take(const Drafted& drafted);
  /// The newest draft that covers the frame and is at most `oldest` frames old; null if none.
  const Draft* covering(std::int32_t frame, std::int32_t oldest) const;
  /// The last question; its request is 0 before the first.
  const Draft& newest() const { return drafts_[requests_ % drafts_.size()]; }

 private:
  std::vector<Draft> drafts_;  // The one of question n at n % size.
  std::uint32_t requests_ = 0;
};

/// Plays each frame with the best answer that is there in time: the node's where it leads, that of
/// this device's model, its last draft where that isn't stale, the reflex's, an older draft of
/// anyone, the rule.
///
/// Each bar is planned anew (`collab::plan`). A node is asked the plan's lead before a frame, this
/// device's models a horizon before it; where the node leads and something of it is there, the
/// larger model only now and then, to keep up. Where the device leads, its model is given the
/// node's draft of the frame as a proposal. Where drafts are checked, the node is asked as soon as
/// this device's is there, and what it keeps of that or puts in its place is its answer.
class TieredScheduler : public Scheduler {
 public:
  /// `timeline` is borrowed.
  TieredScheduler(const live::Timeline& timeline,
                  std::vector<tokens::GridChange<music::Meter>> meters, const Pace& pace,
                  const Crew& crew, NodeTerms terms = {});

  std::chrono::nanoseconds ahead(std::int32_t frame) const override;
  std::optional<Choice> advance(std::int32_t frame, std::chrono::nanoseconds now) override;
  std::optional<Choice> take(Model model, const Drafted& drafted, std::int32_t frame,
                             std::chrono::nanoseconds now) override;
  std::vector<PlanRecord> plans() const override { return plans_; }

 private:
  // What is due next for the frame.
  enum class Due : std::uint8_t { node, device, choice };

  bool has(Model model) const { return crew_[static_cast<std::size_t>(model)]; }
  Drafts& drafts(Model model) { return drafts_[static_cast<std::size_t>(model)]; }
  std::chrono::nanoseconds length_of(std::int32_t frame) const;
  void plan_bar(std::int32_t frame, std::chrono::nanoseconds now);
  void ask_node(std::int32_t frame, std::chrono::nanoseconds now);
  void ask_device(std::int32_t frame, std::chrono::nanoseconds now);
  void ask_to_check(Draft& own, std::chrono::nanoseconds now);
  bool node_is_due(std::int32_t frame) const {
    return plan_.interval > 0 && frame / steps_per_frame % plan_.interval == 0;
  }
  bool drafts_are_checked() const { return plan_.mode == collab::Mode::drafts; }
  bool node_leads() const {
    return plan_.mode == collab::Mode::cloud_first || plan_.mode == collab::Mode::layers;
  }
  bool waits_for_node() const { return node_leads() || plan_.waits; }
  Choice choose(std::int32_t frame);
  Choice chosen(Choice choice);

  const live::Timeline& timeline_;
  std::vector<tokens::GridChange<music::Meter>> meters_;
  Pace pace_;
  Crew crew_;
  NodeTerms terms_;
  Model leader_;  // Of this device.
  std::array<Drafts, model_count> drafts_;
  Due due_ = Due::node;
  collab::AnswerTimes answers_, drafting_;  // Of the node, and of the leader here.
  collab::Plan plan_;
  std::vector<PlanRecord> plans_;
  const Draft* proposed_ = nullptr;  // To the leader, for the frame that is next.
};

}  // namespace antiphon::edge
