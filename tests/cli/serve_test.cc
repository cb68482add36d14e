// SPDX-License-Identifier: Apache-2.0
// A node and who plays with it, as two programs on this machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

// `antiphon serve` at a free port, until the test is over.
class Serve : public testing::Test {
 protected:
  void SetUp() override { ::setenv("XDG_STATE_HOME", folder().c_str(), 1); }
  void start(const std::vector<std::string>& more = {}, const std::string& port = "0") {
    const std::string log = (folder() / "node.log").string();
    std::filesystem::remove(log);
    std::vector<std::string> words = {ANTIPHON_BINARY, "serve", "--port", port};
    words.insert(words.end(), more.begin(), more.end());
    node_ = ::fork();
    if (node_ == 0) {
      std::vector<char*> arguments;
      for (std::string& word : words) arguments.push_back(word.data());
      arguments.push_back(nullptr);
      if (::chdir(folder().c_str()) != 0 || std::freopen(log.c_str(), "w", stderr) == nullptr)
        ::_exit(126);
      ::execv(ANTIPHON_BINARY, arguments.data());
      ::_exit(127);
    }
    port_.clear();
    for (int i = 0; i < 400 && port_.empty(); ++i) {
      std::this_thread::sleep_for(50ms);
      const std::string text = read("node.log");
      const auto at = text.find("127.0.0.1:");
      if (at != std::string::npos) port_ = text.substr(at + 10, text.find('"', at) - at - 10);
    }
    ASSERT_FALSE(port_.empty()) << read("node.log");
  }
  // Gives the node's exit status.
  int stop(int signal = SIGTERM) {
    if (node_ <= 0) return -1;
    ::kill(node_, signal);
    int status = -1;
    ::waitpid(node_, &status, 0);
    node_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }
  void TearDown() override { stop(); }
  Outcome jam(const std::string& flags) {
    write("tune.abc", tune);
    return run(
        "jam --performer tune.abc --tempo 240 --model none --sound none "
        "--node-certificate antiphon/node.cert.pem --node localhost:" +
        port_ + " " + flags);
  }

  std::string port_;

 private:
  pid_t node_ = -1;
};

TEST_F(Serve, ANodePlaysWithAPlayer) {
  start();
  const Outcome outcome =
      jam("--mode cloud-first --explain --record far.mid --report far.json --timeline line.json");
  ASSERT_EQ(outcome.status, 0) << outcome.err << read("node.log");
  EXPECT_THAT(read("far.mid"), HasSubstr("Antiphon: "));
  const auto report = nlohmann::json::parse(read("far.json"));
  EXPECT_TRUE(report["model"].is_null());
  EXPECT_EQ(report["node"]["model"], "duet-edge");
  EXPECT_THAT(outcome.err, HasSubstr("cloud-first, asked every"));
  // How much of it was in time depends on the machine; that it played at all doesn't.
  EXPECT_GT(report["live"]["tier_share"]["cloud"].get<double>() +
                report["live"]["tier_share"]["cloud_backup"].get<double>(),
            0.0);
  EXPECT_GT(report["node"]["bytes_down"], 0);
  EXPECT_EQ(report["node"]["breaks"], 0);
  EXPECT_EQ(stop(), 0);
  const std::string log = read("node.log");
  EXPECT_THAT(log, HasSubstr(R"("event":"joined")"));
  EXPECT_THAT(log, HasSubstr(R"("event":"stops","players":"1")"));
}

TEST_F(Serve, AModelIsSharedByLayersAndTheNodeIsToldNoNotes) {
  start();
  const Outcome outcome =
      jam("--mode layers --policy activations --layers 1:5 --noise 0.1 --explain --record far.mid "
          "--report far.json");
  ASSERT_EQ(outcome.status, 0) << outcome.err << read("node.log");
  EXPECT_THAT(outcome.err, HasSubstr("layers, asked every"));
  const auto report = nlohmann::json::parse(read("far.json"));
  EXPECT_EQ(report["node"]["notes_left"], 0);
  EXPECT_GT(report["node"]["rows_left"], 0);
  EXPECT_GT(report["node"]["bytes_down"], 0);
  EXPECT_EQ(report["node"]["breaks"], 0);
  EXPECT_EQ(stop(), 0);
  EXPECT_THAT(read("node.log"), HasSubstr(R"("layers":"1:5")"));
}

TEST_F(Serve, AModelThatTheNodeHasntIsNotShared) {
  start();
  const Outcome outcome = jam("--policy activations --shared reflex --record no.mid");
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("reflex can't be shared by layers: only Transformers can"));
  EXPECT_THAT(jam("--policy activations --layers 3:2 --record no.mid").err,
              HasSubstr("--layers: '3:2' isn't FIRST or FIRST:LAST with 0 <= FIRST < LAST <= 6"));
  stop();
}

TEST_F(Serve, NothingIsSentAgainstThePolicy) {
  start();
  write("tune.abc", tune);
  ASSERT_EQ(run("jam --performer tune.abc --tempo 960 --model none --sound none --policy nothing "
                "--node localhost:" +
                port_ + " --report near.json")
                .status,
            0);
  const auto report = nlohmann::json::parse(read("near.json"));
  EXPECT_FALSE(report.contains("node"));
  EXPECT_EQ(report["live"]["tier_share"]["cloud"], 0.0);
  stop();
  EXPECT_EQ(read("node.log").find("joined"), std::string::npos);
}

TEST_F(Serve, WhoIsntTrustedOrKnownIsToldSo) {
  write("tune.abc", tune);
  const Outcome added = run("serve tokens add --tokens tokens.db --name 'class 5b'");
  ASSERT_EQ(added.status, 0) << added.err;
  write("right.txt", added.out);
  write("wrong.txt", "wrong\n");
  start({"--tokens", "tokens.db"});
  const Outcome stranger = run("jam --performer tune.abc --sound none --node localhost:" + port_);
  EXPECT_THAT(stranger.err, HasSubstr("certificate verify failed"));
  const Outcome outcome = jam("--node-token wrong.txt --record no.mid");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("the node refuses: the token isn't known here"));
  EXPECT_FALSE(exists("no.mid"));
  EXPECT_EQ(jam("--node-token right.txt").status, 0);
  EXPECT_THAT(run("serve tokens list --tokens tokens.db").out, HasSubstr("holds    class 5b"));
  ASSERT_EQ(run("serve tokens revoke --tokens tokens.db 1").status, 0);
  EXPECT_THAT(jam("--node-token right.txt").err, HasSubstr("or not any more"));
}

TEST_F(Serve, AJamGoesOnWhenTheNodeIsKilledAndComesBack) {
  start();
  const std::string port = port_;
  auto playing = std::async(std::launch::async, [&] { return jam("--report broken.json"); });
  for (int i = 0; i < 400 && read("node.log").find("joined") == std::string::npos; ++i)
    std::this_thread::sleep_for(50ms);
  std::this_thread::sleep_for(1s);
  stop(SIGKILL);
  start({}, port);
  const Outcome outcome = playing.get();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto report = nlohmann::json::parse(read("broken.json"));
  EXPECT_GE(report["node"]["breaks"], 1);
  EXPECT_EQ(report["live"]["frames"], 8 * 16);
}

TEST(BenchLoad, CountsPlayersOfANode) {
  write("tune.abc", tune);
  const Outcome outcome = run(
      "bench load tune.abc --players 1,3 --seconds 2 --most-missed 1 --json load.json --picture "
      "load.svg");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const auto report = nlohmann::json::parse(read("load.json"));
  ASSERT_EQ(report["rows"].size(), 2u);
  EXPECT_EQ(report["rows"][1]["players"], 3);
  EXPECT_GT(report["rows"][1]["answered"].get<double>(), 0.0);
  EXPECT_TRUE(exists("load.svg"));
  EXPECT_EQ(run("bench load tune.abc --players 0").status, 2);
}

TEST_F(Serve, RefusesWhatCannotBe) {
  write("tune.abc", tune);
  EXPECT_THAT(run("jam --performer tune.abc --node localhost:0").err,
              HasSubstr("--node: 'localhost:0': expected a node's address"));
  EXPECT_THAT(run("jam --performer tune.abc --node localhost:1 --sound none").err,
              HasSubstr("localhost:1: Connection refused"));
  EXPECT_THAT(run("jam --performer tune.abc --simulate --node localhost").err,
              HasSubstr("can't be simulated"));
  EXPECT_THAT(run("serve --model nobody").err, HasSubstr("nobody: no such model"));
  EXPECT_THAT(run("serve --address kitchen").err, HasSubstr("kitchen: not an address"));
  EXPECT_THAT(run("serve --key only.pem").err, HasSubstr("belong together"));
  EXPECT_THAT(run("serve --certificate no.pem --key no.key").err, HasSubstr("no.pem: no such"));
  EXPECT_THAT(run("serve --address 0.0.0.0").err, HasSubstr("make tokens"));
  EXPECT_THAT(run("serve --tokens none.db").err, HasSubstr("none.db: not there"));
  EXPECT_THAT(run("serve tokens add --tokens new.db --name x --sessions 0").err,
              HasSubstr("sessions must be 1 to 10000, got 0"));
}

}  // namespace
}  // namespace antiphon::cli_test
