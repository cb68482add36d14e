// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "formats/format.h"

namespace antiphon::formats {
namespace {

using music::Note;
using music::Ticks;
using namespace std::string_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string big_endian(std::size_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}

const std::string end_of_track = "\x00\xff\x2f\x00"s;

std::string track(const std::string& events) {
  return "MTrk" + big_endian(events.size(), 4) + events;
}

/// A file of 96 ticks a quarter.
std::string file(const std::vector<std::string>& tracks, int format = 1,
                 std::size_t division = 96) {
  std::string out = "MThd" + big_endian(6, 4) + big_endian(static_cast<std::size_t>(format), 2) +
                    big_endian(tracks.size(), 2) + big_endian(division, 2);
  for (const std::string& events : tracks) out += track(events + end_of_track);
  return out;
}

Reading reading_of(const std::string& bytes) {
  auto reading = read_midi(as_bytes(bytes), "song.mid");
  EXPECT_TRUE(reading) << (reading ? "" : reading.error().message);
  return reading ? *std::move(reading) : Reading{};
}

std::string error_of(const std::string& bytes) {
  const auto reading = read_midi(as_bytes(bytes), "song.mid");
  return reading ? "it was read" : reading.error().message;
}

Note note(std::int64_t quarters, std::int64_t length, std::uint8_t pitch, std::uint8_t velocity) {
  return {Ticks::quarters(quarters), Ticks::quarters(length), pitch, velocity};
}

TEST(ReadMidi, RunningStatusGoesOnAndVelocityZeroEndsANote) {
  const auto reading = reading_of(file({"\x00\x90\x3c\x64\x60\x3c\x00\x00\x3e\x50\x60\x3e\x00"s}));
  ASSERT_EQ(reading.score.parts.size(), 1u);
  EXPECT_THAT(reading.score.parts[0].notes, ElementsAre(note(0, 1, 60, 100), note(1, 1, 62, 80)));
}

TEST(ReadMidi, EachChannelOfATrackIsAPart) {
  const auto reading = reading_of(file(
      {"\x00\xff\x03\x01Z\x00\xc1\x28\x00\x90\x3c\x64\x00\x91\x40\x64\x60\x80\x3c\x00\x00\x81\x40\x00"s},
      0));
  ASSERT_EQ(reading.score.parts.size(), 2u);
  EXPECT_EQ(reading.score.parts[0].program, 0);
  EXPECT_EQ(reading.score.parts[1].program, 40);
  EXPECT_EQ(reading.score.parts[1].name, "Z");
}

TEST(ReadMidi, ChannelTenIsDrums) {
  const auto reading = reading_of(file({"\x00\x99\x24\x64\x60\x89\x24\x00"s}));
  EXPECT_TRUE(reading.score.parts.at(0).drums);
}

TEST(ReadMidi, TempoMeterAndKeyHaveTheirTimes) {
  const auto reading =
      reading_of(file({"\x00\xff\x51\x03\x0f\x42\x40\x60\xff\x58\x04\x06\x03\x24\x08"
                       "\x60\xff\x59\x02\xfd\x01"s}));
  const music::Score& score = reading.score;
  EXPECT_THAT(score.tempos, ElementsAre(music::Change<music::Tempo>{{}, *music::Tempo::of(60)}));
  EXPECT_THAT(score.meters, ElementsAre(music::Change<music::Meter>{Ticks::quarters(1),
                                                                    *music::Meter::of(6, 8)}));
  EXPECT_THAT(score.keys, ElementsAre(music::Change<music::Key>{
                              Ticks::quarters(2), music::Key{-3, music::Mode::minor}}));
}

TEST(ReadMidi, LyricsBelongToTheirPart) {
  const auto reading = reading_of(file({"\x00\xff\x05\x02la\x00\x90\x3c\x64\x60\x80\x3c\x00"s}));
  EXPECT_THAT(reading.score.parts.at(0).lyrics, ElementsAre(music::Lyric{{}, 1, "la"}));
}

TEST(ReadMidi, ANoteStruckAgainEndsThere) {
  const auto reading =
      reading_of(file({"\x00\x90\x3c\x64\x60\x90\x3c\x50\x60\x80\x3c\x00\x60\x80\x3c\x00"s}));
  EXPECT_THAT(reading.score.parts.at(0).notes,
              ElementsAre(note(0, 1, 60, 100), note(1, 2, 60, 80)));
}

TEST(ReadMidi, ANoteThatNobodyEndsLastsToTheEndOfItsTrack) {
  const auto reading = reading_of(file({"\x00\x90\x3c\x64\x60\xff\x01\x00"s}));
  EXPECT_THAT(reading.score.parts.at(0).notes, ElementsAre(note(0, 1, 60, 100)));
  EXPECT_THAT(reading.dropped, Contains("the missing ends of notes that never stop"));
}

TEST(ReadMidi, ChunksOfOtherKindsArePassedOver) {
  std::string bytes = file({"\x00\x90\x3c\x64\x60\x80\x3c\x00"s});
  bytes.insert(14, "XFIH" + big_endian(2, 4) + "ab");
  EXPECT_EQ(reading_of(bytes).score.parts.size(), 1u);
}

TEST(ReadMidi, AFileOfFilmTimeIsRefused) {
  EXPECT_EQ(error_of(file({""}, 1, 0xe728)),
            "song.mid: byte 12: its time is film frames (SMPTE), not note values; expected ticks "
            "per quarter note");
}

TEST(ReadMidi, FormatTwoIsRefused) { EXPECT_THAT(error_of(file({""}, 2)), HasSubstr("format 2;")); }

TEST(ReadMidi, ATrackCutShortSaysWhichAndWhere) {
  const std::string bytes = "MThd" + big_endian(6, 4) + big_endian(1, 2) + big_endian(1, 2) +
                            big_endian(96, 2) + track("\x00\x90\x3c"s);
  EXPECT_EQ(error_of(bytes), "song.mid: byte 23: track 1 ends inside an event");
}

TEST(ReadMidi, ALengthPastTheEndSaysWhatIsThere) {
  std::string bytes = file({""});
  bytes[18] = '\x7f';
  EXPECT_THAT(error_of(bytes), HasSubstr("byte 14: track 1 should have 2130706436 bytes"));
}

TEST(ReadMidi, AMissingTrackIsTold) {
  EXPECT_THAT(error_of(file({""}).substr(0, 14)), HasSubstr("the file ends after 0 of 1 tracks"));
}

TEST(ReadMidi, DataWithoutStatusIsTold) {
  EXPECT_THAT(error_of(file({"\x00\x3c\x64"s})), HasSubstr("data without a status byte"));
}

TEST(ReadMidi, ATimeYearsAwayIsRefused) {
  EXPECT_THAT(error_of(file({"\xff\xff\xff\x7f\x90\x3c\x64"s}, 1, 1)), HasSubstr("no piece lasts"));
}

TEST(ReadMidi, OneLongNameIsNotCopiedToEveryPart) {
  std::string events = "\x00\xff\x03\xff\x7f"s + std::string(0x3fff, 'n');
  events += "\x00\x90\x3c\x64"s;
  EXPECT_LE(reading_of(file({events})).score.parts.at(0).name.size(), 256u);
}

TEST(ReadMidi, WordsOfATrackWithoutNotesGoToTheMelodyThatTheySoundWith) {
  const std::string words =
      "\x00\xff\x01\x02@L\x60\xff\x01\x04\\Hel\x60\xff\x01\x03lo \x60\xff\x01\x03you"s;
  const std::string chords = "\x00\x91\x30\x64\x60\x30\x00"s;
  const std::string tune =
      "\x60\x90\x3c\x64\x60\x3c\x00\x00\x3e\x64\x60\x3e\x00\x00\x40\x64\x60\x40\x00"s;
  const auto score = reading_of(file({words, chords, tune})).score;
  ASSERT_EQ(score.parts.size(), 2u);
  EXPECT_TRUE(score.parts[0].lyrics.empty());
  EXPECT_THAT(score.parts[1].lyrics, ElementsAre(music::Lyric{Ticks::quarters(1), 1, "Hel-"},
                                                 music::Lyric{Ticks::quarters(2), 1, "lo"},
                                                 music::Lyric{Ticks::quarters(3), 1, "you"}));
}

TEST(ReadMidi, RemarksInAConductorTrackAreNoWords) {
  const auto score =
      reading_of(file({"\x00\xff\x01\x02me"s, "\x00\x90\x3c\x64\x60\x3c\x00"s})).score;
  EXPECT_TRUE(score.parts.at(0).lyrics.empty());
}

TEST(ReadMidi, ALongNameIsCutBetweenCharacters) {
  std::string events = "\x00\xff\x03\x82\x2c"s + std::string(255, 'n');
  for (int i = 0; i < 22; ++i) events += "\xc3\xa9";
  events += 'n';
  events += "\x00\x90\x3c\x64"s;
  EXPECT_EQ(reading_of(file({events})).score.parts.at(0).name, std::string(255, 'n'));
}

TEST(ReadMidi, ALatin1NameBecomesUtf8) {
  const auto reading = reading_of(file({"\x00\xff\x03\x02\x46\xe9\x00\x90\x3c\x64"s}));
  EXPECT_EQ(reading.score.parts.at(0).name, "F\xc3\xa9");
}

TEST(ReadMidi, AFileInARiffFileIsRead) {
  const std::string inner = file({"\x00\x90\x3c\x64\x60\x3c\x00"s});
  const std::string riff =
      "RIFF\x00\x00\x00\x00RMIDINFO\x01\x00\x00\x00i\x00"
      "data\x00\x00\x00\x00"s +
      inner;
  EXPECT_EQ(reading_of(riff).score, reading_of(inner).score);
}

TEST(ReadMidi, RunningStatusOutlivesASystemExclusiveMessage) {
  const auto reading = reading_of(file({"\x00\x90\x3c\x64\x00\xf0\x01\xf7\x60\x3c\x00"s}));
  EXPECT_THAT(reading.score.parts.at(0).notes, ElementsAre(note(0, 1, 60, 100)));
}

TEST(ReadMidi, ATempoOfZeroIsTold) {
  EXPECT_THAT(reading_of(file({"\x00\xff\x51\x03\x00\x00\x00"s})).dropped,
              Contains("tempos outside of 4 to 1000 quarters a minute"));
}

TEST(ReadMidi, TracksThatTheHeaderDoesNotCountAreTold) {
  EXPECT_THAT(reading_of(file({""}) + track(end_of_track)).dropped,
              Contains("tracks past the number that the header gives"));
}

/// A score that MIDI can hold, drawn from `seed`.
music::Score random_score(unsigned seed) {
  std::mt19937 random(seed);
  const auto up_to = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  music::Score score;
  score.title = "Piece " + std::to_string(seed);
  for (int bar = 0; bar < 4; ++bar) {
    const Ticks at = Ticks::quarters(bar * 4);
    // Tempos of whole microseconds a quarter are those that come back as they were.
    score.tempos.push_back({at, *music::Tempo::of(60e6 / (300000 + up_to(700000)))});
    score.meters.push_back({at, *music::Meter::of(1 + up_to(12), 1 << up_to(5))});
    score.keys.push_back({at, music::Key{up_to(15) - 7, music::Mode(up_to(2))}});
  }
  for (int i = 0; i < 1 + up_to(18); ++i) {
    music::Part part;
    part.name = "Part " + std::to_string(i);
    part.drums = up_to(5) == 0;
    part.program = static_cast<std::uint8_t>(up_to(128));
    part.velocities_known = true;
    for (int n = 0; n < 40; ++n) {
      part.notes.push_back({Ticks{up_to(20000)}, Ticks{1 + up_to(2000)},
                            static_cast<std::uint8_t>(up_to(128)),
                            static_cast<std::uint8_t>(1 + up_to(127))});
    }
    part.lyrics.push_back({Ticks{up_to(20000)}, 1, "la"});
    score.parts.push_back(std::move(part));
  }
  music::sort(score);
  for (music::Part& part : score.parts) music::separate_unisons(part);
  return score;
}

TEST(WriteMidi, WhatIsWrittenReadsTheSame) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    const music::Score score = random_score(seed);
    const auto again = read_midi(write_midi(score), "again");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->score, score) << "seed " << seed;
  }
}

TEST(WriteMidi, ALongSilenceIsBridged) {
  music::Score score;
  score.parts.push_back({"A", 0, false, true, {{Ticks::quarters(1 << 21), Ticks{10}, 60, 80}}, {}});
  const auto again = read_midi(write_midi(score), "again");
  ASSERT_TRUE(again);
  EXPECT_EQ(again->score.parts, score.parts);
}

}  // namespace
}  // namespace antiphon::formats
