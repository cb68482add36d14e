// SPDX-License-Identifier: Apache-2.0
#include "cloud/tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <limits>

#include "base/file.h"

namespace antiphon::cloud {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr std::int64_t now = 1'800'000'000;

// A file of its own for each test.
class TokensTest : public testing::Test {
 protected:
  TokensTest() {
    std::string folder = testing::TempDir() + "antiphon-tokens-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  ~TokensTest() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path path() const { return folder_ / "node.db"; }

 private:
  std::filesystem::path folder_;
};

TokenTerms class_5b() { return {"class 5b", Role::player, 30, 20, now + 100}; }

TEST_F(TokensTest, FindsWhoseSecretItIs) {
  const auto tokens = *Tokens::open(path());
  const auto added = *tokens->add(class_5b(), now);
  ASSERT_TRUE(tokens->add({"head", Role::admin}, now).ok());
  const auto found = *tokens->find(added.secret, now);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, added.id);
  EXPECT_EQ(found->terms.name, "class 5b");
  EXPECT_EQ(found->terms.role, Role::player);
  EXPECT_EQ(found->terms.sessions, 30);
  EXPECT_EQ(found->terms.questions_a_second, 20);
  EXPECT_FALSE((*tokens->find(added.secret + "x", now)).has_value());
  EXPECT_FALSE((*tokens->find("", now)).has_value());
}

TEST_F(TokensTest, HoldsUntilItExpiresOrIsRevoked) {
  const auto tokens = *Tokens::open(path());
  const auto one = *tokens->add(class_5b(), now), other = *tokens->add(class_5b(), now);
  EXPECT_TRUE((*tokens->find(one.secret, now + 99)).has_value());
  EXPECT_FALSE((*tokens->find(one.secret, now + 100)).has_value());
  ASSERT_TRUE(tokens->revoke(one.id, now + 1).ok());
  EXPECT_FALSE((*tokens->find(one.secret, now + 2)).has_value());
  EXPECT_TRUE((*tokens->find(other.secret, now + 2)).has_value());
  EXPECT_THAT(tokens->revoke(one.id, now + 3).error().message, HasSubstr("no token 1"));
  EXPECT_FALSE(tokens->revoke(77, now).ok());
  EXPECT_EQ((*tokens->list()).size(), 2U);
}

TEST_F(TokensTest, NoSecretIsInTheFile) {
  const auto tokens = *Tokens::open(path());
  const std::string secret = (*tokens->add(class_5b(), now)).secret;
  EXPECT_EQ(secret.size(), 32U);
  for (const char* end : {"", "-wal"}) {
    const auto bytes = read_file(path().string() + end);
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    EXPECT_THAT(std::string(as_text(*bytes)), Not(HasSubstr(secret)));
  }
}

TEST_F(TokensTest, RefusesWhatCantBe) {
  const auto tokens = *Tokens::open(path());
  TokenTerms terms = class_5b();
  terms.name = "";
  EXPECT_THAT(tokens->add(terms, now).error().message, HasSubstr("name"));
  terms = class_5b();
  terms.sessions = 0;
  EXPECT_THAT(tokens->add(terms, now).error().message, HasSubstr("sessions"));
  terms = class_5b();
  terms.questions_a_second = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THAT(tokens->add(terms, now).error().message, HasSubstr("questions"));
}

TEST_F(TokensTest, SaysWhatFileIsNone) {
  ASSERT_TRUE(write_file(path(), std::string(4096, 'x')).ok());
  EXPECT_THAT(Tokens::open(path()).error().message, HasSubstr("node.db: file is not a database"));
  EXPECT_THAT(Tokens::open("/nowhere/node.db").error().message, HasSubstr("/nowhere/node.db: "));
}

// A process is killed while it adds: what it had acknowledged by then is there.
TEST_F(TokensTest, KillingLosesNothingThatWasAcknowledged) {
  for (const int acknowledged : {1, 3, 8}) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      const auto tokens = Tokens::open(path());
      while (tokens.ok()) {
        const auto added = (*tokens)->add(class_5b(), now);
        if (!added.ok()) break;
        if (::write(pipe[1], added->secret.data(), 32) != 32) break;
      }
      ::_exit(1);
    }
    ::close(pipe[1]);
    std::vector<std::string> secrets;
    char secret[32];
    for (int i = 0; i < acknowledged; ++i) {
      ASSERT_EQ(::read(pipe[0], secret, 32), 32);
      secrets.emplace_back(secret, 32);
    }
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));
    while (::read(pipe[0], secret, 32) == 32) secrets.emplace_back(secret, 32);
    ::close(pipe[0]);
    const auto tokens = *Tokens::open(path());
    for (const std::string& one : secrets) EXPECT_TRUE((*tokens->find(one, now)).has_value());
  }
}

}  // namespace
}  // namespace antiphon::cloud
