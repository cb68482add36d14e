// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "base/file.h"
#include "generate/noisy_model.h"
#include "train/checkpoint.h"
#include "tuning/reward.h"
#include "tuning/tuner.h"

namespace antiphon::tuning {
namespace {

namespace fs = std::filesystem;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::Gt;
using testing::Le;
using testing::SizeIs;
using tokens::GridNote;

// Four bars that creep up and down by semitones, a note a quarter, over a chord a bar.
train::Piece piece() {
  train::Piece piece{.path = "creep", .score = {}};
  piece.score.meters = {{0, {}}};
  piece.score.parts = {{"voice", 52, false, {}}, {"piano", 0, false, {}}};
  const std::array<std::uint8_t, 4> roots = {48, 53, 55, 48};
  for (std::int32_t bar = 0; bar < 4; ++bar) {
    for (std::int32_t quarter = 0; quarter < 4; ++quarter) {
      piece.score.parts[0].notes.push_back(
          {bar * 48 + quarter * 12, 12, static_cast<std::uint8_t>(72 + (bar + quarter) % 5), 0});
    }
    for (const int third : {0, 4, 7}) {
      piece.score.parts[1].notes.push_back(
          {bar * 48, 48, static_cast<std::uint8_t>(roots[static_cast<std::size_t>(bar)] + third),
           0});
    }
  }
  return piece;
}

// The piece as a scene whose voice is the player.
Scene scene() {
  const train::Piece written = piece();
  const std::vector<tokens::Role> roles = {tokens::Role::human, tokens::Role::ai};
  Scene scene;
  scene.real.header = tokens::header_of(written.score, roles, tokens::Style::unknown);
  scene.real.events = tokens::encode(written.score, roles);
  scene.human = generate::human_events(written.score, roles);
  scene.notes = written.score;
  return scene;
}

// What was written, with the accompaniment changed by `change`.
template <class Change>
Rollout life(const Scene& scene, const Change& change) {
  Rollout rollout{scene.real, scene.notes};
  change(rollout.notes.parts[1].notes);
  return rollout;
}

TEST(Marks, TheRealAccompanimentHasAllOfThem) {
  const Scene written = scene();
  const auto marks = marks_of(written, life(written, [](auto&) {}));
  ASSERT_THAT(marks, SizeIs(4));
  for (const Marks& mark : marks) {
    EXPECT_THAT(mark.harmony, DoubleNear(1, 1e-9));
    EXPECT_THAT(mark.rhythm, DoubleNear(1, 1e-9));
    EXPECT_THAT(mark.density, DoubleNear(1, 1e-9));
    EXPECT_THAT(mark.consonance, Gt(0.5));
  }
}

TEST(Marks, SilenceHasNone) {
  const Scene written = scene();
  for (const Marks& mark : marks_of(written, life(written, [](auto& notes) { notes.clear(); }))) {
    EXPECT_EQ(mark.timing(), 0);
    EXPECT_EQ(mark.harmony, 0);
  }
}

TEST(Marks, ASemitoneUpLosesHarmonyAndNothingElseOfTheReal) {
  const Scene written = scene();
  const auto marks = marks_of(written, life(written, [](auto& notes) {
                                for (GridNote& note : notes) ++note.pitch;
                              }));
  EXPECT_THAT(marks[0].harmony, DoubleNear(0, 1e-9));  // C E G against C# F G#.
  EXPECT_THAT(marks[0].rhythm, DoubleNear(1, 1e-9));
  EXPECT_THAT(marks[0].density, DoubleNear(1, 1e-9));
}

TEST(Marks, ChordsOffTheBeatLoseRhythmAlone) {
  const Scene written = scene();
  const auto marks = marks_of(written, life(written, [](auto& notes) {
                                for (GridNote& note : notes) note.onset += 3, note.duration -= 3;
                              }));
  EXPECT_EQ(marks[1].rhythm, 0);
  EXPECT_THAT(marks[1].harmony, DoubleNear(1, 1e-9));
}

// The marks of the first bar's chord, C E G, under C C# D Eb.
std::vector<double> first_chord(int semitones) {
  const Scene written = scene();
  Rollout rollout{written.real, written.notes};
  for (tokens::Event& event : rollout.played.events) {
    if (event.type == tokens::EventType::note) {
      event.pitch = static_cast<std::uint8_t>(event.pitch + semitones);
    }
  }
  std::vector<double> marks = note_marks(written, rollout);
  return {marks.begin(), marks.begin() + 3};
}

TEST(NoteMarks, AreThirdsOfHarmonyAndOfTheMelodyAbove) {
  // Each is in the chord. C clashes with C# and D, E with D and Eb, G with C#.
  EXPECT_THAT(first_chord(0),
              ElementsAre(DoubleNear(1.0 - 2.0 / 12, 1e-9), DoubleNear(1.0 - 2.0 / 12, 1e-9),
                          DoubleNear(1.0 - 1.0 / 12, 1e-9)));
}

TEST(NoteMarks, AChordOfOtherNotesLivesByTheMelodyAlone) {
  // C# clashes with all but itself, F with Eb, G# with D.
  EXPECT_THAT(first_chord(1), ElementsAre(DoubleNear(1.0 / 12, 1e-9), DoubleNear(3.0 / 12, 1e-9),
                                          DoubleNear(3.0 / 12, 1e-9)));
}

TEST(NoteMarks, SayNothingOfThePlayersOwnEvents) {
  const Scene written = scene();
  const auto marks = note_marks(written, {written.real, written.notes});
  ASSERT_THAT(marks, SizeIs(written.real.events.size()));
  for (std::size_t i = 0; i < marks.size(); ++i) {
    EXPECT_EQ(std::isnan(marks[i]), written.real.events[i].type != tokens::EventType::note);
  }
}

TEST(Advantages, AreWhatIsBetterThanTheOthersFromHereOn) {
  // The second span of the first life is 0.4 better than the other's; half of that is owed to the
  // first span, which was 0.2 worse.
  EXPECT_THAT(advantages({{0.2, 0.8}, {0.4, 0.4}}, 0.5),
              ElementsAre(ElementsAre(DoubleNear(0.0, 1e-9), DoubleNear(0.4, 1e-9)),
                          ElementsAre(DoubleNear(0.0, 1e-9), DoubleNear(-0.4, 1e-9))));
}

TEST(Advantages, OfASpanThatNoOtherLifeReachedAreNothing) {
  EXPECT_THAT(advantages({{0.5, 1.0}, {0.5}}, 1.0),
              ElementsAre(ElementsAre(0.0, 0.0), ElementsAre(0.0)));
}

TEST(Life, KeepsThePlayersNotesAndHearsThemInTime) {
  const Scene written = scene();
  generate::NoisyModel model(2000);
  const Rollout rollout = play(model, written, {.seed = 3});
  EXPECT_EQ(rollout.notes.parts[0].notes, written.notes.parts[0].notes);
  EXPECT_THAT(rollout.notes.parts[1].notes, SizeIs(Gt(0U)));
}

TEST(Life, EndsWhereTheContextIsFull) {
  generate::NoisyModel model(40);
  EXPECT_THAT(play(model, scene(), {.seed = 3}).played.steps(), Le(40U));
}

TEST(Life, IsTheSameForTheSameSeed) {
  const Scene written = scene();
  generate::NoisyModel model(2000);
  const Rollout one = play(model, written, {.seed = 3});
  const Rollout again = play(model, written, {.seed = 3});
  const Rollout other = play(model, written, {.seed = 4});
  EXPECT_EQ(one.played.events, again.played.events);
  EXPECT_NE(one.played.events, other.played.events);
}

class Tuning : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_);
    train::Shape shape = train::edge_shape();
    shape.dim = 32, shape.layers = 1, shape.heads = 1, shape.kv_heads = 1, shape.head_dim = 32;
    shape.ff = 32, shape.context = 128;
    shape.rotary.index_pairs = shape.rotary.time_pairs = 8;
    shape = train::with_vocabulary(shape, 16);
    train::Model model(shape, at::kFloat, at::kCPU, 1);
    train::Adam adam(model.parameters(), {});
    ASSERT_TRUE(train::save_checkpoint(folder_ / "from.safetensors", model, adam, {}));
    options_.from = folder_ / "from.safetensors";
    options_.checkpoint = folder_ / "run";
    options_.product = at::kFloat;
    options_.scenes = 1, options_.lives = 2, options_.scene_steps = 60, options_.rows = 1;
  }
  void TearDown() override { fs::remove_all(folder_); }

  Status tune() {
    const auto data = train::Dataset::of({piece()});
    return tuning::tune(
        options_, data, data, [] { return false; }, [](const std::string&) {});
  }
  Bytes result() { return read_file(options_.checkpoint / "last.safetensors").value(); }

  fs::path folder_ = fs::temp_directory_path() / ("antiphon-tuning-" + std::to_string(getpid()));
  TuneOptions options_;
};

TEST_F(Tuning, ResumesExactlyWhereItWas) {
  options_.steps = 2;
  ASSERT_TRUE(tune());
  const auto tensors = [&] { return nn::SafeTensors::parse(result()).value(); };
  const auto whole = tensors();
  fs::remove_all(options_.checkpoint);
  options_.steps = 1;
  ASSERT_TRUE(tune());
  options_.steps = 2;
  options_.resume = true;
  ASSERT_TRUE(tune());
  const auto resumed = tensors();
  ASSERT_FALSE(whole.tensors().empty());
  for (const auto& [name, tensor] : whole.tensors()) {
    const auto& other = resumed.tensors().at(name);
    EXPECT_TRUE(std::equal(tensor.bytes.begin(), tensor.bytes.end(), other.bytes.begin())) << name;
  }
}

TEST_F(Tuning, SaysWhatItNeeds) {
  const Status endless = tune();
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().message, "tuning needs an end: steps or minutes");
  options_.steps = 1;
  options_.from = folder_ / "none.safetensors";
  EXPECT_FALSE(tune());
}

}  // namespace
}  // namespace antiphon::tuning
