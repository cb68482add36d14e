// SPDX-License-Identifier: Apache-2.0
#include "formats/musicxml_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "formats/format.h"

namespace antiphon::formats {
namespace {

using ::testing::HasSubstr;

const std::filesystem::path data = std::filesystem::path(ANTIPHON_TEST_DATA) / "musicxml";

Bytes file(const std::string& name) {
  auto bytes = read_file(data / name);
  EXPECT_TRUE(bytes.ok()) << name;
  return bytes ? std::move(*bytes) : Bytes{};
}

std::string error_of(ByteView bytes) {
  const auto reading = read_musicxml(bytes, "test.mxl");
  return reading ? "" : reading.error().message;
}

TEST(MusicXmlText, TheContainerNamesTheScore) {
  const auto reading = read_musicxml(file("container.mxl"), "container.mxl");
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_EQ(reading->score.title, "The right one");
}

TEST(MusicXmlText, WithoutAContainerTheFirstScoreIsTaken) {
  const auto reading = read_musicxml(file("bare.mxl"), "bare.mxl");
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_EQ(reading->score.title, "The only one");
}

TEST(MusicXmlText, AZipBombIsRefused) {
  EXPECT_THAT(error_of(file("bomb.mxl")), HasSubstr("refused as a zip bomb"));
}

/// A package of one file, deflated.
Bytes zipped(const std::string& text) {
  zip_source_t* out = zip_source_buffer_create(nullptr, 0, 0, nullptr);
  zip_source_keep(out);
  zip_t* archive = zip_open_from_source(out, ZIP_TRUNCATE, nullptr);
  zip_file_add(archive, "score.xml", zip_source_buffer(archive, text.data(), text.size(), 0), 0);
  zip_close(archive);
  zip_source_open(out);
  zip_source_seek(out, 0, SEEK_END);
  Bytes bytes(static_cast<std::size_t>(zip_source_tell(out)));
  zip_source_seek(out, 0, SEEK_SET);
  zip_source_read(out, bytes.data(), bytes.size());
  zip_source_free(out);
  return bytes;
}

TEST(MusicXmlText, ADocumentOfNothingButElementsIsRefusedBeforeItIsParsed) {
  // What can't be deflated stands in front, so that the package passes for no bomb.
  Random random(1);
  std::string text = "<score-partwise><!--";
  for (int i = 0; i < 200000; ++i) text += static_cast<char>('a' + random.below(26));
  text += "-->";
  for (int i = 0; i < 2000000; ++i) text += "<a/>";
  EXPECT_EQ(error_of(zipped(text + "</score-partwise>")),
            "test.mxl:1: the document has more elements than any score of its size; refused");
}

TEST(MusicXmlText, ATruncatedPackageIsDamaged) {
  Bytes bytes = file("container.mxl");
  bytes.resize(bytes.size() / 2);
  EXPECT_EQ(error_of(bytes),
            "test.mxl: byte 0: the zip file is damaged; expected a whole .mxl package");
}

TEST(MusicXmlText, APackageWithoutAScoreSaysSo) {
  EXPECT_THAT(error_of(file("no_score.mxl")), HasSubstr("holds no score"));
}

TEST(MusicXmlText, ASongWithAPianoIsReadAsItSounds) {
  const auto reading = read_musicxml(file("two_part_song.musicxml"), "two_part_song.musicxml");
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  const music::Score& score = reading->score;
  EXPECT_EQ(score.title, "Two-part song");
  ASSERT_EQ(score.parts.size(), 2u);
  EXPECT_EQ(score.parts[0].program, 52);
  EXPECT_EQ(score.parts[1].program, 0);
  EXPECT_EQ(score.parts[0].notes.size(), 1u + 3u + 2u + 2u);
  // A quarter, then bars 1 2 3 1 4 of three quarters.
  EXPECT_EQ(score.parts[0].notes.back().end(), music::Ticks::quarters(16));
  EXPECT_EQ(music::end_of(score), music::Ticks::quarters(16));
  EXPECT_EQ(score.parts[0].lyrics.size(), 9u);
  EXPECT_EQ(music::bars_of(score).size(), 6u);
}

/// What the fuzzer once found, and small files of each kind: none may crash.
TEST(MusicXmlText, TheFuzzCorpusIsReadOrRefused) {
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(data)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".py") continue;
    const auto bytes = read_file(entry.path());
    ASSERT_TRUE(bytes.ok());
    const auto reading = read_musicxml(*bytes, "fuzz");
    if (!reading) {
      EXPECT_THAT(reading.error().message, HasSubstr("fuzz:"));
    }
    ++files;
  }
  EXPECT_GT(files, 4u);
}

}  // namespace
}  // namespace antiphon::formats
