// SPDX-License-Identifier: Apache-2.0
#include "live/wakeup.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

namespace antiphon::live {

using std::chrono::nanoseconds;

nanoseconds host_now() { return std::chrono::steady_clock::now().time_since_epoch(); }

Result<Wakeup> Wakeup::make() {
  const int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (event < 0)
    return Error{Errc::unavailable, "no event descriptor: " + std::string(std::strerror(errno))};
  return Wakeup(event);
}

Wakeup::Wakeup(Wakeup&& other) noexcept : event_(std::exchange(other.event_, -1)) {}

Wakeup::~Wakeup() {
  if (event_ >= 0) close(event_);
}

void Wakeup::notify() const noexcept {
  const std::uint64_t one = 1;
  // Fails only where 2^64 - 2 notices wait already, and then nothing is lost.
  [[maybe_unused]] const auto written = write(event_, &one, sizeof one);
}

void Wakeup::wait_until(nanoseconds deadline) const noexcept {
  const nanoseconds left = deadline - host_now();
  if (left > nanoseconds::zero()) {
    const timespec timeout{static_cast<std::time_t>(left / std::chrono::seconds(1)),
                           static_cast<long>((left % std::chrono::seconds(1)).count())};
    pollfd event{event_, POLLIN, 0};
    ppoll(&event, 1, &timeout, nullptr);
  }
  clear();
}

void Wakeup::clear() const noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto got = read(event_, &count, sizeof count);
}

}  // namespace antiphon::live
