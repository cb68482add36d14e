// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "generate/improviser.h"
#include "generate/split_model.h"

/// What an edge and a node say to each other: `antiphon.proto` in our own types. What is parsed is
/// within its ranges, whoever sent it.
namespace antiphon::wire {

inline constexpr std::uint32_t protocol = 1;
/// Of one message, in bytes.
inline constexpr std::size_t largest_message = std::size_t{1} << 16;
/// Grid steps that a jam may last: a day at 240 beats a minute.
inline constexpr std::int32_t longest_jam = 240 * 60 * 24 * 12;

// Up, from the edge.

struct Join {
  std::string token;
  tokens::Header header;
  generate::Sampling sampling;
  std::int32_t reach = 96;  ///< Steps, in [3, 768].
  std::int32_t start = 0;   ///< The step at which the node comes in.
};

struct Ask {
  std::int32_t from = 0;
  std::uint32_t request = 0;
  std::uint32_t within_us = 0;  ///< Later, an answer is worth nothing; 0: it isn't said.
  std::int32_t reach = 0;       ///< Steps that the answer reaches; 0: as many as at joining.
  /// What the edge drafted for the whole reach, to be checked; empty: the node drafts.
  std::vector<generate::DrawnChoice> drafted = {};
  std::int32_t foretold = 0;  ///< Steps whose harmony is asked for, too.
};

struct Tell {
  std::vector<generate::TimedEvent> events;
  std::optional<Ask> ask;
};

struct Ping {
  std::uint64_t stamp = 0;  ///< Comes back as it is.
};

/// Instead of a `Join`: the model's middle layers are what is wanted of the node.
struct JoinLayers {
  std::string token;
  std::string weights;  ///< SHA-256 in hex.
  nn::Cut cut;
};

struct Steps {
  generate::MiddleSteps steps;
  std::uint32_t within_us = 0;  ///< Later, the answer is worth nothing.
};

using Up = std::variant<Join, Tell, Ping, JoinLayers, Steps>;

// Down, from the node.

struct Joined {
  std::string model, weights;  ///< Name, and SHA-256 in hex.
};

struct Draft {
  std::uint32_t request = 0;
  std::vector<generate::TimedEvent> events;
  std::int32_t until = 0;
  std::uint32_t heard = 0;
  /// Before this step the answer is what the edge drafted, and that isn't among the events.
  std::int32_t agreed = 0;
};

/// The chords that are expected, in place of those from the first on.
struct Harmony {
  std::uint32_t request = 0;
  generate::Chart chords;
};

struct Late {
  std::uint32_t request = 0;
};

struct Refused {
  std::string reason;  ///< One sentence.
};

struct Added {
  std::uint32_t serial = 0;
  nn::Activations rows;
};

using Down = std::variant<Joined, Draft, Late, Refused, Ping, Harmony, Added>;

/// What an improviser has drafted or foretold, which isn't nothing, as a message, and back.
Down answer_of(std::span<const generate::Drafted> drafted);
std::vector<generate::Drafted> drafted_of(const Draft& draft);
std::vector<generate::Drafted> drafted_of(const Harmony& harmony);

std::string encode(const Up& message);
std::string encode(const Down& message);

/// Errors: not a message of this protocol, another version or vocabulary, a number out of its
/// range. Which slots a message may name isn't known here.
Result<Up> parse_up(std::string_view bytes);
Result<Down> parse_down(std::string_view bytes);

}  // namespace antiphon::wire
