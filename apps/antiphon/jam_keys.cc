// SPDX-License-Identifier: Apache-2.0
#include "antiphon/jam_keys.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <string_view>
#include <thread>

namespace antiphon::app {
namespace {

using generate::Control;

constexpr float step = 0.1f;

class RawTerminalKeys : public TerminalKeys {
 public:
  RawTerminalKeys(const live::Wakeup& wakeup, tokens::Style style, const termios& before)
      : wakeup_(wakeup), before_(before), wishes_(style), queue_(64) {
    termios raw = before;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // Ctrl-C stays a signal.
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    thread_ = std::thread([this] { read(); });
  }
  ~RawTerminalKeys() override {
    stopping_ = true;
    thread_.join();
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }
  live::SpscQueue<edge::Wish>& queue() override { return queue_; }

 private:
  void read() {
    while (!stopping_) {
      pollfd descriptor{STDIN_FILENO, POLLIN, 0};
      if (::poll(&descriptor, 1, 100) <= 0) continue;
      char key = 0;
      if (::read(STDIN_FILENO, &key, 1) != 1) return;
      if (const auto wish = wishes_.press(key, live::host_now())) {
        queue_.push(*wish);
        wakeup_.notify();
      }
    }
  }

  const live::Wakeup& wakeup_;
  const termios before_;
  KeyWishes wishes_;
  live::SpscQueue<edge::Wish> queue_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace

std::optional<edge::Wish> KeyWishes::press(char key, std::chrono::nanoseconds at) {
  constexpr std::string_view down = "wdr ", up = "WDR ";  // In the order of the kinds.
  if (key == 't') return edge::Tap{at};
  if (key == 's' || key == 'S') {
    constexpr int last = static_cast<int>(tokens::style_names.size()) - 1;
    const int next = static_cast<int>(style_) + (key == 's' ? -1 : 1);
    style_ = static_cast<tokens::Style>(std::clamp(next, 0, last));
    return Control{Control::Kind::style, generate::value_of(style_)};
  }
  const auto less = down.find(key), more = up.find(key);
  const std::size_t index = std::min(less, more);
  if (index == std::string_view::npos) return {};
  const auto kind = static_cast<Control::Kind>(index);
  float& value = values_[index];
  const float sign = less != std::string_view::npos ? -1.0f : 1.0f;
  if (kind == Control::Kind::rest) {
    value = 1 - value;
  } else {
    value = std::clamp(value + sign * step, 0.0f, 1.0f);
  }
  return Control{kind, value};
}

std::unique_ptr<TerminalKeys> TerminalKeys::start(const live::Wakeup& wakeup, tokens::Style style) {
  termios before{};
  // In the background, a terminal isn't ours to change.
  if (isatty(STDIN_FILENO) == 0 || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
      tcgetattr(STDIN_FILENO, &before) != 0)
    return nullptr;
  return std::make_unique<RawTerminalKeys>(wakeup, style, before);
}

}  // namespace antiphon::app
