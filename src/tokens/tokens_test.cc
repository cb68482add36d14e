// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/random.h"
#include "tokens/event.h"
#include "tokens/flat.h"
#include "tokens/stream.h"

namespace antiphon::tokens {
namespace {

using testing::ElementsAre;

// A random piece with chords, long notes, gaps of many bars, unisons between parts and drums.
GridScore random_score(std::uint64_t seed) {
  Random random(seed);
  const auto below = [&](int bound) {
    return static_cast<int>(random.below(static_cast<std::uint64_t>(bound)));
  };
  GridScore score;
  score.meters = {{0, *music::Meter::of(3, 4)}, {72, *music::Meter::of(6, 8)}};
  score.keys = {{0, music::Key{below(15) - 7, music::Mode::minor}}};
  score.parts.resize(static_cast<std::size_t>(1 + below(max_slots)));
  for (GridPart& part : score.parts) {
    part.program = static_cast<std::uint8_t>(below(128));
    part.drums = below(8) == 0;
    std::int32_t at = below(20);
    for (int i = 0; i < 40; ++i) {
      at += below(10) == 0 ? below(400) : below(7);
      const int longest = below(10) == 0 ? 300 : 20;
      part.notes.push_back({at, 1 + below(longest), static_cast<std::uint8_t>(40 + below(30)),
                            static_cast<std::uint8_t>(below(velocity_classes))});
    }
  }
  // Through a Score and back: sorted, and unisons apart.
  music::Score exact = to_score(score);
  sort(exact);
  return quantize(exact);
}

std::vector<Role> random_roles(std::size_t count, std::uint64_t seed) {
  Random random(seed ^ 0x5eed);
  std::vector<Role> roles(count);
  for (Role& role : roles) role = random.below(2) == 0 ? Role::human : Role::ai;
  return roles;
}

GridScore without_notes(GridScore score) {
  for (GridPart& part : score.parts) part.notes.clear();
  return score;
}

TEST(Events, ScoreToEventsToScoreIsExact) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const GridScore score = random_score(seed);
    const auto events = encode(score, random_roles(score.parts.size(), seed));
    GridScore back = without_notes(score);
    const Status status = decode(events, 0, back);
    ASSERT_TRUE(status.ok()) << status.error().message;
    ASSERT_EQ(back, score) << "seed " << seed;
  }
}

TEST(Events, GridToScoreToGridIsExact) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const GridScore score = random_score(seed);
    EXPECT_EQ(quantize(to_score(score)), score);
  }
}

TEST(Events, AnAiNoteComesBeforeAHumanNoteOfTheSameTime) {
  GridScore score;
  score.parts.resize(2);
  score.parts[0].notes = {{0, 12, 60, 0}, {12, 12, 62, 0}};
  score.parts[1].notes = {{12, 12, 48, 0}};
  const std::vector<Role> roles = {Role::human, Role::ai};
  EXPECT_THAT(
      encode(score, roles),
      ElementsAre(Event{EventType::onset, 0, 0, 60, 0, 0}, Event{EventType::note, 12, 1, 48, 12, 0},
                  Event{EventType::release, 0, 0, 60, 0, 0},
                  Event{EventType::onset, 0, 0, 62, 0, 0},
                  Event{EventType::release, 12, 0, 62, 0, 0}, Event{EventType::end}));
}

// Everything that the model is given up to `until`: the steps, and the conditions of each next
// event.
std::vector<std::vector<std::uint16_t>> seen_until(const GridScore& score,
                                                   std::span<const Role> roles,
                                                   std::int32_t until) {
  std::vector<std::vector<std::uint16_t>> seen;
  Rows rows;
  const auto keep = [&] { seen.emplace_back(rows.view().begin(), rows.view().end()); };
  EventStream stream(header_of(score, roles, Style::song), 0);
  for (std::size_t i = 0; i < stream.header_steps(); ++i) stream.header_rows(i, rows), keep();
  for (const Event& event : encode(score, roles)) {
    if (stream.now() + event.shift >= until) break;
    stream.after_shift(event, rows), keep();
    stream.after_voice(event, rows), keep();
    if (event.type != EventType::wait && event.type != EventType::end)
      stream.after_pitch(event, rows), keep();
    stream.apply(event);
    stream.input_rows(rows), keep();
  }
  return seen;
}

TEST(Events, TheFutureOfTheHumanPartChangesNothingThatWasSeenBefore) {
  int compared = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    GridScore score = random_score(seed);
    auto roles = random_roles(score.parts.size(), seed);
    roles[0] = Role::human;
    const std::int32_t cut = score.end() / 2;
    GridScore flipped = score;
    Random random(seed + 1000);
    for (std::size_t part = 0; part < roles.size(); ++part) {
      if (roles[part] == Role::ai) continue;
      auto& notes = flipped.parts[part].notes;
      std::erase_if(notes, [&](const GridNote& note) { return note.onset >= cut; });
      for (GridNote& note : notes) {
        if (note.end() >= cut)
          note.duration = cut + static_cast<int>(random.below(50)) - note.onset;
      }
      notes.push_back({cut + 60, 5, 71, 3});
    }
    const auto before = seen_until(score, roles, cut);
    ASSERT_EQ(before, seen_until(flipped, roles, cut)) << "seed " << seed;
    compared += static_cast<int>(before.size());
  }
  EXPECT_GT(compared, 1000);
}

TEST(Events, RowsAndTargetsStayInsideTheirTables) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const GridScore score = random_score(seed);
    const auto roles = random_roles(score.parts.size(), seed);
    for (const auto& rows : seen_until(score, roles, score.end() + 1)) {
      ASSERT_LE(rows.size(), std::size_t{max_rows});
      for (const std::uint16_t row : rows) ASSERT_LT(row, std::max(input::rows, condition::rows));
    }
    for (const Event& event : encode(score, roles)) {
      const auto targets = targets_of(event);
      for (std::size_t field = 0; field < field_count; ++field) {
        ASSERT_LT(targets[field], fields[field].size);
      }
    }
  }
}

TEST(Events, ACropTakesTheNotesThatBeginInIt) {
  GridScore score;
  score.parts.resize(1);
  score.parts[0].notes = {{0, 30, 60, 0}, {12, 12, 62, 0}, {24, 12, 64, 0}};
  const std::vector<Role> roles = {Role::ai};
  EXPECT_THAT(encode(score, roles, 10, 20), ElementsAre(Event{EventType::note, 2, 0, 62, 12, 0}));
}

TEST(Events, ABrokenStreamIsRefused) {
  GridScore score;
  score.parts.resize(1);
  const Event release{EventType::release, 0, 0, 60, 0, 0};
  EXPECT_EQ(decode({&release, 1}, 0, score).error().message,
            "event 0: a release of a pitch that doesn't sound");
  const Event elsewhere{EventType::note, 0, 5, 60, 1, 0};
  EXPECT_EQ(decode({&elsewhere, 1}, 0, score).error().message, "event 0: its slot has no part");
}

TEST(Flat, EventsToTokensToEventsIsExact) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const GridScore score = random_score(seed);
    const auto roles = random_roles(score.parts.size(), seed);
    const auto events = encode(score, roles);
    const auto back = unflatten(flatten(header_of(score, roles, Style::song), events, 0));
    ASSERT_TRUE(back.ok()) << back.error().message;
    ASSERT_EQ(*back, events) << "seed " << seed;
  }
}

TEST(Flat, ATokenOutOfPlaceIsRefused) {
  FlatPiece piece{{{static_cast<std::uint16_t>(input::rows + 97), 0}}, 0};
  EXPECT_EQ(unflatten(piece).error().message, "token 0: expected a shift");
}

TEST(Stream, SaysWhatSoundsWhenTheNextEventComes) {
  GridScore score;
  score.parts.resize(2);
  const std::vector<Role> roles = {Role::human, Role::ai};
  EventStream stream(header_of(score, roles, Style::unknown), 0);
  stream.apply({EventType::note, 0, 1, 48, 6, 0});
  stream.apply({EventType::onset, 0, 0, 64, 0, 0});
  const auto holds = [&](std::uint8_t shift, std::uint16_t row) {
    Rows rows;
    stream.after_shift({EventType::wait, shift}, rows);
    return std::count(rows.view().begin(), rows.view().end(), row) == 1;
  };
  EXPECT_TRUE(holds(5, condition::ai_sounding.row(0)));
  EXPECT_FALSE(holds(6, condition::ai_sounding.row(0)));
  EXPECT_TRUE(holds(6, condition::human_sounding.row(4)));
}

TEST(Stream, FollowsTheKeyThatHumanPartsAreHeardToBeIn) {
  Header header;
  header.keys = {{0, {}}, {480, {1}}};
  header.slots = {{Role::human}, {Role::ai}};
  const auto key_told = [](const EventStream& stream, std::uint8_t shift) {
    Rows rows;
    stream.after_voice({EventType::note, shift, 1, 60, 6, 0}, rows);
    for (int i = 0; i < condition::key.size; ++i) {
      if (std::count(rows.view().begin(), rows.view().end(), condition::key.row(i)) > 0) return i;
    }
    return -1;
  };
  const auto play_in_e_flat = [](EventStream& stream, std::size_t slot) {
    for (const int pitch : {63, 67, 70, 68, 67, 65, 63, 62, 63, 70, 72, 70, 68, 67, 65, 63}) {
      const auto part = static_cast<std::uint8_t>(slot);
      const auto key = static_cast<std::uint8_t>(pitch);
      if (slot == 1) {
        stream.apply({EventType::note, 12, part, key, 12, 0});
      } else {
        stream.apply({EventType::onset, 6, part, key, 0, 0});
        stream.apply({EventType::release, 6, part, key, 0, 0});
      }
    }
  };
  EventStream believes(header, 0), hears_itself(header, 0), follows(header, 0);
  hears_itself.follow_keys();
  follows.follow_keys();
  play_in_e_flat(believes, 0);
  play_in_e_flat(hears_itself, 1);
  EXPECT_EQ(key_told(follows, 0), key_class(music::Key{}));
  play_in_e_flat(follows, 0);
  EXPECT_EQ(key_told(believes, 0), key_class(music::Key{}));
  EXPECT_EQ(key_told(hears_itself, 0), key_class(music::Key{}));
  EXPECT_EQ(key_told(follows, 0), key_class(music::Key{-3}));
  EXPECT_EQ(follows.key_to_keep(follows.now()), music::Key{-3});
  EXPECT_FALSE(follows.key_to_keep(follows.now() + 64 * steps_per_quarter));
  EXPECT_FALSE(believes.key_to_keep(believes.now()));
  // What the header says later is news.
  while (follows.now() < 470) follows.apply({EventType::wait, 10});
  EXPECT_EQ(key_told(follows, 20), key_class(music::Key{1}));

  header.keys.clear();
  EventStream untold(header, 0);
  untold.follow_keys();
  EXPECT_EQ(key_told(untold, 0), 0);
  play_in_e_flat(untold, 0);
  EXPECT_EQ(key_told(untold, 0), key_class(music::Key{-3}));
  EXPECT_FALSE(untold.key_to_keep(untold.now())) << "there was none to leave";
}

TEST(Vocabulary, ClassesCoverTheirTables) {
  EXPECT_EQ(key_class(music::Key{7, music::Mode::minor}), input::key.size - 1);
  EXPECT_EQ(key_class(music::Key{-7, music::Mode::major}), 1);
  EXPECT_EQ(tempo_class(1000.0), 8);
  EXPECT_EQ(meter_class(*music::Meter::of(13, 16)), 0);
  EXPECT_EQ(velocity_class(127), velocity_classes - 1);
  for (int i = 1; i < velocity_classes; ++i) EXPECT_EQ(velocity_class(velocity_of_class(i)), i);
}

}  // namespace
}  // namespace antiphon::tokens
