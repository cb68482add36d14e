// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "edge/jam.h"

namespace antiphon::app {

/// What is said of a jam while it goes on.
struct ViewTerms {
  std::string tempo_is;  ///< Whose the tempo is.
  bool keys = false;     ///< The terminal's keys are wishes.
};

/// Some lines on a terminal's standard error that tell how a jam goes: the beat, tempo and mode,
/// what is heard and what is answered, by whom and how soon. Ctrl-C ends the jam with the bar.
/// Elsewhere than on a terminal it shows nothing but a player who is gone or back.
///
/// Threads: a terminal may be slow, so a thread of its own draws; the conductor's only hands over
/// what there is to be seen, and never waits.
class JamView {
 public:
  /// Both are borrowed; `input` may be null. Errors: no more descriptors.
  static Result<JamView> open(const tokens::Header& header, const live::MidiInput* input,
                              ViewTerms terms);
  JamView(JamView&& other) noexcept;
  ~JamView();

  /// To be called by the jam; may be called until the view ends.
  edge::Watch watch();

 private:
  JamView();
  class Screen;
  std::unique_ptr<Screen> screen_;
};

}  // namespace antiphon::app
