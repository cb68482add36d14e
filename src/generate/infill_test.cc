// SPDX-License-Identifier: Apache-2.0
#include "generate/infill.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace antiphon::generate {
namespace {

using music::Note;
using music::Ticks;
using testing::HasSubstr;
namespace cell = tokens::cell;

nn::TransformerConfig small_config() {
  nn::TransformerConfig config = nn::TransformerConfig::plain(1, 16, 2, 2, 16, 1, 128);
  config.bidirectional = true;
  config.input_rows = tokens::voice_input::rows;
  config.fields.clear();
  for (const char* name : {"a", "b", "c", "d"}) config.fields.push_back({name, cell::kinds, 0});
  return config;
}

Infiller small_infiller() {
  const auto config = small_config();
  return Infiller(*load_infill(config.to_json(), tokens::voice_grid_json(),
                               nn::random_weights(config, 3), nullptr));
}

const Progress go_on = [](double) { return true; };

// Two parts in quarters for eight bars; the first has a note over the bar line into bar 3 and one
// out of bar 4.
music::Score song() {
  music::Score score;
  score.parts.resize(2);
  for (int quarter = 0; quarter < 32; ++quarter) {
    const Ticks at = Ticks::quarters(quarter);
    const bool tied = quarter == 7 || quarter == 15;
    if (quarter != 8 && quarter != 16) {
      score.parts[0].notes.push_back({at, Ticks{tied ? 1920 : 957}, 72, 90});
    }
    score.parts[1].notes.push_back({at + Ticks{3}, Ticks{957}, 48, 70});
  }
  score.parts[0].velocities_known = score.parts[1].velocities_known = true;
  return score;
}

std::vector<Note> outside(const music::Part& part, Ticks begin, Ticks end) {
  std::vector<Note> notes = part.notes;
  std::erase_if(notes, [&](const Note& n) { return n.onset >= begin && n.onset < end; });
  return notes;
}

TEST(Infill, LeavesEverythingAroundAsItIs) {
  Infiller infiller = small_infiller();
  const auto score = song();
  const auto made = infill(infiller, score, 3, 4, {0}, {.steps = 4}, go_on);
  ASSERT_TRUE(made) << made.error().message;
  const Ticks begin = Ticks::quarters(8), end = Ticks::quarters(16);
  EXPECT_EQ(made->score.parts[1], score.parts[1]);
  EXPECT_EQ(outside(made->score.parts[0], begin, end), outside(score.parts[0], begin, end));
  EXPECT_NE(made->score.parts[0].notes, score.parts[0].notes);
  EXPECT_GT(made->notes, 0U);
  for (const Note& note : made->score.parts[0].notes) {
    if (note.onset < begin || note.onset >= end) continue;
    EXPECT_GE(note.onset, Ticks::quarters(9));  // After the note that sounds from bar 2.
    EXPECT_LE(note.end(), end);
    EXPECT_EQ(note.velocity, 90);
  }
}

TEST(Infill, MakesTheSameForASeedAndAnotherForAnother) {
  Infiller infiller = small_infiller();
  for (const bool sure_first : {false, true}) {
    const auto with = [&](std::uint64_t seed) {
      return infill(infiller, song(), 2, 5, {},
                    {.steps = 3, .sure_first = sure_first, .seed = seed}, go_on)
          ->score;
    };
    EXPECT_EQ(with(1), with(1));
    EXPECT_NE(with(1), with(2));
  }
}

TEST(Infill, GoesOnThroughRegionsLongerThanAWindow) {
  Infiller infiller = small_infiller();
  music::Score score = song();
  for (music::Part& part : score.parts) {
    const auto notes = part.notes;
    for (int again = 1; again < 5; ++again) {
      for (Note note : notes) {
        note.onset += Ticks::quarters(32 * again);
        part.notes.push_back(note);
      }
    }
  }
  const auto made = infill(infiller, score, 2, 39, {1}, {.steps = 2}, go_on);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GT(made->passes, 2U * 4U);
  EXPECT_EQ(made->score.parts[0], score.parts[0]);
  // No bar is left as if nothing had been made there.
  std::vector<int> notes(41);
  for (const Note& note : made->score.parts[1].notes) {
    ++notes[static_cast<std::size_t>(note.onset.count / Ticks::quarters(4).count)];
  }
  EXPECT_EQ(std::count(notes.begin() + 1, notes.begin() + 39, 0), 0);
}

TEST(Infill, SaysWhatItCantFill) {
  Infiller infiller = small_infiller();
  music::Score score = song();
  score.parts.resize(3);
  score.parts[2].name = "silent";
  const auto refusal = [&](int first, int last, std::vector<std::size_t> parts, int steps = 4) {
    const auto made =
        infill(infiller, score, first, last, std::move(parts), {.steps = steps}, go_on);
    return made ? std::string() : made.error().message;
  };
  EXPECT_THAT(refusal(7, 9, {}), HasSubstr("no bars 7-9; expected some of 1-8"));
  EXPECT_THAT(refusal(0, 1, {}), HasSubstr("no bars 0-1"));
  EXPECT_THAT(refusal(4, 3, {}), HasSubstr("no bars 4-3"));
  EXPECT_THAT(refusal(1, 2, {2}), HasSubstr("part 3 has no notes"));
  EXPECT_THAT(refusal(1, 2, {}, 0), HasSubstr("steps must be 1 to 1024, got 0"));
  score.parts[1].drums = true;
  EXPECT_THAT(refusal(1, 2, {1}), HasSubstr("part 2 is drums"));
}

TEST(Infill, StopsWhenItIsTold) {
  Infiller infiller = small_infiller();
  const auto made =
      harmonize(infiller, song(), 0, {.steps = 1}, [](double share) { return share > 0.9; });
  ASSERT_TRUE(made);
  EXPECT_TRUE(made->stopped);
}

TEST(Harmonize, PutsThreeVoicesInTheirRangesBelow) {
  Infiller infiller = small_infiller();
  const auto made = harmonize(infiller, song(), 0, {.steps = 2}, go_on);
  ASSERT_TRUE(made) << made.error().message;
  ASSERT_EQ(made->score.parts.size(), 4U);
  EXPECT_EQ(made->score.parts[0], song().parts[0]);
  EXPECT_EQ(made->score.parts[3].name, "Antiphon: bass");
  ASSERT_FALSE(made->score.parts[3].notes.empty());
  // Notes made one after another in a part that began empty.
  EXPECT_GT(made->notes, 50U);
  for (const Note& note : made->score.parts[3].notes) {
    EXPECT_GE(note.pitch, 36);
    EXPECT_LE(note.pitch, 62);
  }
}

TEST(Infiller, LeavesNoCellMaskedAndNoHoldAfterARest) {
  Infiller infiller = small_infiller();
  tokens::VoiceGrid grid(infiller.frames());
  for (const std::size_t voice : {std::size_t{0}, std::size_t{3}}) {
    std::fill(grid.cells[voice].begin(), grid.cells[voice].end(), cell::masked);
  }
  Random random(1);
  infiller.fill(grid, grid.frames(), {.steps = 1}, random);
  for (const std::size_t voice : {std::size_t{0}, std::size_t{3}}) {
    const auto& cells = grid.cells[voice];
    EXPECT_EQ(std::count(cells.begin(), cells.end(), cell::masked), 0);
    for (std::size_t f = 1; f < cells.size(); ++f) {
      EXPECT_FALSE(cells[f] == cell::hold && cells[f - 1] == cell::rest) << f;
    }
  }
  EXPECT_FALSE(grid.present(1));
}

TEST(LoadInfill, RefusesWhatIsNoModelOfTheGrid) {
  auto config = small_config();
  const Bytes weights = nn::random_weights(config, 1);
  const auto refusal = [&](const std::string& vocabulary) {
    const auto model = load_infill(config.to_json(), vocabulary, weights, nullptr);
    return model ? std::string() : model.error().message;
  };
  EXPECT_THAT(refusal("{}"), HasSubstr("vocabulary.json: not the voice grid"));
  config.bidirectional = false;
  EXPECT_THAT(refusal(tokens::voice_grid_json()), HasSubstr("expected a masked-transformer"));
}

}  // namespace
}  // namespace antiphon::generate
