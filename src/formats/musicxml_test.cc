// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/format.h"

namespace antiphon::formats {
namespace {

using music::Note;
using music::Ticks;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A document of one part, "P1", around its measures; a quarter has two divisions and a meter of
/// 4/4 unless the measures say otherwise.
std::string partwise(const std::string& measures, const std::string& score_part = "") {
  return "<score-partwise><part-list><score-part id=\"P1\"><part-name>Line</part-name>" +
         score_part + "</score-part></part-list><part id=\"P1\">" + measures +
         "</part></score-partwise>";
}

const std::string two_divisions = "<attributes><divisions>2</divisions></attributes>";

std::string measure(const std::string& content) { return "<measure>" + content + "</measure>"; }

/// A note by step and octave, such as "C4", with `more` behind its duration.
std::string note(const std::string& name, int divisions, const std::string& more = "") {
  return "<note><pitch><step>" + name.substr(0, 1) + "</step><octave>" + name.substr(1) +
         "</octave></pitch><duration>" + std::to_string(divisions) + "</duration>" + more +
         "</note>";
}

std::string rest(int divisions) {
  return "<note><rest/><duration>" + std::to_string(divisions) + "</duration></note>";
}

Reading read_text(const std::string& text) {
  auto reading = read_musicxml(as_bytes(text), "test.xml");
  EXPECT_TRUE(reading.ok()) << (reading ? "" : reading.error().message);
  return reading ? std::move(*reading) : Reading{};
}

std::string error_of(const std::string& text) {
  const auto reading = read_musicxml(as_bytes(text), "test.xml");
  return reading ? "" : reading.error().message;
}

music::Part part_of(const std::string& text) {
  Reading reading = read_text(text);
  reading.score.parts.resize(1);
  return reading.score.parts[0];
}

/// (onset, duration, pitch) of each note, onset and duration in 480ths: eighths.
std::vector<std::array<int, 3>> eighths(const music::Part& part) {
  std::vector<std::array<int, 3>> out;
  for (const Note& each : part.notes) {
    out.push_back({static_cast<int>(each.onset.count / 480),
                   static_cast<int>(each.duration.count / 480), each.pitch});
  }
  return out;
}

std::vector<int> pitches(const music::Part& part) {
  std::vector<int> out;
  for (const Note& each : part.notes) out.push_back(each.pitch);
  return out;
}

using Triple = std::array<int, 3>;

TEST(MusicXml, VoicesGoBackToTheirStart) {
  const auto part = part_of(partwise(
      measure(two_divisions + note("C5", 8) +
              "<backup><duration>8</duration></backup><forward><duration>4</duration></forward>" +
              note("E4", 4))));
  EXPECT_THAT(eighths(part), ElementsAre(Triple{0, 8, 72}, Triple{4, 4, 64}));
}

TEST(MusicXml, ChordNotesStartTogether) {
  const std::string chord =
      "<note><chord/><pitch><step>E</step><alter>-1</alter><octave>4</octave></pitch>"
      "<duration>2</duration></note>";
  const auto part =
      part_of(partwise(measure(two_divisions + note("C4", 2) + chord + note("D4", 6))));
  EXPECT_THAT(eighths(part), ElementsAre(Triple{0, 2, 60}, Triple{0, 2, 63}, Triple{2, 6, 62}));
}

TEST(MusicXml, TiesJoinAcrossBarsAndVoices) {
  const auto part = part_of(partwise(
      measure(two_divisions + note("C4", 8, "<tie type=\"start\"/><voice>1</voice>")) +
      measure(note("E4", 8, "<voice>1</voice>") + "<backup><duration>8</duration></backup>" +
              note("C4", 2, "<tie type=\"stop\"/><voice>2</voice>") + rest(6))));
  EXPECT_THAT(eighths(part), ElementsAre(Triple{0, 10, 60}, Triple{8, 8, 64}));
}

TEST(MusicXml, ATieThatDoesNotReachItsEndJoinsNothing) {
  const auto part =
      part_of(partwise(measure(two_divisions + note("C4", 2, "<tie type=\"start\"/>") + rest(2) +
                               note("C4", 4, "<tie type=\"stop\"/>"))));
  EXPECT_THAT(eighths(part), ElementsAre(Triple{0, 2, 60}, Triple{4, 4, 60}));
}

TEST(MusicXml, DivisionsMayChange) {
  const auto part = part_of(
      partwise(measure(two_divisions + note("C4", 8)) +
               measure("<attributes><divisions>4</divisions></attributes>" + note("D4", 16))));
  EXPECT_THAT(eighths(part), ElementsAre(Triple{0, 8, 60}, Triple{8, 8, 62}));
}

TEST(MusicXml, TripletsFallOnWholeTicks) {
  const auto part = part_of(partwise(measure("<attributes><divisions>3</divisions></attributes>" +
                                             note("C4", 1) + note("D4", 1) + note("E4", 1))));
  ASSERT_EQ(part.notes.size(), 3u);
  EXPECT_EQ(part.notes[1].onset, Ticks{320});
  EXPECT_EQ(part.notes[2].end(), Ticks{960});
}

TEST(MusicXml, GraceNotesTakeTheirTimeFromTheNextNote) {
  const std::string grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>";
  const auto part =
      part_of(partwise(measure(two_divisions + note("A4", 4) + grace + note("C5", 4))));
  ASSERT_EQ(part.notes.size(), 3u);
  EXPECT_EQ(part.notes[1], (Note{Ticks{1920}, Ticks{80}, 71}));
  EXPECT_EQ(part.notes[2], (Note{Ticks{2000}, Ticks{1840}, 72}));
}

TEST(MusicXml, GraceNotesAtTheEndTakeTheirTimeFromTheNoteBefore) {
  const std::string grace = "<note><grace/><pitch><step>B</step><octave>4</octave></pitch></note>";
  const auto part = part_of(partwise(measure(two_divisions + note("C5", 8) + grace)));
  ASSERT_EQ(part.notes.size(), 2u);
  EXPECT_EQ(part.notes[0].duration, Ticks{3760});
  EXPECT_EQ(part.notes[1], (Note{Ticks{3760}, Ticks{80}, 71}));
}

TEST(MusicXml, AGraceNoteTiedToItsNoteIsOneWithIt) {
  const std::string grace =
      "<note><grace/><pitch><step>C</step><octave>5</octave></pitch><tie type=\"start\"/></note>"
      "<note><grace/><pitch><step>E</step><octave>5</octave></pitch></note>";
  const auto part =
      part_of(partwise(measure(two_divisions + grace + note("C5", 8, "<tie type=\"stop\"/>"))));
  ASSERT_EQ(part.notes.size(), 2u);
  EXPECT_EQ(part.notes[0], (Note{Ticks{0}, Ticks{3840}, 72}));
}

TEST(MusicXml, TransposingInstrumentsSound) {
  const Reading reading = read_text(partwise(measure(
      "<attributes><divisions>2</divisions><key><fifths>2</fifths></key><transpose><chromatic>-2"
      "</chromatic><octave-change>-1</octave-change></transpose></attributes>" +
      note("D5", 8))));
  EXPECT_THAT(pitches(reading.score.parts[0]), ElementsAre(60));
  ASSERT_EQ(reading.score.keys.size(), 1u);
  EXPECT_EQ(reading.score.keys[0].value.fifths, 0);
}

TEST(MusicXml, APickupBarHasAMeterOfItsOwn) {
  const Reading reading = read_text(partwise(
      measure("<attributes><divisions>2</divisions><time><beats>3</beats><beat-type>4</beat-type>"
              "</time></attributes>" +
              note("C4", 1)) +
      measure(note("D4", 6)) + measure(note("E4", 6))));
  const auto bars = music::bars_of(reading.score);
  ASSERT_EQ(bars.size(), 3u);
  EXPECT_EQ(bars[0].meter, *music::Meter::of(1, 8));
  EXPECT_EQ(bars[1].start, Ticks{480});
  EXPECT_EQ(bars[2].start, Ticks{480 + 2880});
}

TEST(MusicXml, ABarThatOnePartFillsKeepsItsMeter) {
  const Reading reading =
      read_text("<score-partwise><part id=\"A\">" + measure(two_divisions + note("C4", 2)) +
                "</part><part id=\"B\">" + measure(two_divisions + note("C4", 8)) +
                "</part></score-partwise>");
  EXPECT_EQ(reading.score.parts.size(), 2u);
  EXPECT_THAT(reading.score.meters, IsEmpty());
}

TEST(MusicXml, AdditiveMetersAreSummed) {
  const Reading reading = read_text(partwise(measure(
      "<attributes><time><beats>3+2</beats><beat-type>8</beat-type><beats>1</beats><beat-type>4"
      "</beat-type></time></attributes>")));
  ASSERT_EQ(reading.score.meters.size(), 1u);
  EXPECT_EQ(reading.score.meters[0].value, *music::Meter::of(7, 8));
}

TEST(MusicXml, MetronomeMarksCountTheirBeat) {
  const Reading reading = read_text(partwise(
      measure("<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
              "<per-minute>c. 60</per-minute></metronome></direction-type></direction>" +
              note("C4", 4))));
  ASSERT_EQ(reading.score.tempos.size(), 1u);
  EXPECT_EQ(reading.score.tempos[0].value.bpm(), 90);
}

TEST(MusicXml, DynamicsHoldAndAccentsDoNot) {
  const auto mark = [](const std::string& name) {
    return "<direction><direction-type><dynamics><" + name +
           "/></dynamics></direction-type></direction>";
  };
  const auto part =
      part_of(partwise(measure(two_divisions + note("C4", 2) + mark("p") + note("C4", 2) +
                               mark("sfz") + note("C4", 2) + note("C4", 2))));
  ASSERT_EQ(part.notes.size(), 4u);
  EXPECT_TRUE(part.velocities_known);
  EXPECT_EQ(part.notes[0].velocity, Note::default_velocity);
  EXPECT_EQ(part.notes[1].velocity, 49);
  EXPECT_EQ(part.notes[2].velocity, 112);
  EXPECT_EQ(part.notes[3].velocity, 49);
}

TEST(MusicXml, WithoutDynamicsVelocitiesAreUnknown) {
  EXPECT_FALSE(part_of(partwise(measure(note("C4", 4)))).velocities_known);
}

TEST(MusicXml, LyricsKeepVersesSyllablesAndElisions) {
  const auto part = part_of(partwise(measure(note(
      "C4", 4,
      "<lyric number=\"1\"><syllabic>begin</syllabic><text>A</text></lyric><lyric number=\"2\">"
      "<text>de</text><elision>_</elision><text>in</text></lyric>"))));
  EXPECT_THAT(part.lyrics,
              ElementsAre(music::Lyric{Ticks{0}, 1, "A-"}, music::Lyric{Ticks{0}, 2, "de_in"}));
}

TEST(MusicXml, ChordSymbolsAreTextAsPlayersWriteIt) {
  const Reading reading = read_text(partwise(measure(
      "<harmony><root><root-step>B</root-step><root-alter>-1</root-alter></root>"
      "<kind text=\"min7\">minor-seventh</kind><bass><bass-step>A</bass-step></bass><degree>"
      "<degree-value>11</degree-value><degree-alter>0</degree-alter><degree-type>add</degree-type>"
      "</degree></harmony>" +
      note("C4", 4))));
  EXPECT_THAT(reading.score.chords, ElementsAre(music::ChordSymbol{Ticks{0}, "Bbm7add11/A"}));
}

TEST(MusicXml, APianoOnTwoStavesIsOnePart) {
  const auto part = part_of(partwise(
      measure("<attributes><divisions>2</divisions><staves>2</staves></attributes>" +
              note("C5", 8, "<staff>1</staff>") + "<backup><duration>8</duration></backup>" +
              note("C3", 8, "<staff>2</staff>"))));
  EXPECT_THAT(pitches(part), ElementsAre(48, 72));
}

TEST(MusicXml, UnpitchedNotesAreTheKeysOfTheirInstruments) {
  const auto part = part_of(partwise(
      measure("<note><unpitched/><duration>4</duration><instrument id=\"K\"/></note>"),
      "<midi-instrument id=\"K\"><midi-channel>10</midi-channel><midi-unpitched>37</midi-unpitched>"
      "</midi-instrument>"));
  EXPECT_TRUE(part.drums);
  EXPECT_THAT(pitches(part), ElementsAre(36));
}

TEST(MusicXml, WhatIsSungIsAVoiceWhateverTheFilePlaysItOn) {
  const auto part = part_of(
      partwise(measure(note("C4", 4)),
               "<score-instrument id=\"I\"><instrument-sound>voice.soprano</instrument-sound>"
               "</score-instrument><midi-instrument id=\"I\"><midi-program>69</midi-program>"
               "</midi-instrument>"));
  EXPECT_EQ(part.program, 52);
}

TEST(MusicXml, ANameTellsTheInstrumentIfNothingElseDoes) {
  const Reading reading = read_text(
      "<score-partwise><part-list><score-part id=\"P1\"><part-name>Viola</part-name></score-part>"
      "</part-list><part id=\"P1\">" +
      measure(note("C4", 4)) + "</part></score-partwise>");
  EXPECT_EQ(reading.score.parts[0].program, 41);
}

TEST(MusicXml, TimewiseScoresRead) {
  const Reading reading = read_text("<score-timewise><measure><part id=\"A\">" + note("C4", 4) +
                                    "</part><part id=\"B\">" + note("E4", 4) +
                                    "</part></measure><measure><part id=\"A\">" + note("D4", 4) +
                                    "</part></measure></score-timewise>");
  ASSERT_EQ(reading.score.parts.size(), 2u);
  EXPECT_THAT(pitches(reading.score.parts[0]), ElementsAre(60, 62));
}

TEST(MusicXml, CueNotesAreLeftOutAndToldOf) {
  const Reading reading = read_text(
      partwise(measure(two_divisions +
                       "<note><cue/><pitch><step>C</step><octave>4</octave></pitch><duration>4"
                       "</duration></note>" +
                       note("D4", 4))));
  EXPECT_THAT(eighths(reading.score.parts[0]), ElementsAre(Triple{4, 4, 62}));
  EXPECT_THAT(reading.dropped, ElementsAre("Cue notes are left out."));
}

TEST(MusicXml, GoingBackTakesUpTheTempoThatHeldThere) {
  const auto tempo = [](const std::string& bpm) { return "<sound tempo=\"" + bpm + "\"/>"; };
  const Reading reading = read_text(partwise(
      measure(tempo("100")) + measure("<barline><repeat direction=\"forward\"/></barline>") +
      measure(tempo("80") + "<barline><repeat direction=\"backward\"/></barline>")));
  std::vector<double> bpm;
  for (const auto& change : reading.score.tempos) bpm.push_back(change.value.bpm());
  EXPECT_THAT(bpm, ElementsAre(100, 80, 100, 80));
}

TEST(MusicXml, Utf16AndLatin1AreText) {
  const std::string utf8 = partwise(measure(note("C4", 4)));
  std::string utf16 = "\xff\xfe";
  for (const char c : utf8) (utf16 += c) += '\0';
  EXPECT_EQ(part_of(utf16).notes.size(), 1u);
  std::string latin1 = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>" + utf8;
  latin1.replace(latin1.find("Line"), 4, "Fl\xf6te");
  EXPECT_EQ(part_of(latin1).name, "Fl\xc3\xb6te");
}

TEST(MusicXml, ErrorsSayTheLine) {
  EXPECT_EQ(error_of("<score-partwise>\n<part>\n</score-partwise>"),
            "test.xml:3: not well-formed XML (start-end tags mismatch); expected a MusicXML score");
  EXPECT_EQ(error_of(partwise("\n<measure number=\"7\">\n<note><pitch><step>H</step><octave>4"
                              "</octave></pitch><duration>1</duration></note></measure>")),
            "test.xml:3: part 1, bar 7: a pitch must have a step from A to G and an octave");
  EXPECT_THAT(error_of("<html/>"), HasSubstr("test.xml:1: the document is a <html>"));
  EXPECT_THAT(error_of("<score-partwise/>"), HasSubstr("the score has no bars"));
  EXPECT_THAT(error_of(""), HasSubstr("test.xml:1: not well-formed XML"));
}

TEST(MusicXml, RepeatsThatMultiplyOutOfProportionArePlayedOnce) {
  const Reading reading = read_text(
      partwise(measure(note("C4", 4) + "<barline><repeat direction=\"backward\" times=\"60\"/>"
                                       "</barline>")));
  EXPECT_EQ(reading.score.parts[0].notes.size(), 1u);
  EXPECT_THAT(reading.dropped, ElementsAre(HasSubstr("each bar is played once")));
}

TEST(MusicXml, EndingsThatNoPassReachesAreStillPlayed) {
  const Reading reading = read_text(partwise(
      measure("<barline><ending number=\"2\" type=\"start\"/></barline>" + note("C4", 4))));
  EXPECT_EQ(reading.score.parts[0].notes.size(), 1u);
  EXPECT_THAT(reading.dropped, ElementsAre(HasSubstr("leave no bar to play")));
}

TEST(MusicXml, ABarLongerThanAnyMeterIsRefused) {
  EXPECT_THAT(error_of(partwise(measure(note("C4", 2000000000)))),
              HasSubstr("at most 255 whole notes"));
  EXPECT_THAT(error_of(partwise(measure(note("C4", 1000) + note("C4", 1000)))),
              HasSubstr("longer than 255 whole notes"));
}

}  // namespace
}  // namespace antiphon::formats
