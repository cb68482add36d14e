// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.h"
#include "edge/measures.h"
#include "edge/performer.h"
#include "generate/noisy_model.h"

namespace antiphon::edge {
namespace {

using namespace std::chrono_literals;
using generate::NoisyModel;
using std::chrono::nanoseconds;

// Sixteen bars of melody at 120.
music::Score melody(std::uint64_t seed) {
  Random random(seed);
  music::Score score;
  score.parts.resize(1);
  score.parts[0].name = "Voice";
  for (std::int64_t at = 0; at < 16 * 4 * 960;) {
    const auto any = 240 * static_cast<std::int64_t>(1 + random.below(6));
    const std::int64_t length = std::min<std::int64_t>(any, 16 * 4 * 960 - at);
    score.parts[0].notes.push_back(
        {{at}, {length}, static_cast<std::uint8_t>(60 + random.below(20)), 80});
    at += length;
  }
  return score;
}

JamSetup setup_of(const music::Score& score, std::uint64_t seed = 1) {
  const std::vector<std::size_t> human = {0};
  const std::vector<generate::AiPart> ai = {{0, 5, 3}, {32, 5, 1}};
  JamSetup setup = *perform(score, human, ai, tokens::Style::song, 1);
  setup.sampling = {1.0, 0.98, seed};
  return setup;
}

Jam jam(const JamSetup& setup, const SimulatedCost& cost = {}) {
  NoisyModel model(512);
  return simulate({&model}, setup, cost, {});
}

Jam jam_with_reflex(const JamSetup& setup, const SimulatedCost& cost) {
  NoisyModel model(512), reflex(256);
  return simulate({&model, &reflex}, setup, cost, {});
}

double share(const JamMeasures& measures, Tier tier) {
  return measures.tier_share[static_cast<std::size_t>(tier)];
}

bool same(const NoteRecord& a, const NoteRecord& b) {
  return a.slot == b.slot && a.pitch == b.pitch && a.onset == b.onset && a.end == b.end;
}

TEST(Jam, TheSameTimesPlayTheSame) {
  const Jam one = jam(setup_of(melody(1))), other = jam(setup_of(melody(1)));
  ASSERT_GT(one.notes.size(), 20u);
  EXPECT_TRUE(
      std::equal(one.notes.begin(), one.notes.end(), other.notes.begin(), other.notes.end(), same));
}

TEST(Jam, AModelInTimeAnswersEveryFrame) {
  const JamMeasures measures = measure(jam(setup_of(melody(2))));
  EXPECT_EQ(measures.frames, 16u * 16);
  EXPECT_EQ(measures.isr_delivered, 1.0);
  EXPECT_EQ(measures.isr_model, 1.0);
  EXPECT_EQ(measures.isr_w, 1.0);
  EXPECT_LE(measures.answer_ms.worst, 125 + 12);
}

TEST(Jam, NoFrameIsWithoutAnAnswerWhenTheModelStalls) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const Jam played = jam(setup_of(melody(seed)), {.stalls = 0.3, .seed = seed});
    const JamMeasures measures = measure(played);
    EXPECT_EQ(measures.isr_delivered, 1.0);
    EXPECT_LT(measures.isr_model, 1.0) << "else nothing stalled";
  }
}

TEST(Jam, TheReflexAnswersWhenTheModelStalls) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const SimulatedCost stalling{.stalls = seed % 2 == 0 ? 0.3 : 0.03, .seed = seed};
    const JamSetup setup = setup_of(melody(seed));
    const JamMeasures alone = measure(jam(setup, stalling));
    const Jam played = jam_with_reflex(setup, stalling);
    const JamMeasures measures = measure(played);
    EXPECT_GT(share(alone, Tier::rule), 0.0) << "else nothing stalled for long";
    EXPECT_EQ(measures.isr_delivered, 1.0);
    EXPECT_EQ(measures.isr_model, 1.0);
    EXPECT_EQ(share(measures, Tier::rule), 0.0);
    EXPECT_GT(share(measures, Tier::edge), 0.0) << "it comes back";
    EXPECT_GE(share(measures, Tier::reflex), share(alone, Tier::rule));
    for (const FrameRecord& frame : played.frames) {
      if (frame.tier == Tier::reflex) {
        EXPECT_EQ(frame.age, 0);
      } else {
        EXPECT_LE(frame.age, setup.pace.stale);
      }
    }
  }
}

TEST(Jam, TheReflexIsNotHeardWhileTheModelIsInTime) {
  const JamSetup setup = setup_of(melody(2));
  const Jam alone = jam(setup), both = jam_with_reflex(setup, {});
  EXPECT_EQ(share(measure(both), Tier::edge), 1.0);
  ASSERT_GT(alone.notes.size(), 20u);
  EXPECT_TRUE(std::equal(alone.notes.begin(), alone.notes.end(), both.notes.begin(),
                         both.notes.end(), same));
}

TEST(Jam, StallsWithAReflexPlayTheSameTwice) {
  const SimulatedCost stalling{.stalls = 0.3, .seed = 3};
  const Jam one = jam_with_reflex(setup_of(melody(3)), stalling);
  const Jam other = jam_with_reflex(setup_of(melody(3)), stalling);
  EXPECT_TRUE(
      std::equal(one.notes.begin(), one.notes.end(), other.notes.begin(), other.notes.end(), same));
}

TEST(Jam, ASlowModelIsHeardWithWhatItDraftedBefore) {
  // Each frame of its work takes longer than a frame lasts.
  const JamMeasures measures = measure(jam(setup_of(melody(3)), {20ms, 20ms}));
  EXPECT_GT(measures.isr_model, 0.3);
  EXPECT_GT(measures.staleness, 0.5);
}

// What the rules give when the model takes no time: 288 sixteenths at 120 beats a minute.
TEST(FixedInterval, IsAsGoodAsItsRoundTripLets) {
  const auto isr_w = [](std::int32_t interval, std::int32_t length, nanoseconds round_trip) {
    JamSetup setup = setup_of(melody(1));
    setup.length = 36s;
    setup.baseline = FixedInterval{interval, length, round_trip};
    return measure(jam(setup, {0ns, 0ns, 0ns})).isr_w;
  };
  EXPECT_NEAR(isr_w(1, 2, 0ms), 287.0 / 288, 1e-4);
  EXPECT_NEAR(isr_w(1, 2, 120ms), 287.0 / 288, 1e-4);
  EXPECT_NEAR(isr_w(2, 3, 150ms), (31 + 30) / 64.0 * 286 / 288, 1e-3);
  EXPECT_NEAR(isr_w(4, 8, 300ms), 0.88, 0.005);
  EXPECT_NEAR(isr_w(4, 8, 480ms), 0.85, 0.005);
  EXPECT_LT(isr_w(2, 2, 150ms), 0.5) << "an answer is over before the next is there";
}

TEST(Jam, KnowsNothingOfWhatThePlayerWillDo) {
  std::size_t compared = 0;
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    JamSetup setup = setup_of(melody(seed));
    setup.length = 10s;
    JamSetup other = setup;
    const nanoseconds cut = 8s;
    std::erase_if(other.performer, [&](const Played& played) { return played.at >= cut; });
    other.performer.push_back({cut + 40ms, 0, 90, 100});
    const auto before = [&](const Jam& played) {
      std::vector<NoteRecord> notes = played.notes;
      std::erase_if(notes, [&](const NoteRecord& note) {
        return played.timeline.time_of({note.onset * std::int64_t{80}}) >= cut;
      });
      for (NoteRecord& note : notes) note.end = 0;  // May be tied on later.
      return notes;
    };
    const auto one = before(jam(setup)), changed = before(jam(other));
    compared += one.size();
    EXPECT_TRUE(std::equal(one.begin(), one.end(), changed.begin(), changed.end(), same)) << seed;
  }
  EXPECT_GT(compared, 20u) << "else there was nothing to compare";
}

TEST(Jam, TheRecordingHoldsBothPlayers) {
  const music::Score score = melody(5);
  const JamSetup setup = setup_of(score);
  const Jam played = jam(setup);
  const music::Score recording = recording_of(played, setup.header);
  ASSERT_EQ(recording.parts.size(), 3u);
  EXPECT_EQ(recording.parts[0].notes, score.parts[0].notes);
  EXPECT_EQ(recording.parts[1].notes.size() + recording.parts[2].notes.size(), played.notes.size());
}

// What came out, in time order, must leave nothing sounding.
void expect_silence_after(std::vector<live::TimedMessage> sent) {
  std::stable_sort(sent.begin(), sent.end(),
                   [](const auto& a, const auto& b) { return a.at < b.at; });
  std::map<int, bool> sounding;
  for (const live::TimedMessage& message : sent) {
    const int status = message.bytes[0] & 0xf0;
    const int key = (message.bytes[0] & 0x0f) * 128 + message.bytes[1];
    if (status == 0x90) {
      EXPECT_FALSE(sounding[key]) << "struck while it sounds";
      sounding[key] = true;
    }
    if (status == 0x80) sounding[key] = false;
  }
  for (const auto& [key, on] : sounding) EXPECT_FALSE(on) << key;
}

// With a model and nobody else.
Conductor conductor_of(JamSetup& setup, nanoseconds end) {
  const Crew crew = {false, true, false};
  return {setup.timeline,
          setup.header,
          setup.pace,
          end,
          crew,
          std::make_unique<TieredScheduler>(setup.timeline, setup.header.meters, setup.pace, crew)};
}

TEST(Conductor, PlaysTheBarBeforeAgainWhenNoModelAnswers) {
  JamSetup setup = setup_of(melody(6));
  Conductor conductor = conductor_of(setup, 4s);
  conductor.advance(conductor.next());
  const std::uint32_t request = conductor.to_tell(Model::edge).back().request;
  const auto note = [&](std::int32_t at, std::uint8_t pitch) {
    return Drafted{
        Drafted::Kind::event, request, {at, {tokens::EventType::note, 0, 1, pitch, 6, 0}}, 0, 0};
  };
  for (const Drafted& one : {note(0, 48), note(12, 52), note(27, 55)})
    conductor.take(Model::edge, one, 0s);
  conductor.take(Model::edge, {Drafted::Kind::covered, request, {}, 48, 0, false}, 0s);
  while (conductor.next() < 4s) conductor.advance(conductor.next());
  EXPECT_EQ(conductor.frames().size(), 32u);
  ASSERT_EQ(conductor.notes().size(), 6u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(conductor.notes()[i + 3].onset, conductor.notes()[i].onset + 48);
    EXPECT_EQ(conductor.notes()[i + 3].pitch, conductor.notes()[i].pitch);
  }
  EXPECT_EQ(conductor.frames()[15].tier, Tier::edge_backup);
  EXPECT_EQ(conductor.frames()[16].tier, Tier::rule);
}

TEST(Conductor, SurvivesAPlayerWhoMisbehaves) {
  JamSetup setup = setup_of(melody(6));
  Conductor conductor = conductor_of(setup, 30s);
  NoisyModel model(256);
  Improviser improviser(model, setup.header, setup.sampling, 48);
  Random random(6);
  std::vector<live::TimedMessage> sent;
  std::vector<Drafted> drafted;
  // Half a minute of a hundred messages a second, on and off as they come.
  for (nanoseconds now = 0s; now < 30s; now += 10ms) {
    conductor.hear({now, 0, static_cast<std::uint8_t>(random.below(128)),
                    static_cast<std::uint8_t>(random.below(2) * 100)});
    conductor.advance(now);
    for (const Told& told : conductor.to_tell(Model::edge)) improviser.tell(told);
    conductor.to_tell(Model::edge).clear();
    if (improviser.busy() && random.below(4) > 0) improviser.work(drafted);
    for (const Drafted& one : drafted) conductor.take(Model::edge, one, now);
    drafted.clear();
    auto& messages = conductor.to_send();
    sent.insert(sent.end(), messages.begin(), messages.end());
    messages.clear();
  }
  conductor.end(30s);
  sent.insert(sent.end(), conductor.to_send().begin(), conductor.to_send().end());
  EXPECT_EQ(conductor.frames().size(), 240u);
  expect_silence_after(sent);
}

class Heard : public live::MessageSink {
 public:
  Heard() { sent.reserve(1 << 16); }
  void send(const live::TimedMessage& message) noexcept override { sent.push_back(message); }
  std::vector<live::TimedMessage> sent;
};

TEST(PlayLive, PlaysInTimeAndEndsInSilence) {
  JamSetup setup = setup_of(melody(7));
  setup.length = 700ms;
  NoisyModel model(512), reflex(256);
  Heard heard;
  const live::Wakeup wakeup = live::Wakeup::make().value();
  ScriptedPlayer player(setup.performer);
  const auto played = play_live({&model, &reflex}, setup, {player, heard, wakeup}, {});
  ASSERT_TRUE(played);
  EXPECT_GE(played->frames.size(), 5u);
  EXPECT_FALSE(heard.sent.empty());
  expect_silence_after(heard.sent);
}

}  // namespace
}  // namespace antiphon::edge
