// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_view.h"

#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "antiphon/performing.h"
#include "generate/loudness.h"

namespace antiphon::app {
namespace {

using std::chrono::nanoseconds;

std::string name_of_pitch(int pitch) {
  constexpr const char* names[] = {"C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"};
  return names[pitch % 12] + std::to_string(pitch / 12 - 1);
}

// The last few notes, the newest last.
template <class Notes, class Use>
std::string last_of(const Notes& notes, std::size_t count, const Use& use) {
  std::string text;
  for (auto note = notes.rbegin(); note != notes.rend() && count > 0; ++note) {
    if (!use(*note)) continue;
    text = name_of_pitch(note->pitch) + (text.empty() ? "" : " ") + text;
    --count;
  }
  return text;
}

std::string place(const edge::Conductor& conductor, const tokens::Header& header, nanoseconds now) {
  if (now < nanoseconds{}) return "count-in";
  const auto step =
      static_cast<std::int32_t>(conductor.timeline().ticks_at(now) / tokens::ticks_per_step);
  const generate::GridBar bar = generate::bar_at(header.meters, step);
  return "bar " + std::to_string(bar.start / bar.length + 1) + " beat " +
         std::to_string((step - bar.start) / bar.beat + 1);
}

// Of the frames so far, the share that the model answered, rather than who covers for it.
class ShareOfModel {
 public:
  double of(const std::vector<edge::FrameRecord>& frames) {
    for (; seen_ < frames.size(); ++seen_) own_ += frames[seen_].tier <= edge::Tier::edge_backup;
    return seen_ > 0 ? static_cast<double>(own_) / static_cast<double>(seen_) : 1;
  }

 private:
  std::size_t seen_ = 0, own_ = 0;
};

}  // namespace

edge::Watch watch_jam(const tokens::Header& header, const live::MidiInput& input) {
  const generate::Progress interrupt = watch_for_interrupt();
  const bool terminal = isatty(STDERR_FILENO) != 0;
  return [=, &input, was_there = true, share = ShareOfModel()](
             nanoseconds now, const edge::Conductor& conductor) mutable {
    if (input.connected() != was_there) {
      was_there = input.connected();
      std::fprintf(stderr, "%s'%s' is %s\n", terminal ? "\r\x1b[K" : "", input.name().c_str(),
                   was_there ? "back" : "gone; its notes are ended, and it may come back");
    }
    if (terminal) {
      const auto& notes = conductor.notes();
      const std::string mine = last_of(notes, 4, [](const auto&) { return true; });
      const std::string yours =
          last_of(conductor.heard(), 4, [](const auto& played) { return played.velocity > 0; });
      std::fprintf(stderr, "\r\x1b[K%-16s  you %-16s  Antiphon %-16s  in time %5.1f %%",
                   place(conductor, header, now).c_str(), yours.c_str(), mine.c_str(),
                   share.of(conductor.frames()) * 100);
    }
    const bool goes_on = interrupt(0);
    if (!goes_on) std::fprintf(stderr, "%sEnds with this bar.\n", terminal ? "\n" : "");
    return goes_on;
  };
}

}  // namespace antiphon::app
