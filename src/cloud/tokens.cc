// SPDX-License-Identifier: Apache-2.0
#include "cloud/tokens.h"

#include <sqlite3.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "crypto/hash.h"
#include "crypto/secret.h"

namespace antiphon::cloud {
namespace {

constexpr int version = 1;
constexpr int patience_ms = 5000;  // With another process that writes.
constexpr std::size_t longest_name = 200;

constexpr const char* schema = R"(
CREATE TABLE tokens (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  hash TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  questions_a_second REAL NOT NULL,
  expires INTEGER NOT NULL,
  made INTEGER NOT NULL,
  revoked INTEGER NOT NULL DEFAULT 0
) STRICT;
PRAGMA user_version = 1;
)";
constexpr const char* columns =
    "SELECT id, name, role, sessions, questions_a_second, expires, made, revoked FROM tokens ";

struct Close {
  void operator()(sqlite3* base) const { sqlite3_close_v2(base); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Base = std::unique_ptr<sqlite3, Close>;

// A statement and its values, from its first question mark on.
class Statement {
 public:
  Statement(sqlite3* base, const std::string& text) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(base, text.c_str(), -1, &statement, nullptr);
    statement_.reset(statement);  // Null if it failed: then `step` fails.
  }
  Statement& bind(std::int64_t value) {
    sqlite3_bind_int64(statement_.get(), ++bound_, value);
    return *this;
  }
  Statement& bind(double value) {
    sqlite3_bind_double(statement_.get(), ++bound_, value);
    return *this;
  }
  Statement& bind(const std::string& value) {
    sqlite3_bind_text(statement_.get(), ++bound_, value.c_str(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }
  int step() { return sqlite3_step(statement_.get()); }
  std::int64_t integer(int column) { return sqlite3_column_int64(statement_.get(), column); }
  double real(int column) { return sqlite3_column_double(statement_.get(), column); }
  std::string text(int column) {
    const auto* const text = sqlite3_column_text(statement_.get(), column);
    return text == nullptr ? "" : reinterpret_cast<const char*>(text);
  }

 private:
  std::unique_ptr<sqlite3_stmt, Close> statement_;
  int bound_ = 0;
};

Token token_of(Statement& row) {
  Token token;
  token.id = row.integer(0);
  token.terms.name = row.text(1);
  token.terms.role = role_of(row.text(2)).value_or(Role::player);
  token.terms.sessions = static_cast<int>(row.integer(3));
  token.terms.questions_a_second = row.real(4);
  token.terms.expires = row.integer(5);
  token.made = row.integer(6);
  token.revoked = row.integer(7);
  return token;
}

std::string hash_of(std::string_view secret) { return crypto::sha256_hex(as_bytes(secret)); }

class TokenBase : public Tokens {
 public:
  TokenBase(Base base, std::string path) : base_(std::move(base)), path_(std::move(path)) {}

  Status prepare() {
    sqlite3_busy_timeout(base_.get(), patience_ms);
    // FULL: with it a commit has reached the disk before it is acknowledged.
    ANTIPHON_CHECK(run("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN IMMEDIATE"));
    Statement of_file(base_.get(), "PRAGMA user_version");
    if (of_file.step() != SQLITE_ROW) return failed();
    const std::int64_t found = of_file.integer(0);
    if (found == 0) ANTIPHON_CHECK(run(schema));
    if (found > version) {
      return Error{Errc::unsupported, path_ + ": of version " + std::to_string(found) +
                                          ", this program knows up to " + std::to_string(version)};
    }
    return run("COMMIT");
  }

  Result<New> add(const TokenTerms& terms, std::int64_t now) override {
    ANTIPHON_CHECK(terms.check());
    const std::string secret = crypto::new_secret();
    const std::lock_guard lock(mutex_);
    Statement insert(base_.get(),
                     "INSERT INTO tokens (hash, name, role, sessions, questions_a_second, expires, "
                     "made) VALUES (?, ?, ?, ?, ?, ?, ?)");
    insert.bind(hash_of(secret)).bind(terms.name);
    insert.bind(std::string(role_names[static_cast<std::size_t>(terms.role)]));
    insert.bind(std::int64_t{terms.sessions}).bind(terms.questions_a_second);
    insert.bind(terms.expires).bind(now);
    if (insert.step() != SQLITE_DONE) return failed();
    return New{sqlite3_last_insert_rowid(base_.get()), secret};
  }

  Result<std::vector<Token>> list() override {
    const std::lock_guard lock(mutex_);
    Statement select(base_.get(), columns + std::string("ORDER BY id"));
    std::vector<Token> tokens;
    int got = select.step();
    for (; got == SQLITE_ROW; got = select.step()) tokens.push_back(token_of(select));
    if (got != SQLITE_DONE) return failed();
    return tokens;
  }

  Status revoke(std::int64_t id, std::int64_t now) override {
    const std::lock_guard lock(mutex_);
    Statement update(base_.get(), "UPDATE tokens SET revoked = ? WHERE id = ? AND revoked = 0");
    if (update.bind(now).bind(id).step() != SQLITE_DONE) return failed();
    if (sqlite3_changes(base_.get()) == 1) return Done{};
    return Error{Errc::not_found, "no token " + std::to_string(id) + " that isn't revoked"};
  }

  Result<std::optional<Token>> find(std::string_view secret, std::int64_t now) override {
    const std::lock_guard lock(mutex_);
    Statement select(base_.get(), columns + std::string("WHERE hash = ?"));
    const int got = select.bind(hash_of(secret)).step();
    if (got != SQLITE_ROW && got != SQLITE_DONE) return failed();
    if (got == SQLITE_DONE) return std::optional<Token>();
    const Token token = token_of(select);
    return token.holds(now) ? std::optional(token) : std::nullopt;
  }

 private:
  Status run(const char* statements) {
    if (sqlite3_exec(base_.get(), statements, nullptr, nullptr, nullptr) == SQLITE_OK)
      return Done{};
    return failed();
  }
  Error failed() const { return {Errc::io, path_ + ": " + sqlite3_errmsg(base_.get())}; }

  const Base base_;
  const std::string path_;
  std::mutex mutex_;
};

}  // namespace

std::optional<Role> role_of(std::string_view name) {
  const auto found = std::find(role_names.begin(), role_names.end(), name);
  if (found == role_names.end()) return {};
  return static_cast<Role>(found - role_names.begin());
}

Status TokenTerms::check() const {
  if (name.empty() || name.size() > longest_name) {
    return Error{Errc::invalid_input, "a token's name must have 1 to " +
                                          std::to_string(longest_name) + " bytes, got " +
                                          std::to_string(name.size())};
  }
  if (sessions < 1 || sessions > 10000) {
    return Error{Errc::invalid_input,
                 "a token's sessions must be 1 to 10000, got " + std::to_string(sessions)};
  }
  // Written so that NaN fails too.
  if (!(questions_a_second > 0 && questions_a_second <= 1000)) {
    return Error{Errc::invalid_input,
                 "a token's questions a second must be above 0 and at most "
                 "1000, got " +
                     std::to_string(questions_a_second)};
  }
  if (expires < 0) return Error{Errc::invalid_input, "a token can't expire before 1970"};
  return Done{};
}

Result<std::unique_ptr<Tokens>> Tokens::open(const std::filesystem::path& path) {
  sqlite3* opened = nullptr;
  const int got =
      sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Base base(opened);
  if (got != SQLITE_OK) return Error{Errc::io, path.string() + ": " + sqlite3_errstr(got)};
  auto tokens = std::make_unique<TokenBase>(std::move(base), path.string());
  ANTIPHON_CHECK(tokens->prepare());
  return std::unique_ptr<Tokens>(std::move(tokens));
}

}  // namespace antiphon::cloud
