// SPDX-License-Identifier: Apache-2.0
#include "cloud/rest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>

#include "cloud/node.h"
#include "generate/noisy_model.h"

namespace antiphon::cloud {
namespace {

using nlohmann::json;
using testing::HasSubstr;

RestOptions options() {
  RestOptions options;
  options.version = "1.2.3";
  options.models = {{"duet", "abc", "CC BY 4.0", "# duet\n"}};
  options.accompany = [](ByteView midi, const std::map<std::string, std::string>& wishes,
                         const std::function<bool()>&) -> Result<Bytes> {
    if (wishes.contains("parts")) return Error{Errc::invalid_input, "no such part"};
    return Bytes(midi.rbegin(), midi.rend());
  };
  return options;
}

class RestTest : public testing::Test {
 protected:
  explicit RestTest(RestOptions with = options())
      : node_([] { return std::make_unique<generate::NoisyModel>(512); }, {"duet", "abc"}),
        tokens_(*Tokens::open(":memory:")),
        door_(tokens_.get()),
        rest_(std::move(with), node_, door_, tokens_.get()) {
    player_ = (*tokens_->add({"a", Role::player}, seconds_now())).secret;
    admin_ = (*tokens_->add({"b", Role::admin}, seconds_now())).secret;
  }
  Response ask(const std::string& method, const std::string& target, const std::string& secret = "",
               const std::string& body = "") {
    // Shared, for who answers may not be done with it when the answer is there.
    const auto answered = std::make_shared<std::promise<Response>>();
    rest_.answer({method, target, secret, body},
                 [answered](Response response) { answered->set_value(std::move(response)); });
    return answered->get_future().get();
  }
  json ask_json(const std::string& target, const std::string& secret = "") {
    return json::parse(ask("GET", target, secret).body);
  }

  Node node_;
  std::unique_ptr<Tokens> tokens_;
  Door door_;
  Rest rest_;
  std::string player_, admin_;
};

// Every route is described, and what is described is a route; who may and what may come back agree.
TEST_F(RestTest, IsWhatItsDescriptionSays) {
  const json file = ask_json("/openapi.json");
  std::set<std::pair<std::string, std::string>> described;
  for (const auto& [path, methods] : file["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      std::string upper = method;
      for (char& letter : upper) letter = static_cast<char>(std::toupper(letter));
      described.emplace(upper, path);
      std::string target = path;
      if (const auto at = target.find("{name}"); at != std::string::npos)
        target.replace(at, 6, "duet");
      if (const auto at = target.find("{id}"); at != std::string::npos) target.replace(at, 4, "1");
      const Response stranger = ask(upper, target);
      const bool needs_token = operation.contains("security");
      EXPECT_EQ(stranger.status == 401, needs_token) << upper << ' ' << path;
      const Response known = ask(upper, target, admin_, "{\"name\": \"c\"}");
      EXPECT_TRUE(operation["responses"].contains(std::to_string(known.status)))
          << upper << ' ' << path << " gave " << known.status;
      if (known.status == 204) continue;
      const auto& content = operation["responses"][std::to_string(known.status)]["content"];
      const std::string type = known.type.substr(0, known.type.find(';'));
      EXPECT_TRUE(content.contains(type)) << upper << ' ' << path << " gave " << type;
    }
  }
  const auto routes = Rest::routes();
  EXPECT_EQ(described, std::set(routes.begin(), routes.end()));
}

TEST_F(RestTest, SaysWhatTheNodeIs) {
  EXPECT_EQ(ask("GET", "/health").body, "ok\n");
  EXPECT_THAT(ask("GET", "/metrics").body, HasSubstr("antiphon_players 0\n"));
  EXPECT_EQ(ask_json("/v1/version")["version"], "1.2.3");
  EXPECT_EQ(ask_json("/v1/models")["models"][0]["licence"], "CC BY 4.0");
  EXPECT_EQ(ask("GET", "/v1/models/duet/card").body, "# duet\n");
  EXPECT_EQ(ask("GET", "/v1/models/other/card").status, 404);
  EXPECT_EQ(ask("GET", "/ready").status, 200);
  door_.close();
  EXPECT_EQ(ask("GET", "/ready").status, 503);
}

TEST_F(RestTest, AnAdminManagesTokens) {
  EXPECT_EQ(ask("GET", "/v1/tokens").status, 401);
  EXPECT_EQ(ask("GET", "/v1/tokens", player_).status, 403);
  const Response added =
      ask("POST", "/v1/tokens", admin_, R"({"name": "class 5b", "sessions": 30})");
  ASSERT_EQ(added.status, 201);
  const json token = json::parse(added.body);
  const std::string secret = token["token"];
  EXPECT_EQ((*tokens_->find(secret, seconds_now()))->terms.sessions, 30);
  const Response listed = ask("GET", "/v1/tokens", admin_);
  EXPECT_THAT(listed.body, HasSubstr("class 5b"));
  EXPECT_EQ(listed.body.find(secret), std::string::npos);
  const std::string path = "/v1/tokens/" + token["id"].dump();
  EXPECT_EQ(ask("DELETE", path, admin_).status, 204);
  EXPECT_EQ(ask("DELETE", path, admin_).status, 404);
  EXPECT_FALSE((*tokens_->find(secret, seconds_now())).has_value());
}

TEST_F(RestTest, RefusesWhatCantBe) {
  EXPECT_EQ(ask("GET", "/").status, 404);
  EXPECT_EQ(ask("DELETE", "/health").status, 405);
  EXPECT_EQ(ask("DELETE", "/v1/tokens/one", admin_).status, 404);
  for (const char* body : {"", "[]", "{", R"({"name": 7})", R"({"name": "x", "role": "king"})",
                           R"({"name": "x", "sessions": 1e300})", R"({"sessions": 1})"})
    EXPECT_EQ(ask("POST", "/v1/tokens", admin_, body).status, 400) << body;
}

TEST_F(RestTest, PlaysAlongWithAFile) {
  const Response played = ask("POST", "/v1/accompany?seed=7", player_, "abc");
  EXPECT_EQ(played.type, "audio/midi");
  EXPECT_EQ(played.body, "cba");
  EXPECT_EQ(ask("POST", "/v1/accompany?parts=kazoo", player_, "abc").status, 400);
}

// A job that takes until it is told to stop.
class SlowRest : public RestTest {
 protected:
  SlowRest() : RestTest(slow()) {}
  static RestOptions slow() {
    RestOptions with = options();
    with.accompany = [](ByteView, const std::map<std::string, std::string>&,
                        const std::function<bool()>& goes_on) -> Result<Bytes> {
      while (goes_on()) std::this_thread::yield();
      return Bytes();
    };
    with.longest_job = std::chrono::milliseconds(1);
    return with;
  }
};

TEST_F(SlowRest, AJobThatTakesTooLongIsStopped) {
  EXPECT_EQ(ask("POST", "/v1/accompany", player_).status, 503);
}

class BusyRest : public RestTest {
 protected:
  BusyRest() : RestTest(busy()) {}
  RestOptions busy() {
    RestOptions with = options();
    with.most_jobs = 1;
    with.accompany = [gate = gate_.get_future().share()](
                         ByteView, const std::map<std::string, std::string>&,
                         const std::function<bool()>&) -> Result<Bytes> {
      gate.wait();
      return Bytes();
    };
    return with;
  }
  static inline std::promise<void> gate_;
};

// One is worked on and one waits.
TEST_F(BusyRest, MoreJobsThanMayWaitAreToldSo) {
  std::array<std::shared_ptr<std::promise<int>>, 3> answered;
  for (auto& one : answered) {
    one = std::make_shared<std::promise<int>>();
    rest_.answer({"POST", "/v1/accompany", player_, ""},
                 [one](const Response& response) { one->set_value(response.status); });
  }
  gate_.set_value();
  std::vector<int> statuses;
  for (const auto& one : answered) statuses.push_back(one->get_future().get());
  EXPECT_THAT(statuses, testing::Contains(429));
  EXPECT_THAT(statuses, testing::Contains(200));
}

}  // namespace
}  // namespace antiphon::cloud
