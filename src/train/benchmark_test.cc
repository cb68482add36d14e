// SPDX-License-Identifier: Apache-2.0
#include "train/benchmark.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <matio.h>

#include <array>
#include <cmath>
#include <memory>

#include "base/file.h"

namespace antiphon::train {
namespace {

using testing::HasSubstr;
using Kind = BenchmarkData::Kind;

std::string message(std::string_view json, Kind kind) {
  const auto data = read_benchmark(as_bytes(json), "set.json", kind);
  return data ? "" : data.error().message;
}

// Four pitches, so that all frames there are can be counted.
BenchmarkData small(Kind kind) {
  BenchmarkData data;
  data.kind = kind;
  data.pitches = kind == Kind::chords ? 4 : 2;
  const Frames chords = {{0, 2, 4}, {4}, {1, 4}, {0, 1, 2, 3, 4}};
  const Frames voices = {{0, 1, 2, 0}, {1, 1, 2, 0}, {2, 0, 0, 1}};
  data.train = data.valid = data.test = {kind == Kind::chords ? chords : voices};
  return data;
}

BenchmarkShape tiny(FrameHead head) {
  BenchmarkShape shape;
  shape.width = 16, shape.layers = 2, shape.hidden = 8, shape.window = 8, shape.head = head;
  return shape;
}

TEST(Benchmark, ReadsChordsInOrderAndOnce) {
  const auto data =
      read_benchmark(as_bytes(R"({"train":[[[64,60,64],[]]],"valid":[[[21]]],"test":[[[108]]]})"),
                     "x", Kind::chords);
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->train[0], (Frames{{39, 43, 88}, {88}}));
  EXPECT_EQ(data->slots(), 3);
}

TEST(Benchmark, SaysWhereAFileIsWrong) {
  EXPECT_THAT(message("[", Kind::chords), HasSubstr("set.json: expected a JSON object"));
  EXPECT_THAT(message(R"({"train":[[[60]]],"valid":[[[60]]]})", Kind::chords),
              HasSubstr("\"test\""));
  EXPECT_THAT(message(R"({"train":[[[60],[20]]]})", Kind::chords),
              HasSubstr("train, piece 1, frame 2: pitch 20 is not in 21 to 108"));
  EXPECT_THAT(message(R"({"train":[[[60,55,50]]]})", Kind::voices),
              HasSubstr("four voices, not 3"));
}

struct Closing {
  void operator()(mat_t* file) const { Mat_Close(file); }
  void operator()(matvar_t* variable) const { Mat_VarFree(variable); }
};

// A MATLAB file with one piece of two frames in each split, pitch `frame` sounding in each.
std::string matlab_file(const char* name, std::size_t pitches) {
  const std::string path = testing::TempDir() + name;
  const std::unique_ptr<mat_t, Closing> file(Mat_CreateVer(path.c_str(), nullptr, MAT_FT_MAT5));
  std::vector<double> values(2 * pitches);
  values[0] = values[3] = 1;
  for (const char* split : {"traindata", "validdata", "testdata"}) {
    std::array<std::size_t, 2> one = {1, 1}, sizes = {2, pitches};
    matvar_t* piece =
        Mat_VarCreate(nullptr, MAT_C_DOUBLE, MAT_T_DOUBLE, 2, sizes.data(), values.data(), 0);
    std::array<matvar_t*, 1> cells = {piece};
    const std::unique_ptr<matvar_t, Closing> list(
        Mat_VarCreate(split, MAT_C_CELL, MAT_T_CELL, 2, one.data(), cells.data(), 0));
    Mat_VarWrite(file.get(), list.get(), MAT_COMPRESSION_ZLIB);
  }
  return path;
}

TEST(Benchmark, ReadsMatlabFiles) {
  const auto data = read_benchmark_mat(matlab_file("set.mat", 88));
  ASSERT_TRUE(data) << data.error().message;
  EXPECT_EQ(data->train, (std::vector<Frames>{{{0, 88}, {1, 88}}}));
  EXPECT_EQ(data->train, data->test);

  const auto wide = read_benchmark_mat(matlab_file("wide.mat", 90));
  ASSERT_FALSE(wide);
  EXPECT_THAT(wide.error().message, HasSubstr("wide.mat: traindata, piece 1: a piece is a matrix"));
  const std::string text = testing::TempDir() + "text.mat";
  ASSERT_TRUE(write_file(text, std::string_view("no MATLAB file")));
  const auto none = read_benchmark_mat(text);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().message, HasSubstr("text.mat: "));
}

// Three frames of train have pitch 0 in one: odds (1 + 1/2) / (3 + 1).
TEST(Benchmark, IndependentPitchesAreCountedByHand) {
  BenchmarkData data = small(Kind::chords);
  data.pitches = 1;
  data.train = {{{0, 1}, {1}, {1}}};
  const double on = -std::log(1.5 / 4), off = -std::log(2.5 / 4);
  EXPECT_NEAR(independent_nats(data, {{{0, 1}, {1}}}), (on + off) / 2, 1e-12);
  EXPECT_NEAR(uniform_nats(data), std::log(2.0), 1e-12);
}

TEST(Benchmark, VoicesAreCountedByHand) {
  BenchmarkData data = small(Kind::voices);
  data.train = {{{0, 0, 0, 0}, {0, 1, 0, 0}}};
  // Voice 2 saw both classes once, the others one class twice; three classes, add one.
  const double twice = -std::log(3.0 / 5), once = -std::log(2.0 / 5);
  EXPECT_NEAR(unigram_nats(data, {{{0, 0, 0, 0}}}), (3 * twice + once) / 4, 1e-12);
  // After class 0, each voice saw one class, once.
  const double seen = -std::log(2.0 / 4), unseen = -std::log(1.0 / 4);
  EXPECT_NEAR(bigram_nats(data, {{{0, 0, 0, 0}, {0, 0, 0, 0}}}, 1),
              (4 * seen + 3 * seen + unseen) / 8, 1e-12);
}

TEST(Benchmark, TransposingKeepsIntervalsAndRanges) {
  BenchmarkData data = small(Kind::voices);
  data.pitches = 46;
  data.train = {{{30, 20, 10, 5}, {32, 24, 46, 8}}, {{31, 21, 10, 6}}};
  const Transposer transposer(data, 5);
  Random random(1);
  bool moved = false;
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(transposer(data.train[1], random).piece, data.train[1]) << "one pitch is its tenor's";
    const auto [free, step] = transposer({{31, 21, data.end(), 6}}, random);
    EXPECT_EQ(free[0][0] - 31, step);
    moved = moved || step != 0;
    EXPECT_GE(step, -1);
    EXPECT_LE(step, 1);
    EXPECT_EQ(free[0][1] - 21, step);
    EXPECT_EQ(free[0][2], data.end()) << "a rest stays";
  }
  EXPECT_TRUE(moved);
}

// All frames that can follow the first: their probabilities add up to one, for any weights.
double total(const BenchmarkData& data, FrameHead head, const std::vector<Frame>& all) {
  Random random(3);
  const BenchmarkModel model(data, tiny(head), random);
  double sum = 0;
  for (const Frame& frame : all) {
    const Frames piece = {data.train[0][0], frame};
    sum += std::exp(-model.nats(model.batch_of({{&piece}}, 2))[0][1].item<double>());
  }
  return sum;
}

std::vector<Frame> all_chords(const BenchmarkData& data) {
  std::vector<Frame> all;
  for (unsigned set = 0; set < 1U << data.pitches; ++set) {
    Frame frame;
    for (int i = 0; i < data.pitches; ++i) {
      if ((set >> i & 1U) != 0) frame.push_back(static_cast<std::int16_t>(i));
    }
    frame.push_back(data.end());
    all.push_back(frame);
  }
  return all;
}

TEST(Benchmark, ChordsArePartOfOneDistribution) {
  const BenchmarkData data = small(Kind::chords);
  EXPECT_NEAR(total(data, FrameHead::chain, all_chords(data)), 1, 1e-5);
  EXPECT_NEAR(total(data, FrameHead::sigmoids, all_chords(data)), 1, 1e-5);
}

TEST(Benchmark, VoicesArePartOfOneDistribution) {
  const BenchmarkData data = small(Kind::voices);
  std::vector<Frame> all;
  for (int i = 0; i < 81; ++i) {
    all.push_back({static_cast<std::int16_t>(i % 3), static_cast<std::int16_t>(i / 3 % 3),
                   static_cast<std::int16_t>(i / 9 % 3), static_cast<std::int16_t>(i / 27)});
  }
  EXPECT_NEAR(total(data, FrameHead::chain, all), 1, 1e-5);
}

TEST(Benchmark, NoFrameKnowsWhatFollows) {
  const BenchmarkData data = small(Kind::chords);
  Random random(4);
  const BenchmarkModel model(data, tiny(FrameHead::chain), random);
  Frames piece = data.train[0];
  const at::Tensor before = model.nats(model.batch_of({{&piece}}, 4))[0];
  piece[2] = {0, 3, 4};
  const at::Tensor after = model.nats(model.batch_of({{&piece}}, 4))[0];
  EXPECT_TRUE(at::equal(before.slice(0, 0, 2), after.slice(0, 0, 2)));
  EXPECT_NE(before[2].item<float>(), after[2].item<float>());
  EXPECT_NE(before[3].item<float>(), after[3].item<float>());
}

TEST(Benchmark, LearnsWhatRepeats) {
  BenchmarkData data = small(Kind::chords);
  Frames piece;
  for (int i = 0; i < 24; ++i) piece.push_back(i % 2 == 0 ? Frame{0, 2, 4} : Frame{1, 4});
  data.train = data.valid = data.test = {piece};
  BenchmarkOptions options;
  options.shape = tiny(FrameHead::chain);
  options.rows = 2, options.length = 24, options.rate = 1e-2, options.dropout = {};
  options.steps = 150, options.validate_steps = 200;
  const auto train = [&] {
    return train_benchmark(
        data, options, [] { return false; }, [](const std::string&) {});
  };
  const BenchmarkResult result = train();
  EXPECT_EQ(result.steps, 150);
  EXPECT_LT(result.valid, 0.1);
  EXPECT_EQ(result.valid, published_mean(data, result.test));
  EXPECT_TRUE(at::equal(result.test, train().test)) << "the same seed";
}

}  // namespace
}  // namespace antiphon::train
