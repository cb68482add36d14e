// SPDX-License-Identifier: Apache-2.0
// A jam between programs: one plays into Antiphon's port and listens to its answer, through a JACK
// server of this test's own that has no sound card.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "cli/program.h"
#include "live/midi_clock.h"
#include "live/midi_ports.h"

namespace antiphon::cli_test {
namespace {

using namespace std::chrono_literals;
using live::MidiSystem;
using testing::HasSubstr;

// Tries until it works or the patience is over: JACK may wait for 5 s for each client that it
// finds slow.
template <class Try>
auto eventually(const Try& attempt, std::chrono::milliseconds pause = 50ms) {
  auto result = attempt();
  for (auto waited = 0ms; waited < 20s && !result; waited += pause) {
    std::this_thread::sleep_for(pause);
    result = attempt();
  }
  return result;
}

// The same for a port. Each attempt is a client that comes and goes, and where one does while
// another program's client is coming, JACK stands still till its patience with clients is over.
template <class Open>
auto opened(const Open& open) {
  constexpr auto pause = 500ms;
  std::this_thread::sleep_for(pause);
  return eventually(open, pause);
}

class Jack : public testing::Test {
 protected:
  void SetUp() override {
    const std::string name = "antiphon-test-" + std::to_string(::getpid());
    ::setenv("JACK_DEFAULT_SERVER", name.c_str(), 1);
    ::setenv("JACK_NO_START_SERVER", "1", 1);
    server_ = ::fork();
    if (server_ == 0) {
      ::setenv("JACK_NO_AUDIO_RESERVATION", "1", 1);
      const std::string log = (folder() / "jackd.txt").string();
      if (std::freopen(log.c_str(), "w", stdout) == nullptr) ::_exit(126);
      ::dup2(STDOUT_FILENO, STDERR_FILENO);
      ::execlp("jackd", "jackd", "-t", "5000", "-n", name.c_str(), "-d", "dummy", "-r", "48000",
               "-p", "512", nullptr);
      ::_exit(127);
    }
    const bool runs = eventually([] { return live::jack_runs(); }) &&
                      eventually([] { return live::midi_port_names(MidiSystem::jack); });
    if (!runs) GTEST_SKIP() << "no JACK server can be started here: " << read("jackd.txt");
  }
  void TearDown() override {
    ::kill(server_, SIGTERM);
    ::waitpid(server_, nullptr, 0);
  }

 private:
  pid_t server_ = -1;
};

TEST_F(Jack, OneProgramPlaysAndTheAnswerComesBack) {
  auto jam = std::async(std::launch::async, [] {
    return run(
        "jam --midi-system jack --midi-in virtual --midi-out virtual --sound none "
        "--metronome --tempo 240 --bars 8 --record free.mid --timeline free.json "
        "--report report.json");
  });
  const auto wakeup = live::Wakeup::make();
  ASSERT_TRUE(wakeup);
  auto answer = opened([&] {
    return live::MidiInput::open(MidiSystem::jack, "Antiphon plays:out", *wakeup, "Listener");
  });
  ASSERT_TRUE(answer) << answer.error().message;
  auto keyboard = opened(
      [] { return live::MidiOutput::open(MidiSystem::jack, "Antiphon hears:in", "Keyboard"); });
  ASSERT_TRUE(keyboard) << keyboard.error().message;

  // Four clicks count in, the fifth is the first beat.
  std::vector<live::PortMessage> answered;
  const auto clicks = [&] {
    for (live::PortMessage message; (*answer)->pop(message);) answered.push_back(message);
    return std::count_if(answered.begin(), answered.end(),
                         [](const auto& message) { return message.bytes[0] == 0x99; });
  };
  ASSERT_TRUE(eventually([&] { return clicks() > 4; }));

  for (const int pitch : {67, 71, 74, 79, 74, 71, 67, 74}) {
    (*keyboard)->send(live::TimedMessage::note_on({}, 0, pitch, 90));
    std::this_thread::sleep_for(200ms);
    (*keyboard)->send(live::TimedMessage::note_off({}, 0, pitch));
    std::this_thread::sleep_for(50ms);
  }
  const Outcome outcome = jam.get();
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr("Hears 'Antiphon hears:in'"));

  // All of what was played was heard, all of the answer came back, and every note of it ends.
  const auto line = nlohmann::json::parse(read("free.json"));
  EXPECT_EQ(line["player"].size(), 16U);
  std::array<int, 128> sounding{};
  std::size_t notes = 0;
  clicks();
  for (const live::PortMessage& message : answered) {
    // The clicks, and what the player played, which goes through.
    if ((message.bytes[0] & 0x0f) == 9 || (message.bytes[0] & 0x0f) == 0) continue;
    const bool on = (message.bytes[0] & 0xf0) == 0x90 && message.bytes[2] > 0;
    if (on) ++notes;
    if ((message.bytes[0] & 0xe0) == 0x80) sounding[message.bytes[1]] += on ? 1 : -1;
  }
  EXPECT_EQ(line["antiphon"].size(), notes);
  EXPECT_THAT(sounding, testing::Each(0));
  EXPECT_TRUE(exists("free.mid"));
}

// Antiphon's own output: which notes sound on the player's channel, which goes through.
class Through {
 public:
  explicit Through(const live::Wakeup& wakeup)
      : port_(opened([&] {
          return live::MidiInput::open(MidiSystem::jack, "Antiphon plays:out", wakeup, "Listener");
        })) {}
  std::string trouble() const { return port_ ? "" : port_.error().message; }
  bool sounds(int pitch) {
    for (live::PortMessage message; port_ && (*port_)->pop(message);) {
      if ((message.bytes[0] & 0xef) == 0x80)
        sounding_[message.bytes[1]] = message.bytes[0] == 0x90 && message.bytes[2] > 0;
    }
    return sounding_[static_cast<std::size_t>(pitch)];
  }

 private:
  Result<std::unique_ptr<live::MidiInput>> port_;
  std::array<bool, 128> sounding_{};
};

TEST_F(Jack, AnotherProgramIsGivenTheTime) {
  write("tune.abc", tune);
  auto jam = std::async(std::launch::async, [] {
    return run(
        "jam --midi-system jack --performer tune.abc --tempo 400 --count-in 8 --model none "
        "--reflex none --clock-out virtual");
  });
  const auto wakeup = live::Wakeup::make();
  auto port = opened([&] {
    return live::MidiInput::open(MidiSystem::jack, "Antiphon gives the time:out", *wakeup,
                                 "Follower", true);
  });
  ASSERT_TRUE(port) << port.error().message;
  live::PortClock clock(**port);
  std::vector<live::ClockNews> heard;
  while (jam.wait_for(10ms) != std::future_status::ready) {
    for (live::ClockNews news; clock.poll(news);) heard.push_back(news);
  }
  EXPECT_EQ(jam.get().status, 0);
  ASSERT_GT(heard.size(), 24u);
  EXPECT_EQ(heard.front().kind, live::ClockNews::Kind::start);
  EXPECT_EQ(heard.front().beat.quarters, 0);
  const auto& last = heard[heard.size() - 2].beat;
  EXPECT_DOUBLE_EQ(last.quarters, 32 - 1 / 24.0) << "eight bars";
  const double took = std::chrono::duration<double>(last.at - heard.front().beat.at).count();
  EXPECT_NEAR(60 * last.quarters / took, 400, 5);
  EXPECT_EQ(heard.back().kind, live::ClockNews::Kind::stop);
}

TEST_F(Jack, APortThatIsPulledOutHasItsNotesEndedAndIsTakenUpAgain) {
  const auto plug_in = [] {
    return opened(
        [] { return live::MidiOutput::open(MidiSystem::jack, live::virtual_port, "Keyboard"); });
  };
  auto keyboard = plug_in();
  ASSERT_TRUE(keyboard) << keyboard.error().message;
  auto jam = std::async(std::launch::async, [] {
    return run(
        "jam --midi-system jack --midi-in Keyboard:out --midi-out virtual --sound none "
        "--model none --reflex none --count-in 0 --tempo 240 --bars 16");
  });
  const auto wakeup = live::Wakeup::make();
  Through through(*wakeup);
  const auto press = [&] {
    (*keyboard)->send(live::TimedMessage::note_on({}, 0, 67, 90));
    return through.sounds(67);
  };
  EXPECT_EQ(through.trouble(), "");
  EXPECT_TRUE(eventually(press));
  keyboard->reset();
  EXPECT_TRUE(eventually([&] { return !through.sounds(67); }));
  keyboard = plug_in();
  EXPECT_TRUE(eventually(press));
  const Outcome outcome = jam.get();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(eventually([&] { return !through.sounds(67); }));
}

TEST_F(Jack, ACrashLeavesNothingSounding) {
  const pid_t jam = ::fork();
  if (jam == 0) {
    ::execl(ANTIPHON_BINARY, "antiphon", "jam", "--midi-system", "jack", "--midi-in", "virtual",
            "--midi-out", "virtual", "--sound", "none", "--model", "none", "--reflex", "none",
            "--count-in", "0", "--bars", "64", nullptr);
    ::_exit(127);
  }
  const auto wakeup = live::Wakeup::make();
  Through through(*wakeup);
  auto keyboard = opened(
      [] { return live::MidiOutput::open(MidiSystem::jack, "Antiphon hears:in", "Keyboard"); });
  ASSERT_TRUE(keyboard) << keyboard.error().message;
  EXPECT_TRUE(eventually([&] {
    (*keyboard)->send(live::TimedMessage::note_on({}, 0, 67, 90));
    return through.sounds(67);
  }));
  ::kill(jam, SIGSEGV);
  int status = 0;
  ::waitpid(jam, &status, 0);
  EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  EXPECT_TRUE(eventually([&] { return !through.sounds(67); }));
}

TEST_F(Jack, APortThatIsNotThereIsNamed) {
  const Outcome outcome = run("jam --midi-system jack --midi-in grand --sound none");
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.err, HasSubstr("no MIDI port has 'grand' in its name"));
}

}  // namespace
}  // namespace antiphon::cli_test
