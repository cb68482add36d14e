// SPDX-License-Identifier: Apache-2.0
// What the program says when something is wrong: one sentence, the right status, nothing half-done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "cli/program.h"

namespace antiphon::cli_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr int failure = 1, misuse = 2;

void expect_one_sentence(const Outcome& run, int status, const std::string& about) {
  EXPECT_EQ(run.status, status) << run.err;
  EXPECT_EQ(std::count(run.err.begin(), run.err.end(), '\n'), 1) << run.err;
  EXPECT_THAT(run.err, StartsWith("antiphon"));
  EXPECT_THAT(run.err, HasSubstr(about));
  EXPECT_THAT(run.out, IsEmpty());
}

struct Case {
  const char* arguments;
  const char* about;
};

TEST(Misuse, IsOneSentenceThatNamesTheNearestRightWord) {
  const Case cases[] = {
      {"", "a command is missing"},
      {"shwo a.mid", "no command shwo; did you mean show?"},
      {"models lsit", "no command lsit; did you mean list?"},
      {"models", "a command is missing"},
      {"show tune.abc --ouptut a.svg", "no flag --ouptut; did you mean --output?"},
      {"evaluate tune.abc --jsno", "no flag --jsno; did you mean --json?"},
      {"show tune.abc", "--output is required"},
      {"convert tune.abc", "OUT is required"},
      {"render tune.abc -o a.wav --rate 5", "--rate"},
      {"render tune.abc -o a.wav --rate many", "--rate"},
      {"models bench --type i4", "--type"},
      {"models bench --threads -1", "--threads"},
      {"convert a.mid b.mid c.mid", "c.mid"},
      {"groove --seed -1", "--seed: expected a whole number of at most 18446744073709551615"},
      {"groove --seed 18446744073709551616", "--seed: expected a whole number"},
      {"show '' -o a.svg", "IN: expected a value, got none"},
      {"serve --port 70000", "--port = 70000"},
      {"serve tokens ad", "no command ad; did you mean add?"},
      {"jam --performer tune.abc --mode drafts", "--mode requires --node"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.arguments);
    expect_one_sentence(run(one.arguments), misuse, one.about);
  }
}

TEST(Errors, MissingFilesAreNamed) {
  for (const std::string command :
       {"convert no.mid a.mid", "show no.mid -o a.svg", "render no.mid -o a.wav", "evaluate no.mid",
        "continue no.mid --bars 4 -o a.mid", "accompany no.mid -o a.mid"}) {
    SCOPED_TRACE(command);
    expect_one_sentence(run(command), failure, "no.mid: no such file");
  }
}

TEST(Errors, AFolderIsNoScore) {
  std::filesystem::create_directories(folder() / "folder.mid");
  expect_one_sentence(run("show folder.mid -o a.svg"), failure, "folder.mid");
  expect_one_sentence(run("evaluate folder.mid"), failure, "there are no scores in it");
}

TEST(Errors, AFileThatIsNoScoreSaysWhatIsRead) {
  write("letter.txt", "Dear Clara,\nthe rest of this is prose.\n");
  expect_one_sentence(run("show letter.txt -o a.svg"), failure, "letter.txt");
}

TEST(Errors, AnEmptyFileIsSaidToBe) {
  write("empty.mid", "");
  expect_one_sentence(run("show empty.mid -o a.svg"), failure, "empty.mid: the file is empty");
}

TEST(Errors, AScoreOfRestsHasNothingToShow) {
  write("rests.abc", "X:1\nT:Rests\nM:4/4\nL:1/4\nK:C\nz4 | z4 |\n");
  expect_one_sentence(run("show rests.abc -o a.svg"), failure, "there are no notes in it");
}

TEST(Errors, TruncatedMidiSaysWhere) {
  write("tune.abc", tune);
  ASSERT_EQ(run("convert tune.abc whole.mid").status, 0);
  const std::string whole = read("whole.mid");
  for (const std::size_t size : {std::size_t{6}, std::size_t{20}, whole.size() / 2}) {
    write("cut.mid", whole.substr(0, size));
    const Outcome result = run("show cut.mid -o cut.svg");
    EXPECT_LE(result.status, failure) << size;  // A reader may keep what it has.
    EXPECT_THAT(result.err, StartsWith("antiphon: cut.mid")) << size;
  }
}

TEST(Errors, OutputsThatCantBeWrittenAreRefusedBeforeTheWork) {
  write("tune.abc", tune);
  std::filesystem::create_directories(folder() / "taken.mid");
  std::filesystem::create_directories(folder() / "taken.svg");
  std::filesystem::create_directories(folder() / "taken.wav");
  expect_one_sentence(run("convert tune.abc nowhere/a.mid"), failure, "no folder nowhere");
  expect_one_sentence(run("show tune.abc -o nowhere/a.svg"), failure, "no folder nowhere");
  expect_one_sentence(run("render tune.abc -o nowhere/a.wav"), failure, "no folder nowhere");
  expect_one_sentence(run("convert tune.abc taken.mid"), failure, "is a folder");
  expect_one_sentence(run("show tune.abc -o taken.svg"), failure, "is a folder");
  expect_one_sentence(run("render tune.abc -o taken.wav"), failure, "is a folder");
}

TEST(Errors, UnknownEndingsSayWhichThereAre) {
  write("tune.abc", tune);
  expect_one_sentence(run("convert tune.abc a.pdf"), failure, ".mid or .musicxml");
  expect_one_sentence(run("convert tune.abc a"), failure, ".mid or .musicxml");
  expect_one_sentence(run("show tune.abc -o a.jpg"), failure, ".svg or .png");
  expect_one_sentence(run("render tune.abc -o a.mp3"), failure, ".wav");
  expect_one_sentence(run("groove -o a.mid --wav a.mp3"), failure, ".wav");
  EXPECT_FALSE(exists("a.pdf") || exists("a") || exists("a.jpg") || exists("a.mp3"));
}

TEST(Errors, TwoOutputsAreTwoFiles) {
  write("tune.abc", tune);
  expect_one_sentence(run("accompany tune.abc -o b.mid --report ./b.mid"), failure,
                      "can't be two files at once");
  EXPECT_FALSE(exists("b.mid"));
}

TEST(Errors, WhatCantBePrintedIsNoSuccess) {
  EXPECT_EQ(run("models list >/dev/full 2>said.txt; echo $?").out, "1\n");
  EXPECT_EQ(read("said.txt"), "antiphon: the output can't be written: No space left on device\n");
}

TEST(Errors, WhatAJamCantDoIsSaidBeforeTheMusic) {
  write("tune.abc", tune);
  const Case cases[] = {
      {"--tempo 0", "--tempo: tempo must be 4 to 1000"},
      {"--cc mood=3", "--cc: 'mood' is none of daring"},
      {"--cc daring=120", "--cc: 'daring=120' isn't NAME=NUMBER"},
      {"--cc daring", "--cc: 'daring' isn't NAME=NUMBER"},
      {"--control 0:rest=1", "--control: '0:rest=1' isn't BAR:NAME=VALUE"},
      {"--control 3:daring=nan", "--control: 'nan' is no value of 0 to 1"},
  };
  for (const Case& one : cases) {
    SCOPED_TRACE(one.arguments);
    expect_one_sentence(
        run("jam --performer tune.abc --simulate --model none " + std::string(one.arguments)),
        failure, one.about);
  }
}

TEST(Errors, AnAtlasOfNothingMakesNoFolder) {
  expect_one_sentence(run("atlas no.mid -o atlas"), failure, "no.mid: no such file or folder");
  EXPECT_FALSE(exists("atlas"));
}

TEST(Errors, WrongSoundfontsAreNamed) {
  write("tune.abc", tune);
  write("fake.sf2", "RIFF but no more");
  expect_one_sentence(run("render tune.abc -o none.wav --soundfont none.sf2"), failure, "none.sf2");
  expect_one_sentence(run("render tune.abc -o none.wav --soundfont fake.sf2"), failure, "fake.sf2");
  EXPECT_FALSE(exists("none.wav"));
}

TEST(Errors, AMelodyThatIsNotThereListsTheParts) {
  write("duet.abc", duet);
  expect_one_sentence(run("evaluate duet.abc --melody oboe"), failure, "1 (Voice), 2 (Piano)");
}

TEST(Errors, AMelodyAloneHasNothingToMeasure) {
  write("tune.abc", tune);
  expect_one_sentence(run("evaluate tune.abc"), failure, "no part beside the melody");
}

TEST(Errors, ModelsThatAreNotThereSayWhereTheyWereLookedFor) {
  expect_one_sentence(run("models show nobody"), failure, "looked in");
}

TEST(Errors, NoHalfWrittenFilesAreLeft) {
  write("tune.abc", tune);
  run("convert tune.abc taken.mid");
  run("render tune.abc -o a.wav --soundfont none.sf2");
  for (const auto& entry : std::filesystem::directory_iterator(folder())) {
    EXPECT_THAT(entry.path().filename().string(), testing::Not(HasSubstr(".part")));
  }
}

}  // namespace
}  // namespace antiphon::cli_test
