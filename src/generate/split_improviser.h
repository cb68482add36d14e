// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "generate/facts.h"
#include "generate/improviser.h"
#include "generate/split_model.h"

namespace antiphon::generate {

/// An improviser whose model's middle layers run elsewhere, with one exchange a frame.
///
/// Asked for a frame, it lets a small model of this device draft it, and sends the steps that are
/// new, the drafted ones too. When it is told what the middle adds to them, it draws the frame from
/// the whole model with the random numbers of the draft. As long as it draws what was drafted it
/// knows what comes next, so those events and the first that differs are the whole model's: what a
/// draft is worth is only how far that reaches. What follows in the same frame the small model
/// draws.
///
/// Both ways together it sends no more than 15,000 bytes a bar and 8,000 at once, whatever is
/// played: so from eight bars on, no more than 16,000 a bar. Where there is no room for
/// what was drafted, that doesn't leave; where there is none for what has been played, the frame is
/// left to others.
///
/// Threads: one.
class SplitImproviser {
 public:
  /// Both models are borrowed, and nobody else may use them. It comes in at the step `start`.
  SplitImproviser(SplitModel& model, EventModel& drafter, const tokens::Header& header,
                  const Sampling& sampling, std::int32_t start = 0);

  void set_chart(const Chart& chart) {
    partner_.set_chart(chart);
    drafter_.set_chart(chart);
  }

  /// An event or a wish.
  void tell(const Told& told);
  /// Asks for the frame from `told.from` on. Gives what is to be sent; where nothing is to be
  /// learned, appends the answer to `out`; where there is no room for it, does neither.
  std::vector<MiddleSteps> ask(const Told& told, std::vector<Drafted>& out);
  /// What the middle added. Appends the answer if this was all that it waits for. False if it can't
  /// be one.
  bool hear(std::uint32_t serial, const nn::Activations& added, std::vector<Drafted>& out);
  /// The middle has forgotten everything; what is asked is given up.
  void reset_middle();

  /// AI events that it has answered with, and how many of them were the whole model's.
  std::uint64_t drawn() const { return drawn_; }
  std::uint64_t drawn_exactly() const { return drawn_exactly_; }

 private:
  std::uint64_t seed_of(std::int32_t from) const;
  double cost_of(std::size_t told, std::size_t wanted) const;
  void answer(std::vector<Drafted>& out);

  SplitModel& model_;
  Partner partner_, drafter_;
  Facts facts_;
  const std::uint64_t seed_;
  std::optional<Told> asked_;
  std::vector<TimedEvent> past_, draft_;  // Of what is asked.
  std::uint32_t heard_ = 0;
  std::uint32_t last_serial_ = 0;  // That it waits for.
  double room_;                    // Bytes, up and down, that may be sent at the step `room_at_`.
  std::int32_t room_at_;
  std::uint64_t drawn_ = 0, drawn_exactly_ = 0;
};

}  // namespace antiphon::generate
