// SPDX-License-Identifier: Apache-2.0
// What each command does when all is well.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.h"
#include "sound/soundfont.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

TEST(Commands, EachOneHelps) {
  for (const char* command : {"", "accompany", "jam", "continue", "groove", "humanize", "render",
                              "show", "convert", "evaluate", "models", "models bench"}) {
    const Outcome help = run(std::string(command) + " --help");
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr("Usage: antiphon")) << command;
    EXPECT_THAT(help.err, IsEmpty()) << command;
  }
}

TEST(Commands, TheVersionIsANumber) {
  const Outcome version = run("--version");
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST(Convert, GoesToMidiAndToMusicXmlAndBack) {
  write("tune.abc", tune);
  EXPECT_EQ(run("convert tune.abc a.mid").status, 0);
  EXPECT_THAT(read("a.mid"), StartsWith("MThd"));
  EXPECT_EQ(run("convert a.mid b.musicxml").status, 0);
  EXPECT_THAT(read("b.musicxml"), HasSubstr("<score-partwise"));
  EXPECT_EQ(run("convert b.musicxml c.mid").status, 0);
  EXPECT_THAT(read("c.mid"), StartsWith("MThd"));
}

TEST(Show, DrawsBothFormats) {
  write("duet.abc", duet);
  EXPECT_EQ(run("show duet.abc -o roll.svg").status, 0);
  EXPECT_THAT(read("roll.svg"), HasSubstr("<svg"));
  EXPECT_EQ(run("show duet.abc -o roll.png").status, 0);
  EXPECT_THAT(read("roll.png").substr(1, 3), "PNG");
}

TEST(Render, WritesTheSameWavTwice) {
  if (!sound::find_soundfont()) GTEST_SKIP() << "no soundfont is installed";
  write("tune.abc", tune);
  EXPECT_EQ(run("render tune.abc -o a.wav --rate 8000").status, 0);
  EXPECT_EQ(run("render tune.abc -o b.wav --rate 8000").status, 0);
  EXPECT_THAT(read("a.wav"), StartsWith("RIFF"));
  EXPECT_EQ(read("a.wav"), read("b.wav"));
}

TEST(Evaluate, MeasuresAsTheDefinitionsSay) {
  write("duet.abc", duet);
  const Outcome result = run("evaluate duet.abc --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  const auto& file = json["files"][0];
  EXPECT_EQ(file["melody"], "Voice");
  // The last bar has nothing beside it; over A and E, B is a fifth above E, and G alone is not a
  // consonance of either.
  EXPECT_DOUBLE_EQ(file["unsupported_ratio"].get<double>(), 4.0 / 16);
  EXPECT_EQ(file["faults"]["overlapping"], 0);
  EXPECT_EQ(file["key"], "D major");
  EXPECT_EQ(json["summary"]["pieces"], 1);
}

TEST(Evaluate, APieceIsAtNoDistanceFromItself) {
  write("duet.abc", duet);
  const Outcome result = run("evaluate duet.abc --reference . --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_NEAR(json["files"][0]["pitch_jsd"].get<double>(), 0, 1e-12);
  EXPECT_NEAR(json["summary"]["pooled"]["onset_jsd"].get<double>(), 0, 1e-12);
  EXPECT_EQ(json["reference"]["pieces"], 1);
}

TEST(Evaluate, TheTableHasARowAFileAndTheirMean) {
  write("duet.abc", duet);
  const Outcome result = run("evaluate duet.abc duet.abc");
  EXPECT_EQ(result.status, 0);
  EXPECT_THAT(result.out, HasSubstr("duet.abc"));
  EXPECT_THAT(result.out, HasSubstr("mean of 2"));
}

TEST(Evaluate, TheMelodyCanBeNamed) {
  write("duet.abc", duet);
  const Outcome result = run("evaluate duet.abc --melody piano --json");
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["files"][0]["melody"], "Piano");
}

TEST(Evaluate, WhatScoresCantHoldIsToldInALineAKind) {
  std::filesystem::create_directory(folder() / "trills");
  const std::string trill = std::string(duet) + "[V:1] !trill!d4 |]\n";
  write("trills/a.abc", trill);
  write("trills/b.abc", trill);
  EXPECT_EQ(run("evaluate trills").err, "antiphon: 2 of 2 files: note: decorations\n");
  EXPECT_EQ(run("evaluate trills/a.abc").err, "antiphon: trills/a.abc: note: decorations\n");
}

TEST(Evaluate, OneBadFileAmongOthersIsToldAndTheRestMeasured) {
  write("duet.abc", duet);
  const Outcome result = run("evaluate duet.abc nowhere.mid duet.abc");
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("nowhere.mid"));
}

TEST(Models, BenchPrintsWhatIsAskedOfIt) {
  const Outcome result =
      run("models bench --layers 1 --dim 64 --heads 2 --ff 64 --vocab 64 --context 64 --prompt 8 "
          "--generate 4 --type f32 --threads 1 --batch 1 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  for (const char* key : {"prompt_tokens_per_s", "generation_tokens_per_s", "step_ms",
                          "memory_bandwidth_gb_s", "share_of_limit"}) {
    EXPECT_TRUE(json.contains(key)) << key;
  }
  EXPECT_TRUE(json["step_ms"].contains("p99"));
  EXPECT_GT(json["share_of_limit_best"], 0.0);
  EXPECT_GE(json["limit_ms"]["p50"], json["limit_ms"]["best"]);
}

TEST(Models, BenchTimesAModelAsItPlays) {
  const Outcome result = run("models bench --model reflex --events 20 --json");
  ASSERT_EQ(result.status, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_GT(json["event_us"]["p50"], 0.0);
  EXPECT_GE(json["event_us"]["worst"], json["event_us"]["p50"]);
  EXPECT_EQ(json["context"], 512);
}

TEST(Models, OfEitherArchitecturePlayTheSameTwice) {
  write("tune.abc", tune);
  for (const std::string model : {"duet-edge", "reflex"}) {
    const std::string command = "accompany tune.abc --model " + model + " -o ";
    ASSERT_EQ(run(command + model + ".mid --report played.json").status, 0);
    ASSERT_EQ(run(command + "again.mid").status, 0);
    EXPECT_EQ(read(model + ".mid"), read("again.mid"));
    EXPECT_EQ(nlohmann::json::parse(read("played.json"))["model"]["name"], model);
  }
  EXPECT_NE(read("duet-edge.mid"), read("reflex.mid"));
}

}  // namespace
}  // namespace antiphon::cli_test
