// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "generate/improviser.h"

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
  std::uint32_t within_us = 0;  ///< Later, an answer for the first frame is worth nothing.
  std::int32_t reach = 0;       ///< Steps that the answer reaches; 0: as many as at joining.
};

struct Tell {
  std::vector<generate::TimedEvent> events;
  std::optional<Ask> ask;
};

struct Ping {
  std::uint64_t stamp = 0;  ///< Comes back as it is.
};

using Up = std::variant<Join, Tell, Ping>;

// Down, from the node.

struct Joined {
  std::string model, weights;  ///< Name, and SHA-256 in hex.
};

struct Draft {
  std::uint32_t request = 0;
  std::vector<generate::TimedEvent> events;
  std::int32_t until = 0;
  std::uint32_t heard = 0;
};

struct Late {
  std::uint32_t request = 0;
};

struct Refused {
  std::string reason;  ///< One sentence.
};

using Down = std::variant<Joined, Draft, Late, Refused, Ping>;

std::string encode(const Up& message);
std::string encode(const Down& message);

/// Errors: not a message of this protocol, another version or vocabulary, a number out of its
/// range. Which slots a message may name isn't known here.
Result<Up> parse_up(std::string_view bytes);
Result<Down> parse_down(std::string_view bytes);

}  // namespace antiphon::wire
