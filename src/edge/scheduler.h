// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include "collab/planner.h"
#include "edge/messages.h"
#include "generate/partner.h"
#include "live/timeline.h"

namespace antiphon::edge {

/// How a jam runs.
struct Pace {
  /// What a model needs to answer, which is more where it chooses among futures.
  static constexpr std::chrono::milliseconds usual_horizon(int futures) {
    return std::chrono::milliseconds(futures > 1 ? 40 : 12);
  }

  /// Before a frame begins, so long ahead it is asked for,
  std::chrono::nanoseconds horizon = usual_horizon(1);
  /// and so long ahead it is fixed, with what is there.
  std::chrono::nanoseconds deadline = std::chrono::milliseconds(2);
  /// How far players are from the beat that they mean.
  std::chrono::nanoseconds spread = std::chrono::milliseconds(12);
  bool waits = false;    ///< The AI parts rest until a human part has begun.
  bool follows = false;  ///< The tempo is the human parts', rather than what it was said to be.
  /// The human parts play in their own time, and the AI parts answer their phrases.
  bool free = false;
  /// The player has so many bars, then the AI parts have as many, and so on; 0: all play together.
  std::int32_t trade = 0;
  /// An edge's draft of more frames than this gives way to a reflex's fresh answer.
  std::int32_t stale = 4;
};

/// An answer as far as it has come.
struct Draft {
  std::uint32_t request = 0;
  std::int32_t from = 0, until = 0;  ///< Steps.
  std::uint32_t heard = 0;           ///< Human onsets that it knows of.
  bool adopted = false;              ///< Its first frame is what was proposed.
  std::chrono::nanoseconds asked{};
  std::vector<generate::TimedEvent> events;
  /// Of this device's: until this step, how it is drawn is noted for the node to check; 0: no more.
  std::int32_t noted = 0;
  std::vector<generate::DrawnChoice> choices = {};
  /// Of a node's: what this device drafted, and up to where that is what the node answers.
  std::vector<generate::TimedEvent> drafted = {};
  std::int32_t agreed = 0;
};

/// A plan, and the step from which it held.
struct PlanRecord {
  std::int32_t from = 0;
  collab::Plan plan;
};

/// Who answers a frame, and with what; a null draft is no model's.
struct Choice {
  Tier tier = Tier::rule;
  const Draft* draft = nullptr;
};

/// Decides when the improvisers are asked, and which answer a frame is played with. A frame is
/// named by the step at which it begins; frames come in order.
///
/// Threads: one.
class Scheduler {
 public:
  virtual ~Scheduler() = default;
  /// How long before the frame begins `advance` is due.
  virtual std::chrono::nanoseconds ahead(std::int32_t frame) const = 0;
  /// Does what is due: asks, or chooses, which fixes the frame.
  virtual std::optional<Choice> advance(std::int32_t frame, std::chrono::nanoseconds now) = 0;
  /// Of an answer, something more; where it is what was waited for, it is chosen.
  virtual std::optional<Choice> take(Model model, const Drafted& drafted, std::int32_t frame,
                                     std::chrono::nanoseconds now) = 0;
  /// How a node's part was planned, from change to change.
  virtual std::vector<PlanRecord> plans() const { return {}; }
  /// What is asked of each improviser; the owner empties it.
  std::vector<Told>& asked(Model model) { return asked_[static_cast<std::size_t>(model)]; }

 private:
  std::array<std::vector<Told>, model_count> asked_;
};

/// How 'Real-Time Language Model Jamming' (StreamMUSE, RTAS 2026) keeps time.
struct FixedInterval {
  std::int32_t interval = 1;  ///< Frames from one request to the next.
  std::int32_t length = 2;    ///< Frames of an answer.
  /// What a request takes besides the model's work; simulated only.
  std::chrono::nanoseconds round_trip{};
  /// So long before a frame begins it is fixed: what a real clock needs.
  std::chrono::nanoseconds deadline{};

  /// Solves that paper's inequalities: the interval is at least what an answer takes, and the
  /// length at least both together.
  static FixedInterval solve(std::chrono::nanoseconds answer, std::chrono::nanoseconds frame) {
    const auto frames =
        static_cast<std::int32_t>((answer + frame - std::chrono::nanoseconds(1)) / frame);
    const std::int32_t interval = std::max(frames, 1);
    return {interval, 2 * interval, {}};
  }
};

/// That paper's scheduler, as the baseline: at every frame that the interval divides, the frames
/// after it are asked for; an answer counts from the first frame that begins after it is there, and
/// replaces what was there before; a frame that no answer covers is silent. No other model is
/// asked.
class FixedIntervalScheduler : public Scheduler {
 public:
  /// `timeline` is borrowed. `model` is the one that is asked.
  FixedIntervalScheduler(const live::Timeline& timeline, const FixedInterval& plan, Model model);

  std::chrono::nanoseconds ahead(std::int32_t frame) const override;
  std::optional<Choice> advance(std::int32_t frame, std::chrono::nanoseconds now) override;
  std::optional<Choice> take(Model model, const Drafted& drafted, std::int32_t frame,
                             std::chrono::nanoseconds now) override;

 private:
  const live::Timeline& timeline_;
  FixedInterval plan_;
  Model model_;
  bool asked_for_next_ = false;
  std::uint32_t requests_ = 0;
  std::vector<Draft> drafts_;  // In the order of the requests, from the one that is played on.
};

}  // namespace antiphon::edge
