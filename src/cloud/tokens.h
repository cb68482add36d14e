// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace antiphon::cloud {

/// What the owner of a token may do.
enum class Role : std::uint8_t {
  player,  ///< Plays.
  admin,   ///< Also adds, lists and revokes tokens.
};
inline constexpr std::array<const char*, 2> role_names = {"player", "admin"};
std::optional<Role> role_of(std::string_view name);

/// What a token is for.
struct TokenTerms {
  std::string name;  ///< For people, such as "class 5b".
  Role role = Role::player;
  int sessions = 1;                ///< Jams at a time, 1 to 10,000.
  double questions_a_second = 40;  ///< Of each jam, above 0 and at most 1,000.
  std::int64_t expires = 0;        ///< Seconds since 1970; 0: never.

  /// Errors: what is out of its range.
  Status check() const;
};

struct Token {
  std::int64_t id = 0;
  TokenTerms terms;
  std::int64_t made = 0, revoked = 0;  ///< Seconds since 1970; 0: it wasn't revoked.

  bool holds(std::int64_t now) const {
    return revoked == 0 && (terms.expires == 0 || now < terms.expires);
  }
};

/// The tokens of a node, in a file of SQLite's. Secrets aren't in it, only their hashes. What was
/// acknowledged is on the disk, whatever happens then; several processes may use the file.
///
/// Threads: any, one at a time waits for another.
class Tokens {
 public:
  /// Errors: a file that can't be opened, or is none of ours.
  static Result<std::unique_ptr<Tokens>> open(const std::filesystem::path& path);
  virtual ~Tokens() = default;

  struct New {
    std::int64_t id = 0;
    std::string secret;  ///< Shown this once.
  };
  virtual Result<New> add(const TokenTerms& terms, std::int64_t now) = 0;
  virtual Result<std::vector<Token>> list() = 0;
  /// Errors: there is none of this number, or it has been revoked before.
  virtual Status revoke(std::int64_t id, std::int64_t now) = 0;
  /// Whose secret it is, if it holds now.
  virtual Result<std::optional<Token>> find(std::string_view secret, std::int64_t now) = 0;
};

}  // namespace antiphon::cloud
