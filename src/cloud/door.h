// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "cloud/tokens.h"

namespace antiphon::cloud {

/// Where those without tokens play, what each may do.
inline constexpr double usual_questions_a_second = 40;

/// Who may come in to play, and as how many.
///
/// Threads: any.
class Door {
 public:
  /// Without `tokens`, which is borrowed, all may.
  explicit Door(Tokens* tokens) : tokens_(tokens) {}

  /// A session of a token, as long as it lives. It must not outlive the door.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Door& door, std::int64_t token, double questions_a_second)
        : door_(&door), token_(token), questions_a_second_(questions_a_second) {}
    Ticket(Ticket&& other) noexcept { *this = std::move(other); }
    Ticket& operator=(Ticket&& other) noexcept {
      std::swap(door_, other.door_);
      token_ = other.token_;
      questions_a_second_ = other.questions_a_second_;
      return *this;
    }
    ~Ticket() {
      if (door_ != nullptr) door_->give_back(token_);
    }
    std::int64_t token() const { return token_; }  ///< 0: without one.
    double questions_a_second() const { return questions_a_second_; }

   private:
    Door* door_ = nullptr;
    std::int64_t token_ = 0;
    double questions_a_second_ = usual_questions_a_second;
  };

  /// Errors: the door is closed, the secret is no token's, it has as many sessions as it may.
  Result<Ticket> let_in(std::string_view secret);
  /// Nobody else comes in from now on.
  void close();
  bool closed() const;

 private:
  void give_back(std::int64_t token);

  Tokens* const tokens_;
  mutable std::mutex mutex_;
  std::map<std::int64_t, int> sessions_;  // By token.
  bool closed_ = false;
};

/// Seconds since 1970.
std::int64_t seconds_now();

/// So many things a second, and `most` at once.
///
/// Threads: one.
class Allowance {
 public:
  Allowance(double a_second, double most) : a_second_(a_second), most_(most), left_(most) {}
  /// Whether there are `count` more at `seconds`, a time that doesn't go back; if so, takes them.
  bool take(double count, double seconds);

 private:
  double a_second_, most_, left_, at_ = 0;
};

}  // namespace antiphon::cloud
