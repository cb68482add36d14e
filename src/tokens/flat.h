// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "tokens/stream.h"

namespace antiphon::tokens {

/// The alternative that compound events are measured against: every field of every event is a model
/// step of its own, in the same order, over one list of tokens. Tokens [0, input::rows) say the
/// header with the input tables' rows; the fields' classes follow, each field after the one before
/// it.
struct FlatStep {
  std::uint16_t token;
  std::int32_t time;  ///< Grid step of the event that the token is of.

  friend bool operator==(const FlatStep&, const FlatStep&) = default;
};

/// What a flat model can say: the classes of all fields.
int flat_classes();
inline int flat_tokens() { return input::rows + flat_classes(); }

/// The token that says class `value` of a field.
std::uint16_t flat_token(int field, int value);

/// Header and events as flat steps. The header's tokens are not predicted; `events_begin` is where
/// the first event's first token stands.
struct FlatPiece {
  std::vector<FlatStep> steps;
  std::size_t events_begin = 0;
};
FlatPiece flatten(const Header& header, std::span<const Event> events, std::int32_t from);

/// The events that `piece` says.
/// Errors: a token that can't follow the one before it.
Result<std::vector<Event>> unflatten(const FlatPiece& piece);

}  // namespace antiphon::tokens
