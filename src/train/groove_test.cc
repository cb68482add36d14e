// SPDX-License-Identifier: Apache-2.0
#include "nn/groove.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "base/file.h"
#include "base/random.h"
#include "formats/format.h"
#include "train/groove_data.h"
#include "train/groove_export.h"
#include "train/groove_trainer.h"

namespace antiphon::train {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

fs::path scratch(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / ("groove_test_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder;
}

// Bars of a kick on each quarter, as a file.
void write_drums(const fs::path& path, int bars) {
  music::Score score;
  score.parts.resize(1);
  score.parts[0].drums = true;
  for (int beat = 0; beat < 4 * bars; ++beat) {
    score.parts[0].notes.push_back({music::Ticks::quarters(beat), music::Ticks{60}, 36, 90});
  }
  ASSERT_TRUE(write_file(path, formats::write_midi(score)));
}

fs::path small_corpus(const std::string& name) {
  const fs::path folder = scratch(name);
  for (const char* file : {"a.mid", "b.mid", "c.mid", "d.mid", "e.mid"}) {
    write_drums(folder / file, 4);
  }
  EXPECT_TRUE(write_file(folder / "info.csv",
                         std::string_view("style,bpm,beat_type,time_signature,midi_filename,split\n"
                                          "rock,100,beat,4-4,a.mid,train\n"
                                          "funk/fast,120,beat,4-4,b.mid,train\n"
                                          "rock,100,fill,4-4,c.mid,train\n"
                                          "polka,100,beat,4-4,d.mid,validation\n"
                                          "rock/shuffle,90,beat,4-4,e.mid,test\r\n")));
  return folder;
}

TEST(GrooveCorpus, CutsWindowsABarApartOfWhatIsUsed) {
  const auto corpus = GrooveCorpus::read(small_corpus("windows"));
  ASSERT_TRUE(corpus) << corpus.error().message;
  EXPECT_THAT(corpus->styles, ElementsAre("funk", "rock"));
  EXPECT_EQ(corpus->train.size(), 6U);
  EXPECT_EQ(corpus->validation.size(), 0U);
  EXPECT_EQ(corpus->test.size(), 3U);
  EXPECT_EQ(corpus->test[0].grid.hits(), 8U);
  EXPECT_FLOAT_EQ(corpus->test[0].tempo, 90);
  EXPECT_THAT(corpus->ledger(), HasSubstr("\ttrain\tno\ta fill\trock\n"));
  EXPECT_THAT(corpus->ledger(), HasSubstr("\tno\ta style without training data\tpolka\n"));
}

TEST(GrooveCorpus, SaysWhichLineOrColumnIsWrong) {
  const fs::path folder = small_corpus("wrong");
  ASSERT_TRUE(write_file(folder / "info.csv", std::string_view("style,bpm\nrock,100\n")));
  EXPECT_THAT(GrooveCorpus::read(folder).error().message, HasSubstr("no column beat_type"));
  ASSERT_TRUE(write_file(folder / "info.csv", std::string_view("style,bpm\nrock\n")));
  EXPECT_THAT(GrooveCorpus::read(folder).error().message, HasSubstr("info.csv:2: has 1 cells"));
}

TEST(Plane, SpreadsTheWindowsOfAStyleEvenly) {
  std::vector<GrooveWindow> windows(10);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    for (std::size_t step = 0; step <= i; ++step) {
      windows[i].grid.at(3 * step, tokens::Drum::ride).velocity = 80;
    }
  }
  place_on_plane(windows);
  for (std::size_t i = 0; i < windows.size(); ++i) {
    EXPECT_NEAR(windows[i].x, -0.9 + 0.2 * static_cast<double>(i), 1e-6);
    EXPECT_FLOAT_EQ(windows[i].y, 0);  // None is syncopated, all are alike.
  }
}

GrooveCorpus random_corpus() {
  Random random(3);
  GrooveCorpus corpus;
  corpus.styles = {"funk", "rock"};
  for (auto* split : {&corpus.train, &corpus.validation}) {
    for (int i = 0; i < 40; ++i) {
      GrooveWindow& window = split->emplace_back();
      window.style = random.below(2);
      for (auto& step : window.grid.steps) {
        for (auto& hit : step) {
          if (random.below(6) == 0) hit = {static_cast<std::uint8_t>(1 + random.below(127)), 7};
        }
      }
    }
    place_on_plane(*split);
  }
  return corpus;
}

GrooveOptions small_options(const fs::path& out) {
  GrooveOptions options;
  options.out = out;
  options.latent = 4;
  options.hidden = 16;
  options.layers = 2;
  options.batch = 8;
  options.minutes = 1e6;
  options.validate_minutes = 1e6;
  return options;
}

// Trains for so many steps.
void train(const GrooveOptions& options, const GrooveCorpus& corpus, int steps) {
  const Status status = train_groove(
      options, corpus, [&] { return steps-- == 0; }, [](const std::string&) {});
  ASSERT_TRUE(status) << status.error().message;
}

TEST(GrooveTraining, GoesOnExactlyWhereItWas) {
  const GrooveCorpus corpus = random_corpus();
  const fs::path whole = scratch("whole"), parts = scratch("parts");
  train(small_options(whole), corpus, 6);
  GrooveOptions options = small_options(parts);
  train(options, corpus, 3);
  options.resume = true;
  train(options, corpus, 3);
  const auto expected = *nn::SafeTensors::parse(*read_file(whole / "last.safetensors"));
  const auto got = *nn::SafeTensors::parse(*read_file(parts / "last.safetensors"));
  EXPECT_EQ(got.metadata().at("steps"), "6");
  for (const auto& [name, tensor] : expected.tensors()) {
    EXPECT_TRUE(std::ranges::equal(tensor.bytes, got.find(name)->bytes)) << name;
  }
}

TEST(GrooveTraining, WhatItLeavesCanBeExportedAndRun) {
  const fs::path run = scratch("run"), model = scratch("model");
  train(small_options(run), random_corpus(), 2);
  ASSERT_TRUE(export_groove(run / "best.safetensors", model, nn::Type::i8, {{"model", "x"}}));
  const auto config = nn::GrooveConfig::parse(as_text(*read_file(model / "config.json")));
  ASSERT_TRUE(config);
  const auto file = *nn::SafeTensors::parse(*read_file(model / "weights.safetensors"));
  EXPECT_TRUE(nn::Groove::load(*config, file));
  EXPECT_EQ(file.metadata().at("model"), "x");
}

TEST(GrooveTraining, RefusesACheckpointOfAnotherShape) {
  const fs::path run = scratch("shape");
  const GrooveCorpus corpus = random_corpus();
  train(small_options(run), corpus, 1);
  GrooveOptions options = small_options(run);
  options.resume = true;
  options.hidden = 17;
  const Status status = train_groove(
      options, corpus, [] { return true; }, [](const auto&) {});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().message, HasSubstr("another shape"));
}

}  // namespace
}  // namespace antiphon::train
