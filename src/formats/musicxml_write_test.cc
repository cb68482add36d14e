// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "formats/format.h"
#include "formats/musicxml_harmony.h"
#include "formats/musicxml_voices.h"

namespace antiphon::formats {
namespace {

using music::Note;
using music::Score;
using music::Ticks;
using ::testing::HasSubstr;

Score reread(const Score& score) {
  auto reading = read_musicxml(write_musicxml(score), "again.xml");
  EXPECT_TRUE(reading.ok()) << (reading ? "" : reading.error().message);
  return reading ? std::move(reading->score) : Score{};
}

/// Notes that may overlap in any way, but not on one pitch; durations and onsets on `step` ticks.
std::vector<Note> random_notes(Random& random, std::int64_t step, bool loud) {
  music::Part part;
  std::int64_t at = 0;
  const std::size_t count = 1 + random.below(40);
  for (std::size_t i = 0; i < count; ++i) {
    at += static_cast<std::int64_t>(random.below(12)) * step;
    const auto length = static_cast<std::int64_t>(1 + random.below(60)) * step;
    const auto pitch = static_cast<std::uint8_t>(30 + random.below(60));
    const auto velocity =
        loud ? static_cast<std::uint8_t>(1 + random.below(127)) : Note::default_velocity;
    part.notes.push_back({Ticks{at}, Ticks{length}, pitch, velocity});
  }
  Score score;
  score.parts.push_back(std::move(part));
  music::sort(score);
  music::separate_unisons(score.parts[0]);
  return score.parts[0].notes;
}

Score random_score(Random& random, std::int64_t step) {
  Score score;
  score.title = "Title & <more>";
  score.composer = "N. \"N\" N\u00e4mlich";
  const int beats = static_cast<int>(2 + random.below(6));
  score.meters = {{Ticks{0}, *music::Meter::of(1, 8)}, {Ticks{480}, *music::Meter::of(beats, 4)}};
  score.keys = {{Ticks{0}, {static_cast<int>(random.below(15)) - 7, music::Mode::minor}},
                {Ticks{480 + 77 * step}, {1, music::Mode::major}}};
  score.tempos = {{Ticks{0}, *music::Tempo::of(40 + random.uniform() * 100)},
                  {Ticks{5 * step}, *music::Tempo::of(30)}};
  score.chords = {{Ticks{0}, "Am7/G"}, {Ticks{11 * step}, "C7b9"}, {Ticks{30 * step}, "N.C."}};
  const std::size_t parts = 1 + random.below(4);
  for (std::size_t i = 0; i < parts; ++i) {
    music::Part part;
    part.name = "Part " + std::to_string(i + 1);
    part.program = static_cast<std::uint8_t>(random.below(128));
    part.drums = random.below(5) == 0;
    part.velocities_known = random.below(2) == 0;
    part.notes = random_notes(random, step, part.velocities_known);
    for (const Note& note : part.notes) {
      const bool repeated = !part.lyrics.empty() && part.lyrics.back().at == note.onset;
      if (repeated || random.below(2) == 0) continue;
      part.lyrics.push_back({note.onset, 1 + static_cast<int>(random.below(3)),
                             random.below(2) == 0 ? "la-" : "li'<&"});
    }
    score.parts.push_back(std::move(part));
  }
  return score;
}

TEST(MusicXmlWrite, WhatIsWrittenReadsTheSameOnTheGrid) {
  Random random(1);
  for (int i = 0; i < 60; ++i) {
    const Score score = random_score(random, 80);
    ASSERT_EQ(reread(score), score) << "score " << i;
  }
}

TEST(MusicXmlWrite, WhatIsWrittenReadsTheSameAtAnyTick) {
  Random random(2);
  for (int i = 0; i < 60; ++i) {
    const Score score = random_score(random, 37);
    ASSERT_EQ(reread(score), score) << "score " << i;
  }
}

TEST(MusicXmlWrite, SyllablesInsideANoteAreKept) {
  Score score;
  score.parts.resize(1);
  score.parts[0].notes = {{Ticks{0}, Ticks{1920}, 60}};
  score.parts[0].lyrics = {{Ticks{960}, 1, "late"}, {Ticks{2880}, 1, "alone"}};
  EXPECT_EQ(reread(score), score);
}

TEST(MusicXmlWrite, AnEmptyScoreIsABarOfSilence) {
  const Score score = reread(Score{});
  ASSERT_EQ(score.parts.size(), 1u);
  EXPECT_TRUE(score.parts[0].notes.empty());
}

TEST(MusicXmlWrite, APianoGetsTwoStaves) {
  Score score;
  score.parts.resize(1);
  score.parts[0].notes = {{Ticks{0}, Ticks{960}, 40}, {Ticks{0}, Ticks{960}, 72}};
  const Bytes bytes = write_musicxml(score);
  EXPECT_THAT(std::string(as_text(bytes)), HasSubstr("<staves>2</staves>"));
  EXPECT_EQ(reread(score), score);
}

TEST(MusicXmlWrite, NotesAreSpeltByTheKey) {
  Score score;
  score.keys = {{Ticks{0}, {-3, music::Mode::major}}};
  score.parts.resize(1);
  score.parts[0].notes = {{Ticks{0}, Ticks{960}, 63}};
  const Bytes bytes = write_musicxml(score);
  EXPECT_THAT(std::string(as_text(bytes)),
              HasSubstr("<step>E</step><alter>-1</alter><octave>4</octave>"));
}

TEST(MusicXmlWrite, OctavesFollowTheLetterNotTheKey) {
  Score score;
  score.keys = {{Ticks{0}, {7, music::Mode::major}}};
  score.parts.resize(1);
  score.parts[0].notes = {{Ticks{0}, Ticks{960}, 60}};
  const Bytes bytes = write_musicxml(score);
  EXPECT_THAT(std::string(as_text(bytes)),
              HasSubstr("<step>B</step><alter>1</alter><octave>3</octave>"));
}

TEST(MusicXmlVoices, OverlapsTakeAsFewVoicesAsCanBe) {
  const std::vector<Note> notes = {{Ticks{0}, Ticks{10}, 60},
                                   {Ticks{0}, Ticks{10}, 64},
                                   {Ticks{5}, Ticks{10}, 62},
                                   {Ticks{10}, Ticks{10}, 60}};
  const auto voices = voices_of(notes);
  ASSERT_EQ(voices.size(), 2u);
  EXPECT_EQ(voices[0].size(), 2u);
  EXPECT_EQ(voices[0][0].notes.size(), 2u);
}

TEST(MusicXmlVoices, ValuesAreNotesDotsTripletsAndSums) {
  EXPECT_EQ(note_values(Ticks{960})[0].type, "quarter");
  EXPECT_EQ(note_values(Ticks{1440})[0].dots, 1);
  EXPECT_TRUE(note_values(Ticks{320})[0].triplet);
  EXPECT_EQ(note_values(Ticks{1200}).size(), 2u);
  EXPECT_EQ(note_values(Ticks{400}).size(), 2u);
  EXPECT_EQ(note_values(Ticks{37})[0].type, "");
}

TEST(MusicXmlHarmony, SymbolsReadBackAsTheyWere) {
  for (const std::string text :
       {"C", "F#m7b5", "Bbmaj7", "Ebm(maj7)", "G7b9#11", "Dadd9", "A7sus4/E", "N.C.", "Am7/G", "C5",
        "Gno3", "Calt", "hey <you>", "Cb", "D/F#"}) {
    pugi::xml_document document;
    ASSERT_TRUE(document.load_string(("<harmony>" + harmony_xml(text) + "</harmony>").c_str()));
    EXPECT_EQ(chord_text(document.child("harmony")), text);
  }
}

}  // namespace
}  // namespace antiphon::formats
