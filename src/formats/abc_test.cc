// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "formats/format.h"

namespace antiphon::formats {
namespace {

using music::Ticks;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Reading> read_text(const std::string& text) { return read_abc(as_bytes(text), "tune.abc"); }

music::Score score_of(const std::string& text) {
  auto reading = read_text(text);
  EXPECT_TRUE(reading) << (reading ? "" : reading.error().message);
  return reading ? std::move(reading->score) : music::Score{};
}

std::string error_of(const std::string& text) {
  const auto reading = read_text(text);
  return reading ? "it was read" : reading.error().message;
}

/// The notes of the first part as "onset+length:pitch", in 24ths of a quarter.
std::string notes_of(const music::Score& score, std::size_t part = 0) {
  std::string out;
  if (part >= score.parts.size()) return "no such part";
  for (const music::Note& note : score.parts[part].notes) {
    out += (out.empty() ? "" : " ") + std::to_string(note.onset.count / 40) + "+" +
           std::to_string(note.duration.count / 40) + ":" + std::to_string(note.pitch);
  }
  return out;
}

/// Of music in C, 4/4, with quarters as the unit.
std::string notes(const std::string& music) {
  return notes_of(score_of("X:1\nM:4/4\nL:1/4\nK:C\n" + music + "\n"));
}

/// The pitches of a music line in a key.
std::string pitches(const std::string& key, const std::string& music) {
  const music::Score score = score_of("X:1\nL:1/4\nK:" + key + "\n" + music + "\n");
  std::string out;
  for (const music::Note& note : score.parts.at(0).notes)
    out += (out.empty() ? "" : " ") + std::to_string(note.pitch);
  return out;
}

TEST(ReadAbc, LettersAndMarksAreOctaves) { EXPECT_EQ(pitches("C", "C,Ccc'"), "48 60 72 84"); }

TEST(ReadAbc, KeysHaveTheirSharpsAndFlats) {
  EXPECT_EQ(pitches("D", "FGc"), "66 67 73");
  EXPECT_EQ(pitches("Bb", "EB"), "63 70");
  EXPECT_EQ(pitches("F#m", "FGc"), "66 68 73");
}

TEST(ReadAbc, ModesCountFromTheirTonic) {
  EXPECT_EQ(pitches("D dor", "FBc"), "65 71 72");
  EXPECT_EQ(pitches("A mix", "Fcg"), "66 73 79");
  EXPECT_EQ(pitches("E phr", "F"), "65");
  EXPECT_EQ(pitches("F lydian", "B"), "71");
}

TEST(ReadAbc, AnAccidentalLastsTheBar) {
  EXPECT_EQ(pitches("C", "^FF=FF|^F|F"), "66 66 65 65 66 65");
}

TEST(ReadAbc, AnAccidentalIsForAllOctavesOfItsBar) {
  EXPECT_EQ(pitches("C", "^Ff|f"), "66 78 77");
  EXPECT_EQ(pitches("C\n%%propagate-accidentals octave", "^FfF"), "66 77 66");
  EXPECT_EQ(pitches("C\n%%propagate-accidentals not", "^FF"), "66 65");
}

TEST(ReadAbc, ATieCarriesItsAccidentalOverTheBarLine) {
  EXPECT_EQ(notes("^F4-|F4F4"), "0+192:66 192+96:65") << "one note, then the key's";
  EXPECT_EQ(notes("[^F^C]4-|[FC]4"), "0+192:61 0+192:66");
  EXPECT_EQ(notes("[C-^F]4|[CF]4"), "0+192:60 0+96:66 96+96:65") << "only what is tied";
  EXPECT_EQ(notes("[C^F-]4|[CF]4"), "0+96:60 0+192:66 96+96:60");
}

TEST(ReadAbc, WordsGoOnWhereALineGoesOn) {
  const music::Score score = score_of("X:1\nL:1/4\nK:C\nCD\\\nEF\nw: one two three four\n");
  ASSERT_EQ(score.parts[0].lyrics.size(), 4u);
  EXPECT_EQ(score.parts[0].lyrics[0].text, "one");
  EXPECT_EQ(score.parts[0].lyrics[3].at, Ticks::quarters(3));
}

TEST(ReadAbc, ChannelTenIsDrums) {
  EXPECT_TRUE(score_of("X:1\nK:C\n%%MIDI channel 10\nC\n").parts[0].drums);
  EXPECT_FALSE(score_of("X:1\nK:C\n%%MIDI channel 1\nC\n").parts[0].drums);
}

TEST(ReadAbc, ARestOfAThousandBarsIsTheLongest) {
  EXPECT_THAT(error_of("X:1\nM:4/4\nL:1/4\nK:C\nZ999999 C\n"),
              HasSubstr("tune.abc:5: a rest of more than 1000 bars"));
}

TEST(ReadAbc, TellsOfDecorations) {
  EXPECT_THAT(read_text("X:1\nK:C\n!trill!C .D\n")->dropped, Contains("decorations"));
}

TEST(ReadAbc, LengthsMultiplyAndDivide) {
  EXPECT_EQ(notes("C2C/C//C3/2"), "0+48:60 48+12:60 60+6:60 66+36:60");
}

TEST(ReadAbc, BrokenRhythmDotsOneOfAPair) {
  EXPECT_EQ(notes("C>D E<F"), "0+36:60 36+12:62 48+12:64 60+36:65");
  EXPECT_EQ(notes("C>>D"), "0+42:60 42+6:62");
}

TEST(ReadAbc, TupletsFitTheirTime) {
  EXPECT_EQ(notes("(3CDE F"), "0+16:60 16+16:62 32+16:64 48+24:65");
  EXPECT_EQ(notes("(3:2:2CD E"), "0+16:60 16+16:62 32+24:64");
}

TEST(ReadAbc, ADupletOfCompoundTimeIsLonger) {
  EXPECT_EQ(notes_of(score_of("X:1\nM:6/8\nL:1/8\nK:C\n(2CD\n")), "0+18:60 18+18:62");
}

TEST(ReadAbc, AGraceNoteTakesItsTimeFromTheNextNote) { EXPECT_EQ(notes("{d}C"), "0+3:74 3+21:60"); }

TEST(ReadAbc, ChordsMayBeTied) { EXPECT_EQ(notes("[CE]2-[CE]"), "0+72:60 0+72:64"); }

TEST(ReadAbc, ATieGoesOverTheBarLine) { EXPECT_EQ(notes("C4-|C2D2"), "0+144:60 144+48:62"); }

TEST(ReadAbc, ARepeatIsPlayedTwice) { EXPECT_EQ(notes("|:C4:|D4"), "0+96:60 96+96:60 192+96:62"); }

TEST(ReadAbc, EachTimeHasItsEnding) {
  EXPECT_EQ(notes("|:C4|1D4:|2E4|]"), "0+96:60 96+96:62 192+96:60 288+96:64");
  EXPECT_EQ(notes("|:C4|[1 D4:|[2 E4|]"), "0+96:60 96+96:62 192+96:60 288+96:64");
}

TEST(ReadAbc, TwoRepeatsMeetInOneSign) {
  EXPECT_EQ(notes("|:C4::D4:|"), "0+96:60 96+96:60 192+96:62 288+96:62");
}

TEST(ReadAbc, VoicesHaveTheirOwnLines) {
  const auto score = score_of("X:1\nL:1/4\nK:C\nV:S name=\"Soprano\"\nc4\nV:B\nC4\n");
  EXPECT_EQ(notes_of(score, 0), "0+96:72");
  EXPECT_EQ(notes_of(score, 1), "0+96:60");
  EXPECT_EQ(score.parts.at(0).name, "Soprano");
}

TEST(ReadAbc, AVoiceMayChangeInMidLine) {
  const auto score = score_of("X:1\nL:1/4\nK:C\n[V:1]c4|[V:2]C4|\n[V:1]d4|[V:2]D4|\n");
  EXPECT_EQ(notes_of(score, 0), "0+96:72 96+96:74");
  EXPECT_EQ(notes_of(score, 1), "0+96:60 96+96:62");
}

TEST(ReadAbc, KeyMeterAndUnitMayChangeInMidLine) {
  const auto score = score_of("X:1\nM:4/4\nL:1/4\nK:C\nF4|[K:G][M:3/4][L:1/2]FF/\n");
  EXPECT_EQ(notes_of(score), "0+96:65 96+48:66 144+24:66");
  EXPECT_THAT(score.meters,
              Contains(music::Change<music::Meter>{Ticks::quarters(4), *music::Meter::of(3, 4)}));
}

TEST(ReadAbc, SyllablesGoToTheNotesOfTheirLine) {
  const auto score = score_of("X:1\nL:1/4\nK:C\nCDEF\nw:A-ve * Ma~x\n");
  EXPECT_THAT(score.parts.at(0).lyrics,
              ElementsAre(music::Lyric{{}, 1, "A-"}, music::Lyric{Ticks::quarters(1), 1, "ve"},
                          music::Lyric{Ticks::quarters(3), 1, "Ma x"}));
}

TEST(ReadAbc, ASecondLineOfWordsIsASecondVerse) {
  const auto score = score_of("X:1\nL:1/4\nK:C\nC\nw:one\nw:two\n");
  EXPECT_THAT(score.parts.at(0).lyrics,
              ElementsAre(music::Lyric{{}, 1, "one"}, music::Lyric{{}, 2, "two"}));
}

TEST(ReadAbc, ChordSymbolsAreKeptAndAnnotationsAreTold) {
  const auto reading = read_text("X:1\nL:1/4\nK:C\n\"Am7\"C\"^slowly\"D\n");
  ASSERT_TRUE(reading);
  EXPECT_THAT(reading->score.chords, ElementsAre(music::ChordSymbol{{}, "Am7"}));
  EXPECT_THAT(reading->dropped, ElementsAre("annotations"));
}

TEST(ReadAbc, AnOverlayStartsTheBarAgain) {
  EXPECT_EQ(notes("C4&E2G2|"), "0+96:60 0+48:64 48+48:67");
}

TEST(ReadAbc, WholeBarsOfRestFollowTheMeter) { EXPECT_EQ(notes("Z2|C"), "192+24:60"); }

TEST(ReadAbc, TheUnitFollowsTheMeterUnlessItIsSaid) {
  EXPECT_EQ(notes_of(score_of("X:1\nM:2/4\nK:C\nC\n")), "0+6:60");
  EXPECT_EQ(notes_of(score_of("X:1\nM:3/4\nK:C\nC\n")), "0+12:60");
}

TEST(ReadAbc, APickupIsABarOfItsOwn) {
  EXPECT_THAT(
      score_of("X:1\nM:3/4\nL:1/4\nK:C\nG|C3|\n").meters,
      ElementsAre(music::Change<music::Meter>{{}, *music::Meter::of(1, 4)},
                  music::Change<music::Meter>{Ticks::quarters(1), *music::Meter::of(3, 4)}));
}

TEST(ReadAbc, ATempoCountsItsOwnNoteValue) {
  EXPECT_THAT(score_of("X:1\nQ:3/8=60\nK:C\nC\n").tempos,
              ElementsAre(music::Change<music::Tempo>{{}, *music::Tempo::of(90)}));
}

TEST(ReadAbc, TextOtherThanUtf8IsLatin1) {
  EXPECT_EQ(score_of("X:1\nT:No\xebl\nK:C\nC\n").title, "No\xc3\xabl");
}

TEST(ReadAbc, ABookHoldsManyTunes) {
  const std::string book = "M:3/4\n\nX:1\nT:One\nK:C\nC\n\nX:2\nK:C\n[CE\n\nX:3\nT:Three\nK:C\nD\n";
  const auto tunes = read_abc_tunes(as_bytes(book), "book.abc");
  ASSERT_EQ(tunes.size(), 3u);
  EXPECT_EQ(tunes[0]->score.title, "One");
  EXPECT_FALSE(tunes[1]);
  EXPECT_EQ(tunes[2]->score.title, "Three");
}

TEST(ReadAbc, ErrorsNameTheirLine) {
  EXPECT_EQ(error_of("X:1\nK:C\nC\n[CE\n"), "tune.abc:4: a chord '[' has no ']'");
  EXPECT_EQ(error_of("X:1\nM:3/5\nK:C\n"),
            "tune.abc:2: M:3/5: expected a meter such as 4/4, 6/8, C, C| or none");
  EXPECT_THAT(error_of("X:1\nT:no key\n"), HasSubstr("tune.abc:2: the tune has no key"));
  EXPECT_THAT(error_of("hello\n"), HasSubstr("in ABC a tune begins with a line 'X:1'"));
}

TEST(ReadAbc, BrokenRhythmWithoutEndStaysFinite) {
  EXPECT_TRUE(read_text("X:1\nL:1/4\nK:C\nC" + std::string(300, '>') + "\n"));
  std::string apart = "C";
  for (int i = 0; i < 200; ++i) apart += "> ";
  EXPECT_TRUE(read_text("X:1\nL:1/4\nK:C\n" + apart + "\n"));
}

TEST(ReadAbc, AChordOfHugeLengthsStaysFinite) {
  EXPECT_TRUE(read_text("X:1\nL:64/1\nK:C\n[C1024E]1024\n"));
}

TEST(ReadAbc, YearsOfRestAreRefused) {
  std::string rests = "|:";
  for (int i = 0; i < 3000; ++i) rests += "Z1000|";
  EXPECT_THAT(error_of("X:1\nM:100/1\nK:C\nC" + rests + ":|C\n"), HasSubstr("it lasts more than"));
}

}  // namespace
}  // namespace antiphon::formats
