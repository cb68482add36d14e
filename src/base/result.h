// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace antiphon {

/// What kind of failure; maps one to one to the protocol's codes.
enum class Errc { invalid_input, not_found, unsupported, unavailable, out_of_range, io, internal };

/// Why something failed: a code for programs and one sentence for people (what, where, what was
/// expected).
struct Error {
  Errc code;
  std::string message;
};

/// A value, or the error that stands in its place.
template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & { return assert(ok()), std::get<0>(state_); }
  const T& value() const& { return assert(ok()), std::get<0>(state_); }
  T&& value() && { return assert(ok()), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const { return assert(!ok()), std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// Success without a value, or an error.
struct Done {};
using Status = Result<Done>;

}  // namespace antiphon

#define ANTIPHON_CONCAT_(a, b) a##b
#define ANTIPHON_CONCAT(a, b) ANTIPHON_CONCAT_(a, b)

/// `ANTIPHON_TRY(auto x, f());` declares x from f's value, or returns f's error from this function.
#define ANTIPHON_TRY(declaration, expression)                                                 \
  auto ANTIPHON_CONCAT(result_, __LINE__) = (expression);                                     \
  if (!ANTIPHON_CONCAT(result_, __LINE__)) return ANTIPHON_CONCAT(result_, __LINE__).error(); \
  declaration = std::move(*ANTIPHON_CONCAT(result_, __LINE__))

/// `ANTIPHON_CHECK(f());` returns f's error from this function if it failed.
#define ANTIPHON_CHECK(expression) \
  if (auto result_ = (expression); !result_) return result_.error()
