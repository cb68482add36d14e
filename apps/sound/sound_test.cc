// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/file.h"
#include "sound/render.h"
#include "sound/soundfont.h"
#include "sound/wav.h"

namespace antiphon::sound {
namespace {

using music::Score;
using music::Tempo;
using music::Ticks;
using testing::HasSubstr;

Score short_piece() {
  Score score;
  score.parts.resize(2);
  score.parts[0].notes = {{Ticks{0}, Ticks::quarters(1), 72, 100}};
  score.parts[1].notes = {{Ticks::quarters(1), Ticks::quarters(1), 48, 60}};
  score.parts[1].program = 32;
  return score;
}

/// Low rates make the tests quick.
const RenderOptions quick = {.soundfont = {}, .rate_hz = 8000};

#define NEEDS_A_SOUNDFONT() \
  if (!find_soundfont()) GTEST_SKIP() << "no soundfont is installed"

TEST(Wav, TheHeaderSaysWhatFollows) {
  const std::vector<std::int16_t> samples = {1, -1, 256, 0};
  const Bytes wav = write_wav(samples, 44100);
  const auto u32 = [&](std::size_t at) {
    return wav[at] | wav[at + 1] << 8 | wav[at + 2] << 16 | wav[at + 3] << 24;
  };
  ASSERT_EQ(wav.size(), 44u + 8u);
  EXPECT_EQ(as_text(wav).substr(0, 4), "RIFF");
  EXPECT_EQ(u32(4), 44 + 8 - 8);
  EXPECT_EQ(u32(24), 44100);
  EXPECT_EQ(u32(28), 44100 * 4);
  EXPECT_EQ(u32(40), 8);
  EXPECT_EQ(wav[46], 0xff);  // -1, low byte first.
  EXPECT_EQ(wav[49], 0x01);
}

TEST(Render, AScoreWithoutNotesIsRefused) {
  const auto recording = render({}, quick);
  ASSERT_FALSE(recording);
  EXPECT_EQ(recording.error().message, "no notes to play");
}

TEST(Render, AnHourAndMoreIsRefused) {
  Score score = short_piece();
  score.parts[0].notes[0].duration = Ticks::quarters(2 * 60 * 61);
  EXPECT_FALSE(render(score, quick));
}

TEST(Render, RatesOutsideTheBoundsAreRefused) {
  EXPECT_FALSE(render(short_piece(), {.soundfont = {}, .rate_hz = 7999}));
  EXPECT_FALSE(render(short_piece(), {.soundfont = {}, .rate_hz = 96001}));
}

TEST(Render, ASoundfontThatIsNotThereIsNamed) {
  const auto recording = render(short_piece(), {.soundfont = "/no/such.sf2", .rate_hz = 8000});
  ASSERT_FALSE(recording);
  EXPECT_THAT(recording.error().message, HasSubstr("/no/such.sf2"));
}

TEST(Render, AFileThatIsNoSoundfontIsNamed) {
  const auto file = std::filesystem::temp_directory_path() /
                    ("antiphon-sound-" + std::to_string(::getpid()) + ".sf2");
  ASSERT_TRUE(write_file(file, "not a soundfont"));
  const auto recording = render(short_piece(), {.soundfont = file, .rate_hz = 8000});
  std::filesystem::remove(file);
  ASSERT_FALSE(recording);
  EXPECT_THAT(recording.error().message, HasSubstr("not a soundfont"));
}

TEST(Render, TheSameScoreGivesTheSameSamples) {
  NEEDS_A_SOUNDFONT();
  EXPECT_EQ(render(short_piece(), quick)->samples, render(short_piece(), quick)->samples);
}

TEST(Render, ThePeakIsOneDecibelBelowFullScale) {
  NEEDS_A_SOUNDFONT();
  const auto recording = render(short_piece(), quick);
  ASSERT_TRUE(recording);
  int peak = 0;
  for (const int sample : recording->samples) peak = std::max(peak, std::abs(sample));
  EXPECT_NEAR(peak, 0.8913 * 32767, 2);
}

TEST(Render, LastsAsLongAsTheTempoSaysAndATail) {
  NEEDS_A_SOUNDFONT();
  Score score = short_piece();
  score.tempos = {{Ticks{0}, *Tempo::of(60)}, {Ticks::quarters(1), *Tempo::of(30)}};
  const auto recording = render(score, quick);
  ASSERT_TRUE(recording);
  EXPECT_GT(recording->length().count(), 3);      // One second and two.
  EXPECT_LT(recording->length().count(), 3 + 6);  // The tail is bounded.
}

TEST(Render, ALateNoteIsSilentUntilThen) {
  NEEDS_A_SOUNDFONT();
  Score score = short_piece();
  score.parts.pop_back();
  score.parts[0].notes[0].onset = Ticks::quarters(2);  // One second in.
  const auto recording = render(score, quick);
  ASSERT_TRUE(recording);
  const auto one_second = recording->samples.begin() + 2 * 7900;
  EXPECT_TRUE(std::all_of(recording->samples.begin(), one_second,
                          [](int sample) { return std::abs(sample) < 8; }));
}

TEST(Render, MoreThanSixteenPartsPlayTogether) {
  NEEDS_A_SOUNDFONT();
  Score score;
  score.parts.resize(20);
  score.parts[19].notes = {{Ticks{0}, Ticks::quarters(1), 60, 100}};
  const auto recording = render(score, quick);
  ASSERT_TRUE(recording);
  EXPECT_GT(*std::max_element(recording->samples.begin(), recording->samples.end()), 1000);
}

}  // namespace
}  // namespace antiphon::sound
