// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/file.h"
#include "formats/format.h"
#include "train/corpora.h"
#include "train/excerpt.h"
#include "train/piece.h"
#include "train/prepare.h"

namespace antiphon::train {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

// A tune over slow chords: a melody in part 0, its accompaniment in part 1.
Piece duet(int bars = 8) {
  Piece piece;
  piece.path = "lieder/tune";
  piece.style = tokens::Style::song;
  tokens::GridScore& score = piece.score;
  score.bpm = 96;
  score.meters = {{0, *music::Meter::of(4, 4)}};
  score.keys = {{0, music::Key{1, music::Mode::major}}};
  score.parts.resize(2);
  score.parts[0].program = 52;
  for (std::int32_t bar = 0; bar < bars; ++bar) {
    for (std::int32_t beat = 0; beat < 4; ++beat) {
      const auto pitch = static_cast<std::uint8_t>(67 + (bar * 5 + beat * 2) % 12);
      score.parts[0].notes.push_back({bar * 48 + beat * 12, 12, pitch, 5});
    }
    for (const int pitch : {43, 50, 59}) {
      score.parts[1].notes.push_back({bar * 48, 48, static_cast<std::uint8_t>(pitch), 4});
    }
  }
  return piece;
}

class Folder {
 public:
  Folder() : path_(fs::temp_directory_path() / ("antiphon-train-" + std::to_string(::getpid()))) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(Shards, APieceComesBackAsItWas) {
  const Shard shard{"lieder", "abc", {duet(), duet(3)}};
  const auto back = read_shard(write_shard(shard), "s");
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->pieces, shard.pieces);
  EXPECT_EQ(back->inputs, "abc");
}

TEST(Shards, OneCutShortIsRefusedWhereverItIsCut) {
  const Bytes whole = write_shard({"lieder", "abc", {duet(2)}});
  for (std::size_t size = 0; size < whole.size(); size += 7) {
    EXPECT_FALSE(read_shard(ByteView(whole).first(size), "s").ok()) << size;
  }
}

TEST(Shards, AnotherFileIsNoShard) {
  EXPECT_EQ(read_shard(as_bytes("MThd and more"), "x.shard").error().message,
            "x.shard: not a shard of `antiphon-train prepare`");
}

TEST(Excerpts, EveryEventIsPredictedFromTheStepBeforeIt) {
  Batch batch;
  batch.sequences = 1;
  batch.length = 64;
  Random random(3);
  const Excerpt excerpt = draw_excerpt(duet(), 64, random);
  append(excerpt, batch);
  finish_row(batch);
  ASSERT_EQ(batch.input.size(), 64U);
  ASSERT_EQ(batch.events(), excerpt.events.size());
  const auto header = static_cast<std::int32_t>(excerpt.steps() - excerpt.events.size());
  for (std::size_t i = 0; i < batch.events(); ++i) {
    EXPECT_EQ(batch.predicted_from[i], header - 1 + static_cast<std::int32_t>(i));
    EXPECT_EQ(batch.targets[0][i], excerpt.events[i].shift);
  }
}

TEST(Excerpts, AnExcerptFitsAndASecondOneBesideItSeesOnlyItself) {
  Batch batch;
  batch.sequences = 1;
  batch.length = 100;
  for (std::uint64_t seed = 0; batch.input.size() < 70 && seed < 100; ++seed) {
    Random random(seed);
    const Excerpt excerpt = draw_excerpt(duet(2), 100 - batch.input.size(), random);
    const auto begin = batch.input.size();
    append(excerpt, batch);
    ASSERT_LE(batch.input.size(), 100U);
    for (std::size_t i = begin; i < batch.input.size(); ++i) {
      EXPECT_EQ(batch.first[i], static_cast<std::int32_t>(begin));
    }
  }
  EXPECT_GE(batch.input.size(), 70U);
}

TEST(Excerpts, TheHeaderTellsOfNoNoteThatIsNotThere) {
  // Two quarter notes a bar, then sixteenths beyond what fits.
  Piece piece;
  piece.score.meters = {{0, music::Meter()}};
  piece.score.parts.resize(1);
  for (std::int32_t i = 0; i < 400; ++i)
    piece.score.parts[0].notes.push_back({i < 60 ? i * 24 : 60 * 24 + (i - 60) * 3, 3, 60, 0});
  int told = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Excerpt excerpt = draw_excerpt(piece, 40, random);
    if (excerpt.from > 0 || excerpt.header.slots[0].density == 0) continue;
    EXPECT_EQ(excerpt.header.slots[0].density, 3);  // 0.5 to 0.75 onsets a quarter.
    ++told;
  }
  EXPECT_GT(told, 3);
}

TEST(Excerpts, TranspositionMovesThePitchesAndTheKeyTogether) {
  const Piece piece = duet();
  std::set<int> tonics;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Excerpt excerpt = draw_excerpt(piece, 200, random);
    if (excerpt.header.keys.empty()) continue;
    const int tonic = excerpt.header.keys[0].value.tonic();
    tonics.insert(tonic);
    // The lowest note is the tonic, G, and stays it in every transposition.
    int lowest = 127;
    for (const tokens::Event& event : excerpt.events) {
      if (event.pitch > 0) lowest = std::min<int>(lowest, event.pitch);
    }
    EXPECT_EQ(lowest % 12, tonic);
  }
  EXPECT_EQ(tonics.size(), 12U);
}

TEST(Excerpts, OnePianoPartBecomesATopLineAndTheRest) {
  tokens::GridScore score;
  score.parts.resize(1);
  for (std::int32_t i = 0; i < 8; ++i) {
    score.parts[0].notes.push_back({i * 12, 12, 48, 0});
    score.parts[0].notes.push_back({i * 12, 12, 52, 0});
    score.parts[0].notes.push_back({i * 12, 12, static_cast<std::uint8_t>(72 + i), 0});
  }
  split_top_line(score);
  ASSERT_EQ(score.parts.size(), 2U);
  EXPECT_EQ(score.parts[0].notes.size(), 8U);
  EXPECT_EQ(score.parts[1].notes.size(), 16U);
  EXPECT_EQ(melody_of(score), 0U);
}

TEST(Corpora, TheChopinEditionsOfAWorkAreOneWork) {
  const auto chopin = std::find_if(corpora().begin(), corpora().end(), [](const Corpus& corpus) {
    return corpus.name == "chopin-first-editions";
  });
  const auto work = [&](const std::string& path) { return judge(*chopin, path, {}, {}).work; };
  EXPECT_EQ(work("kern/007-1-KI-001.krn"), work("kern/007-1a-Sm-001.krn"));
  EXPECT_NE(work("kern/007-1-KI-001.krn"), work("kern/007-1-KI-002.krn"));
}

TEST(Corpora, APieceWhoseLicenceAsksForANameIsKeptOnlyWithOne) {
  const auto mutopia = std::find_if(corpora().begin(), corpora().end(),
                                    [](const Corpus& corpus) { return corpus.name == "mutopia"; });
  const auto verdict = [&](const std::string& licence, const std::string& maintainer) {
    const Index index = {{"a.mid", {{"licence", licence}, {"maintainer", maintainer}}}};
    return judge(*mutopia, "a.mid", {}, index);
  };
  EXPECT_EQ(verdict("BY", "Jane Doe").attribution, "Jane Doe");
  EXPECT_EQ(verdict("BY", "Jane Doe").reason, "");
  EXPECT_THAT(verdict("BY", "").reason, HasSubstr("asks to name the maintainer"));
  EXPECT_EQ(verdict("PD", "").reason, "");
}

TEST(Prepare, KeepsHeldOutPiecesApartAndSaysWhyOthersAreLeftOut) {
  const Folder folder;
  const fs::path tunes = folder.path() / "corpora" / "open-hymnal";
  fs::create_directories(tunes);
  const auto tune = [&](const std::string& name, const std::string& header,
                        const std::string& notes) {
    ASSERT_TRUE(write_file(tunes / (name + ".abc"),
                           "X:1\nT:" + name + "\n" + header + "M:4/4\nL:1/4\nK:C\n" + notes + "\n")
                    .ok());
  };
  const std::string another = "CCGG|AAG2|FFEE|DDC2|GGFF|EED2|GGFF|EED2|";
  tune("kept", "", another);
  tune("apart", "", "CDEF|GABc|cBAG|FEDC|CEGc|cGEC|");
  tune("apart-in-d", "", "G2|DE^FG|AB^cd|d^cBA|G^FED|D^FAd|dA^FD|D4|");
  tune("claimed", "C:Copyright 1999 by somebody\n", another);
  ASSERT_TRUE(write_file(folder.path() / "held", "open-hymnal/apart.abc\n").ok());
  PrepareOptions options;
  options.corpora = folder.path() / "corpora";
  options.shards = folder.path() / "shards";
  options.held_out = folder.path() / "held";
  std::vector<std::string> said;
  const auto say = [&](const std::string& line) { said.push_back(line); };
  const Status status = prepare(options, say);
  ASSERT_TRUE(status.ok()) << status.error().message;

  const auto pieces = [&](const char* split) {
    const auto bytes = read_file(options.shards / (std::string("open-hymnal.") + split + ".shard"));
    return read_shard(*bytes, split)->pieces;
  };
  ASSERT_EQ(pieces("held-out").size(), 1U);
  EXPECT_EQ(pieces("held-out")[0].path, "open-hymnal/apart.abc");
  EXPECT_EQ(pieces("train").size() + pieces("validation").size(), 1U);
  const auto ledger = read_file(options.shards / "open-hymnal.ledger.tsv");
  EXPECT_THAT(std::string(as_text(*ledger)),
              HasSubstr("\t-\tno\tshares 9 of 9 stretches of 16 notes with "
                        "open-hymnal/apart.abc, which is held out"));
  EXPECT_THAT(std::string(as_text(*ledger)),
              HasSubstr("public domain\t0\t-\tno\tits header claims copyright"));

  ASSERT_TRUE(prepare(options, say).ok());
  EXPECT_EQ(said.back(), "open-hymnal: is there already");
}

TEST(Prepare, AnUnknownCorpusIsRefused) {
  PrepareOptions options;
  options.shards = fs::temp_directory_path();
  options.only = {"thesession"};
  EXPECT_EQ(prepare(options, [](const std::string&) {}).error().message,
            "there is no corpus called thesession");
}

}  // namespace
}  // namespace antiphon::train
