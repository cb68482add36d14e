// SPDX-License-Identifier: Apache-2.0
#include "nn/safetensors.h"

#include <gmock/gmock.h>

#include <cstring>

namespace antiphon::nn {
namespace {

using testing::HasSubstr;

/// A file of this header and `data` zero bytes.
Bytes file_of(std::string_view header, std::size_t data) {
  Bytes bytes(8 + header.size() + data);
  for (std::size_t i = 0; i < 8; ++i) bytes[i] = static_cast<std::uint8_t>(header.size() >> 8 * i);
  std::copy(header.begin(), header.end(), bytes.begin() + 8);
  return bytes;
}

std::string error_of(Bytes bytes) {
  const auto file = SafeTensors::parse(std::move(bytes));
  return file.ok() ? "none" : file.error().message;
}

TEST(SafeTensors, ReadsWhatItWrote) {
  SafeTensorsWriter writer;
  const std::vector<float> floats = {1.5f, -2.0f, 3.25f, 0.0f, 1e30f, -0.0f};
  const std::vector<std::int8_t> integers = {-127, 0, 127};
  const std::vector<BFloat16> halves = {BFloat16::of(1.0f)};
  writer.set_metadata("model", "duet \"edge\"");
  writer.add("b", {2, 3}, std::span<const float>(floats));
  writer.add("a", {3}, std::span<const std::int8_t>(integers));
  writer.add("c", {1, 1}, std::span<const BFloat16>(halves));
  const auto file = *SafeTensors::parse(writer.bytes());

  EXPECT_EQ(file.metadata().at("model"), "duet \"edge\"");
  const Tensor b = *file.get("b", {2, 3});
  EXPECT_EQ(b.type, Type::f32);
  EXPECT_EQ(std::memcmp(b.bytes.data(), floats.data(), 24), 0);
  EXPECT_EQ(std::memcmp(file.find("a")->bytes.data(), integers.data(), 3), 0);
  EXPECT_EQ(file.find("c")->type, Type::bf16);
  EXPECT_EQ(file.find("d"), nullptr);
}

TEST(SafeTensors, SaysWhichShapeItExpected) {
  SafeTensorsWriter writer;
  writer.add("a", {2}, std::span<const std::int8_t>(std::vector<std::int8_t>{1, 2}));
  const auto file = *SafeTensors::parse(writer.bytes());
  EXPECT_THAT(file.get("a", {3, 1}).error().message, HasSubstr("has shape [2], expected [3, 1]"));
  EXPECT_THAT(file.get("b", {1}).error().message, HasSubstr("'b' is missing"));
}

TEST(SafeTensors, EveryCutOfAFileIsRefused) {
  SafeTensorsWriter writer;
  writer.set_metadata("k", "v");
  writer.add("a", {4}, std::span<const float>(std::vector<float>(4)));
  const Bytes whole = writer.bytes();
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_NE(error_of(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
              "none")
        << size;
  }
  EXPECT_EQ(error_of(whole), "none");
}

TEST(SafeTensors, RefusesAHeaderLongerThanTheFile) {
  Bytes bytes = file_of("{}", 0);
  bytes[7] = 0xff;
  EXPECT_THAT(error_of(bytes), HasSubstr("a header of"));
}

TEST(SafeTensors, RefusesWhatTheHeaderGetsWrong) {
  const auto entry = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  EXPECT_THAT(error_of(file_of("[]", 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of(file_of("{\"a\":", 0)), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of(file_of("{\"a\":1}", 0)), HasSubstr("needs dtype"));
  EXPECT_THAT(error_of(file_of("{\"__metadata__\":{\"x\":1}}", 0)), HasSubstr("not a string"));
  EXPECT_THAT(error_of(file_of(entry(R"("dtype":"F64","shape":[1],"data_offsets":[0,8])"), 8)),
              HasSubstr("dtype F64"));
  EXPECT_THAT(error_of(file_of(entry(R"("dtype":"I8","shape":[-1],"data_offsets":[0,8])"), 8)),
              HasSubstr("shape"));
  EXPECT_THAT(error_of(file_of(entry(R"("dtype":"I8","shape":[8],"data_offsets":[8,0])"), 8)),
              HasSubstr("offsets"));
  EXPECT_THAT(error_of(file_of(entry(R"("dtype":"F32","shape":[8],"data_offsets":[0,8])"), 8)),
              HasSubstr("takes 32 bytes"));
  EXPECT_THAT(error_of(file_of(entry(R"("dtype":"I8","shape":[9],"data_offsets":[0,9])"), 8)),
              HasSubstr("ends at byte 9 of 8"));
  EXPECT_THAT(error_of(file_of(entry(R"("dtype":"F32","shape":[4294967296,4294967296],)"
                                     R"("data_offsets":[0,0])"),
                               0)),
              HasSubstr("impossible shape"));
}

TEST(SafeTensors, RefusesOverlapsAndGaps) {
  const std::string a = R"("a":{"dtype":"I8","shape":[4],"data_offsets":[0,4]})";
  const std::string b = R"("b":{"dtype":"I8","shape":[4],"data_offsets":[2,6]})";
  const std::string c = R"("c":{"dtype":"I8","shape":[4],"data_offsets":[5,9]})";
  EXPECT_EQ(error_of(file_of("{" + a + "}", 4)), "none");
  EXPECT_THAT(error_of(file_of("{" + a + "," + b + "}", 6)), HasSubstr("overlap"));
  EXPECT_THAT(error_of(file_of("{" + a + "," + c + "}", 9)), HasSubstr("overlap"));
  EXPECT_THAT(error_of(file_of("{" + a + "}", 5)), HasSubstr("unused"));
}

TEST(SafeTensors, RefusesADeepHeader) {
  const std::string deep = std::string(100000, '[') + std::string(100000, ']');
  EXPECT_THAT(error_of(file_of("{\"a\":" + deep + "}", 0)), HasSubstr("not a JSON object"));
}

}  // namespace
}  // namespace antiphon::nn
