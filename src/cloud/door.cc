// SPDX-License-Identifier: Apache-2.0
#include "cloud/door.h"

#include <chrono>
#include <string>

namespace antiphon::cloud {

std::int64_t seconds_now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

Result<Door::Ticket> Door::let_in(std::string_view secret) {
  if (closed()) return Error{Errc::unavailable, "the node is about to stop"};
  if (tokens_ == nullptr) return Ticket();
  ANTIPHON_TRY(const auto token, tokens_->find(secret, seconds_now()));
  if (!token) return Error{Errc::invalid_input, "the token isn't known here, or not any more"};
  const std::lock_guard lock(mutex_);
  int& sessions = sessions_[token->id];
  if (sessions >= token->terms.sessions) {
    return Error{Errc::unavailable, "the token is for " + std::to_string(token->terms.sessions) +
                                        " sessions at a time, and has them"};
  }
  ++sessions;
  return Ticket(*this, token->id, token->terms.questions_a_second);
}

void Door::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
}

bool Door::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

void Door::give_back(std::int64_t token) {
  const std::lock_guard lock(mutex_);
  if (--sessions_[token] == 0) sessions_.erase(token);
}

bool Allowance::take(double count, double seconds) {
  left_ = std::min(left_ + a_second_ * (seconds - at_), most_);
  at_ = seconds;
  if (left_ < count) return false;
  left_ -= count;
  return true;
}

}  // namespace antiphon::cloud
