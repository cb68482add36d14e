// SPDX-License-Identifier: Apache-2.0
#include "nn/config.h"

#include <gmock/gmock.h>

#include "nn/small_models.h"

namespace antiphon::nn {
namespace {

using testing::HasSubstr;

std::string error_with(std::string_view from, std::string_view to) {
  std::string json = small_config().to_json();
  const auto at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  json.replace(at, from.size(), to);
  const auto config = TransformerConfig::parse(json);
  return config.ok() ? "none" : config.error().message;
}

TEST(TransformerConfig, ParsesWhatItWrote) {
  const auto config = *TransformerConfig::parse(small_config().to_json());
  EXPECT_EQ(config.to_json(), small_config().to_json());
  EXPECT_EQ(config.rotary.time_pairs, 3u);
  EXPECT_EQ(config.fields[2].name, "pitch");
}

TEST(TransformerConfig, SaysWhatIsWrong) {
  EXPECT_THAT(error_with("\"dim\": 50", "\"dim\": 0"), HasSubstr("'dim' must be 1 to"));
  EXPECT_THAT(error_with("\"dim\": 50", "\"dim\": -3"), HasSubstr("'dim' is not a count"));
  EXPECT_THAT(error_with("\"dim\": 50", "\"dim\": \"50\""), HasSubstr("'dim' is not a count"));
  EXPECT_THAT(error_with("\"dim\": 50", "\"dam\": 50"), HasSubstr("'dim' is missing"));
  EXPECT_THAT(error_with("\"kv_heads\": 2", "\"kv_heads\": 3"), HasSubstr("multiple"));
  EXPECT_THAT(error_with("\"index_pairs\": 4", "\"index_pairs\": 5"),
              HasSubstr("half of head_dim"));
  EXPECT_THAT(error_with("1000.0", "0.5"), HasSubstr("_base' must be a number above 1"));
  EXPECT_THAT(error_with("\"context\": 80", "\"context\": 4000000000"), HasSubstr("'context'"));
  EXPECT_THAT(error_with("\"name\": \"voice\"", "\"name\": \"shift\""), HasSubstr("two fields"));
  EXPECT_THAT(error_with("\"name\": \"voice\"", "\"name\": \"../x\""), HasSubstr("field's name"));
  EXPECT_THAT(error_with("event-transformer", "lstm"),
              HasSubstr("expected architecture event-transformer"));
  EXPECT_THAT(error_with("{", "["), HasSubstr("not a JSON object"));
}

TEST(LstmConfig, ParsesWhatItWrote) {
  LstmConfig config;
  static_cast<EventConfig&>(config) = small_config();
  EXPECT_EQ(LstmConfig::parse(config.to_json())->to_json(), config.to_json());
  EXPECT_EQ(architecture_of(config.to_json()), "event-lstm");
}

TEST(LstmConfig, SaysWhatIsWrong) {
  EXPECT_THAT(LstmConfig::parse(small_config().to_json()).error().message,
              HasSubstr("expected architecture event-lstm 1, got event-transformer 1"));
  EXPECT_THAT(LstmConfig().check().error().message, HasSubstr("'dim' must be 1 to"));
  EXPECT_EQ(architecture_of("[]"), "");
  EXPECT_EQ(architecture_of("{\"architecture\": 3}"), "");
}

TEST(LstmConfig, CountsTheWeights) {
  LstmConfig config;
  config.dim = 8;
  config.layers = 2;
  config.input_rows = 10;
  config.fields = {{"token", 10, 0}};
  // 2 layers of 8 * 8 * 8 + 4 * 8 + 8, table 10 * 8, head 10 * 8, norm 8.
  EXPECT_EQ(config.parameters(), 2u * 552 + 80 + 80 + 8);
}

TEST(TransformerConfig, RefusesMoreWeightsThanAnyMachineHolds) {
  TransformerConfig config = small_config();
  config.dim = 16384;
  config.ff = 32768;
  config.layers = 256;
  EXPECT_THAT(config.check().error().message, HasSubstr("number of weights"));
}

TEST(TransformerConfig, RefusesAContextThatFitsNoMemory) {
  TransformerConfig config = small_config();
  config.context = 65536;
  EXPECT_TRUE(config.check().ok());
  config.dim = 1;  // As small a file as can be.
  config.layers = 256;
  config.kv_heads = config.heads;
  EXPECT_THAT(config.check().error().message,
              HasSubstr("'context * layers * kv_heads * head_dim'"));
  config = small_config();
  config.context = 65536;
  config.bidirectional = true;
  EXPECT_TRUE(config.check().ok());
  config.ff = 32768;
  EXPECT_THAT(config.check().error().message, HasSubstr("'context * (dim + heads"));
}

TEST(TransformerConfig, CountsTheWeights) {
  // 2 layers of 4 * 8 * 8 + 3 * 8 * 16 + 2 * 8, table 10 * 8, head 10 * 8, norm 8.
  EXPECT_EQ(TransformerConfig::plain(2, 8, 2, 2, 16, 10, 4).parameters(), 2u * 656 + 80 + 80 + 8);
}

}  // namespace
}  // namespace antiphon::nn
