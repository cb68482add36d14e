// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_view.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "antiphon/jam_report.h"
#include "antiphon/performing.h"
#include "live/spsc_queue.h"
#include "live/wakeup.h"
#include "tokens/grid.h"
#include "tokens/vocabulary.h"

namespace antiphon::app {
namespace {

using std::chrono::nanoseconds;

constexpr std::size_t notes_shown = 8;
constexpr std::size_t keyboard = 61;  // Keys, from C2 on.
constexpr int lowest_key = 36;

// What there is to be seen at one moment.
struct Glance {
  nanoseconds now{};
  double bpm = 0;
  std::int32_t bar = 0, beat = 0, beats = 0;  // From 1; bar 0: the jam hasn't begun.
  bool held = false;
  bool connected = true, ends = false;
  std::array<std::uint8_t, notes_shown> heard{}, answered{};  // Pitches, the newest last; 0: none.
  std::array<bool, 128> down{}, sounding{};
  std::array<float, edge::tier_count> shares{};
  tokens::Style style{};
  float answer_ms = 0;  // From the last press that an answer knows of to that answer.
};

// Gathers it on the conductor's thread, by what is new since the last time.
class Gatherer {
 public:
  explicit Gatherer(const tokens::Header& header) : header_(header) {}

  Glance look(nanoseconds now, const edge::Conductor& conductor) {
    see_player(conductor.heard());
    see_frames(conductor);
    glance_.now = now;
    glance_.held = conductor.held();
    glance_.style = conductor.style();
    const live::Timeline& timeline = conductor.timeline();
    const auto step =
        std::min(static_cast<std::int32_t>(timeline.ticks_at(now) / tokens::ticks_per_step),
                 conductor.frame_start());
    glance_.bpm = timeline.tempo_at({step * tokens::ticks_per_step}).bpm();
    const tokens::GridBar bar = tokens::bar_at(header_.meters, step);
    glance_.bar = now < nanoseconds{} ? 0 : bar.start / bar.length + 1;
    glance_.beat = (step - bar.start) / bar.beat + 1;
    glance_.beats = bar.length / bar.beat;
    glance_.sounding.fill(false);
    const auto& notes = conductor.notes();
    for (std::size_t i = notes.size() - std::min<std::size_t>(notes.size(), 64); i < notes.size();
         ++i)
      glance_.sounding[notes[i].pitch] |= notes[i].onset <= step && step < notes[i].end;
    for (std::size_t i = 0; i < notes_shown; ++i) {
      const std::size_t back = notes_shown - i;
      glance_.answered[i] = back <= notes.size() ? notes[notes.size() - back].pitch : 0;
    }
    return glance_;
  }

 private:
  void see_player(const std::vector<edge::Played>& heard) {
    for (; heard_ < heard.size(); ++heard_) {
      const edge::Played& played = heard[heard_];
      glance_.down[played.pitch] = played.velocity > 0;
      if (played.velocity == 0) continue;
      std::rotate(glance_.heard.begin(), glance_.heard.begin() + 1, glance_.heard.end());
      glance_.heard.back() = played.pitch;
      onsets_.push_back(played.at);
    }
  }

  void see_frames(const edge::Conductor& conductor) {
    const auto& frames = conductor.frames();
    for (; frames_ < frames.size(); ++frames_) {
      const edge::FrameRecord& frame = frames[frames_];
      ++counts_[static_cast<std::size_t>(frame.tier)];
      if (frame.heard <= answered_ || frame.heard > onsets_.size()) continue;
      answered_ = frame.heard;
      const auto at = static_cast<std::int64_t>(frames_) * edge::steps_per_frame;
      const nanoseconds took =
          conductor.timeline().time_of({at * tokens::ticks_per_step}) - onsets_[answered_ - 1];
      glance_.answer_ms = std::chrono::duration<float, std::milli>(took).count();
    }
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      glance_.shares[i] =
          frames_ > 0 ? static_cast<float>(counts_[i]) / static_cast<float>(frames_) : 0;
    }
  }

  const tokens::Header& header_;
  Glance glance_;
  std::size_t heard_ = 0, frames_ = 0;
  std::vector<nanoseconds> onsets_;
  std::uint32_t answered_ = 0;
  std::array<std::size_t, edge::tier_count> counts_{};
};

std::string name_of_pitch(int pitch) {
  constexpr const char* names[] = {"C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"};
  return names[pitch % 12] + std::to_string(pitch / 12 - 1);
}

std::string names_of(const std::array<std::uint8_t, notes_shown>& pitches) {
  std::string text;
  for (const std::uint8_t pitch : pitches) {
    if (pitch > 0) text += (text.empty() ? "" : " ") + name_of_pitch(pitch);
  }
  return text;
}

// A row of keys, seen from above.
std::string keys_of(const std::array<bool, 128>& down, char mark) {
  std::string row;
  for (std::size_t i = 0; i < keyboard; ++i) {
    const std::size_t pitch = lowest_key + i;
    row += down[pitch] ? mark : pitch % 12 == 0 ? '|' : '.';
  }
  return row;
}

}  // namespace

class JamView::Screen {
 public:
  Screen(const tokens::Header& header, const live::MidiInput* input, ViewTerms terms,
         live::Wakeup wakeup)
      : gatherer_(header),
        input_(input),
        terms_(std::move(terms)),
        terminal_(isatty(STDERR_FILENO) != 0),
        glances_(4),
        wakeup_(std::move(wakeup)) {
    if (terminal_ || input_ != nullptr) thread_ = std::thread([this] { run(); });
  }
  ~Screen() {
    stopping_.store(true, std::memory_order_release);
    wakeup_.notify();
    if (thread_.joinable()) thread_.join();
  }

  bool watch(nanoseconds now, const edge::Conductor& conductor) {
    const bool goes_on = goes_on_(0);
    if (!thread_.joinable()) return goes_on;
    Glance glance = gatherer_.look(now, conductor);
    glance.connected = input_ == nullptr || input_->connected();
    glance.ends = !goes_on;
    // Full, where the terminal is slower than that: it sees a later one.
    if (glances_.push(glance)) wakeup_.notify();
    return goes_on;
  }

 private:
  void run() {
    bool was_there = true;
    while (!stopping_.load(std::memory_order_acquire)) {
      wakeup_.wait_until(live::host_now() + std::chrono::milliseconds(200));
      bool news = false;
      Glance glance;
      while (glances_.pop(glance)) news = true;
      if (!news) continue;
      if (glance.connected != was_there) {
        was_there = glance.connected;
        say("'" + input_->name() + "' is " +
            (was_there ? "back" : "gone; its notes are ended, and it may come back"));
      }
      if (terminal_) draw(glance);
    }
  }

  // A line that stays, above those that are drawn anew.
  void say(const std::string& line) {
    write(up() + "\x1b[J" + line + "\n");
    lines_ = 0;
  }

  std::string up() const { return lines_ > 0 ? "\x1b[" + std::to_string(lines_) + "A\r" : "\r"; }

  void draw(const Glance& glance) {
    winsize size{};
    ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
    const std::size_t width = size.ws_col > 0 ? size.ws_col - 1 : 79;
    const std::vector<std::string> lines = lines_of(glance);
    std::string text = up();
    for (const std::string& line : lines) text += line.substr(0, width) + "\x1b[K\n";
    lines_ = lines.size();
    write(text);
  }

  std::vector<std::string> lines_of(const Glance& glance) const {
    char place[160], who[160];
    const auto seconds = std::chrono::duration<double>(glance.now).count();
    std::string beats;
    for (std::int32_t i = 1; i <= glance.beats; ++i) beats += i == glance.beat ? " *" : " .";
    if (glance.bar == 0) {
      std::snprintf(place, sizeof place, "count-in %.1f s", -seconds);
    } else {
      std::snprintf(place, sizeof place, "bar %d%s   %.0f bpm (%s)   style %s   %d:%02d%s",
                    glance.bar, beats.c_str(), glance.bpm, terms_.tempo_is.c_str(),
                    tokens::style_names[static_cast<std::size_t>(glance.style)].data(),
                    static_cast<int>(seconds) / 60, static_cast<int>(seconds) % 60,
                    glance.held ? "   waits for you" : "");
    }
    std::string shares;
    for (int i = 0; i < edge::tier_count; ++i) {
      const float share = glance.shares[static_cast<std::size_t>(i)];
      if (share < 0.0005f) continue;
      std::snprintf(who, sizeof who, "%s%s %.1f %%", shares.empty() ? "" : ", ",
                    name_of(static_cast<edge::Tier>(i)), 100 * static_cast<double>(share));
      shares += who;
    }
    std::snprintf(who, sizeof who,
                  "answered in %.0f ms, by: ", static_cast<double>(glance.answer_ms));
    std::vector<std::string> lines = {
        place,
        "you       " + keys_of(glance.down, 'O') + "  " + names_of(glance.heard),
        "Antiphon  " + keys_of(glance.sounding, '#') + "  " + names_of(glance.answered),
        who + shares,
    };
    if (terms_.keys)
      lines.push_back("d D density  r R register  w W daring  s S style  space rests  t taps");
    lines.push_back(glance.ends ? "Ends with this bar." : "Ctrl-C ends it with the bar.");
    return lines;
  }

  static void write(const std::string& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
  }

  const generate::Progress goes_on_ = watch_for_interrupt();
  Gatherer gatherer_;
  const live::MidiInput* input_;
  ViewTerms terms_;
  const bool terminal_;
  live::SpscQueue<Glance> glances_;
  live::Wakeup wakeup_;
  std::size_t lines_ = 0;  // Of the last drawing.
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

Result<JamView> JamView::open(const tokens::Header& header, const live::MidiInput* input,
                              ViewTerms terms) {
  ANTIPHON_TRY(live::Wakeup wakeup, live::Wakeup::make());
  JamView view;
  view.screen_ = std::make_unique<Screen>(header, input, std::move(terms), std::move(wakeup));
  return view;
}

JamView::JamView() = default;
JamView::JamView(JamView&&) noexcept = default;
JamView::~JamView() = default;

edge::Watch JamView::watch() {
  return [screen = screen_.get()](nanoseconds now, const edge::Conductor& conductor) {
    return screen->watch(now, conductor);
  };
}

}  // namespace antiphon::app
