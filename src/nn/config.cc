// SPDX-License-Identifier: Apache-2.0
#include "nn/config.h"

#include <cmath>
#include <set>

#include "nn/config_json.h"

namespace antiphon::nn {
namespace {

// Step rows are 16-bit numbers.
constexpr std::uint32_t max_table_rows = 65536;
constexpr std::uint64_t max_parameters = std::uint64_t{1} << 32;
// Numbers that a session keeps, which no tensor bounds: keys and values, or an LSTM's states.
constexpr std::uint64_t max_cached = std::uint64_t{1} << 30;
constexpr std::uint64_t max_states = std::uint64_t{1} << 28;

Status read_number(const ConfigJson& json, const char* name, double& out) {
  const auto it = json.find(name);
  if (it == json.end()) return Done{};  // The default stands.
  if (!it->is_number()) return bad_config(std::string("'") + name + "' is not a number");
  out = it->get<double>();
  return Done{};
}

Status read_rotary(const ConfigJson& json, Rotary& rotary) {
  const auto it = json.find("rotary");
  if (it == json.end() || !it->is_object())
    return bad_config("'rotary' is missing or not an object");
  ANTIPHON_CHECK(read_count(*it, "index_pairs", rotary.index_pairs));
  ANTIPHON_CHECK(read_count(*it, "time_pairs", rotary.time_pairs));
  ANTIPHON_CHECK(read_number(*it, "index_base", rotary.index_base));
  return read_number(*it, "time_base", rotary.time_base);
}

Status read_fields(const ConfigJson& json, std::vector<Field>& fields) {
  const auto it = json.find("fields");
  if (it == json.end() || !it->is_array()) return bad_config("'fields' is missing or not a list");
  for (const ConfigJson& entry : *it) {
    if (!entry.is_object()) return bad_config("'fields' has an entry that is not an object");
    Field field;
    ANTIPHON_CHECK(read_text(entry, "name", field.name));
    ANTIPHON_CHECK(read_count(entry, "size", field.size));
    ANTIPHON_CHECK(read_count(entry, "hidden", field.hidden));
    fields.push_back(std::move(field));
  }
  return Done{};
}

Status check_base(const char* name, double base) {
  if (base > 1.0 && std::isfinite(base)) return Done{};
  return bad_config(std::string("'") + name + "' must be a number above 1");
}

Status check_field(const Field& field) {
  ANTIPHON_CHECK(check_name("a field's name", field.name));
  ANTIPHON_CHECK(check_range(("size of field " + field.name).c_str(), field.size, 1, 1 << 20));
  return check_range(("hidden of field " + field.name).c_str(), field.hidden, 0, 32768);
}

Status read_common(const ConfigJson& json, EventConfig& config) {
  ANTIPHON_CHECK(read_count(json, "dim", config.dim));
  ANTIPHON_CHECK(read_count(json, "layers", config.layers));
  ANTIPHON_CHECK(read_count(json, "context", config.context));
  ANTIPHON_CHECK(read_count(json, "input_rows", config.input_rows));
  ANTIPHON_CHECK(read_count(json, "condition_rows", config.condition_rows));
  ANTIPHON_CHECK(read_fields(json, config.fields));
  if (json.contains("vocabulary")) ANTIPHON_CHECK(read_text(json, "vocabulary", config.vocabulary));
  return Done{};
}

Status check_common(const EventConfig& config) {
  ANTIPHON_CHECK(check_range("dim", config.dim, 1, 16384));
  ANTIPHON_CHECK(check_range("layers", config.layers, 1, 256));
  ANTIPHON_CHECK(check_range("context", config.context, 1, 65536));
  ANTIPHON_CHECK(check_range("input_rows", config.input_rows, 1, max_table_rows));
  ANTIPHON_CHECK(check_range("condition_rows", config.condition_rows, 0, max_table_rows));
  ANTIPHON_CHECK(check_range("number of fields", config.fields.size(), 1, 64));
  std::set<std::string> names;
  for (const Field& field : config.fields) {
    ANTIPHON_CHECK(check_field(field));
    if (!names.insert(field.name).second)
      return bad_config("two fields are named '" + field.name + "'");
  }
  return Done{};
}

/// Of the tables, the last norm and the heads.
std::uint64_t common_parameters(const EventConfig& config) {
  const std::uint64_t d = config.dim;
  std::uint64_t count = d * config.input_rows + d * config.condition_rows + d;
  for (const Field& field : config.fields) {
    const std::uint64_t hidden = field.hidden;
    count += hidden == 0 ? d * field.size : hidden * d + hidden * field.size + field.size;
  }
  return count;
}

ConfigJson fields_json(const EventConfig& config) {
  ConfigJson list = ConfigJson::array();
  for (const Field& field : config.fields) {
    list.push_back({{"name", field.name}, {"size", field.size}, {"hidden", field.hidden}});
  }
  return list;
}

}  // namespace

std::string architecture_of(std::string_view text) {
  const ConfigJson json = ConfigJson::parse(text, nullptr, /*allow_exceptions=*/false);
  std::string architecture;
  return json.is_object() && read_text(json, "architecture", architecture) ? architecture : "";
}

Result<TransformerConfig> TransformerConfig::parse(std::string_view text) {
  const bool masked = architecture_of(text) == masked_architecture;
  ANTIPHON_TRY(const ConfigJson json,
               read_config(text, masked ? masked_architecture : architecture));
  TransformerConfig config;
  config.bidirectional = masked;
  ANTIPHON_CHECK(read_common(json, config));
  ANTIPHON_CHECK(read_count(json, "heads", config.heads));
  ANTIPHON_CHECK(read_count(json, "kv_heads", config.kv_heads));
  ANTIPHON_CHECK(read_count(json, "head_dim", config.head_dim));
  ANTIPHON_CHECK(read_count(json, "ff", config.ff));
  ANTIPHON_CHECK(read_rotary(json, config.rotary));
  ANTIPHON_CHECK(config.check());
  return config;
}

std::string TransformerConfig::to_json() const {
  return config_text({
      {"architecture", bidirectional ? masked_architecture : architecture},
      {"version", 1},
      {"dim", dim},
      {"layers", layers},
      {"heads", heads},
      {"kv_heads", kv_heads},
      {"head_dim", head_dim},
      {"ff", ff},
      {"context", context},
      {"rotary",
       {{"index_pairs", rotary.index_pairs},
        {"index_base", rotary.index_base},
        {"time_pairs", rotary.time_pairs},
        {"time_base", rotary.time_base}}},
      {"input_rows", input_rows},
      {"condition_rows", condition_rows},
      {"fields", fields_json(*this)},
      {"vocabulary", vocabulary},
  });
}

Status TransformerConfig::check() const {
  ANTIPHON_CHECK(check_common(*this));
  ANTIPHON_CHECK(check_range("heads", heads, 1, 256));
  ANTIPHON_CHECK(check_range("kv_heads", kv_heads, 1, heads));
  ANTIPHON_CHECK(check_range("head_dim", head_dim, 2, 512));
  // Sums of products of 8-bit numbers must stay below 2^31.
  ANTIPHON_CHECK(check_range("heads * head_dim", std::uint64_t{heads} * head_dim, 1, 32768));
  ANTIPHON_CHECK(check_range("ff", ff, 1, 32768));
  if (heads % kv_heads != 0) {
    return bad_config("'heads' must be a multiple of 'kv_heads', got " + std::to_string(heads) +
                      " and " + std::to_string(kv_heads));
  }
  const std::uint64_t pairs = std::uint64_t{rotary.index_pairs} + rotary.time_pairs;
  if (head_dim % 2 != 0 || pairs != head_dim / 2) {
    return bad_config("rotary index_pairs + time_pairs must be half of head_dim " +
                      std::to_string(head_dim) + ", got " + std::to_string(pairs));
  }
  ANTIPHON_CHECK(check_base("index_base", rotary.index_base));
  ANTIPHON_CHECK(check_base("time_base", rotary.time_base));
  ANTIPHON_CHECK(check_range("context * layers * kv_heads * head_dim",
                             std::uint64_t{context} * layers * kv_heads * head_dim, 1,
                             max_cached / 2));
  if (bidirectional) {  // A pass holds its whole context.
    const std::uint64_t row = std::uint64_t{dim} + std::uint64_t{heads} * head_dim + ff;
    ANTIPHON_CHECK(
        check_range("context * (dim + heads * head_dim + ff)", context * row, 1, max_states));
  }
  return check_range("number of weights", parameters(), 1, max_parameters);
}

std::uint64_t TransformerConfig::parameters() const {
  const std::uint64_t d = dim;
  const std::uint64_t attention = 2 * d * head_dim * (std::uint64_t{heads} + kv_heads);
  return common_parameters(*this) + layers * (attention + 3 * d * ff + 2 * d);
}

TransformerConfig TransformerConfig::plain(std::uint32_t layers, std::uint32_t dim,
                                           std::uint32_t heads, std::uint32_t kv_heads,
                                           std::uint32_t ff, std::uint32_t vocabulary,
                                           std::uint32_t context) {
  TransformerConfig config;
  config.layers = layers;
  config.dim = dim;
  config.heads = heads;
  config.kv_heads = kv_heads;
  config.head_dim = heads == 0 ? 0 : dim / heads;
  config.ff = ff;
  config.context = context;
  config.rotary.index_pairs = config.head_dim / 2;
  config.input_rows = vocabulary;
  config.fields = {{"token", vocabulary, 0}};
  return config;
}

Result<LstmConfig> LstmConfig::parse(std::string_view text) {
  ANTIPHON_TRY(const ConfigJson json, read_config(text, architecture));
  LstmConfig config;
  ANTIPHON_CHECK(read_common(json, config));
  ANTIPHON_CHECK(config.check());
  return config;
}

std::string LstmConfig::to_json() const {
  return config_text({
      {"architecture", architecture},
      {"version", 1},
      {"dim", dim},
      {"layers", layers},
      {"context", context},
      {"input_rows", input_rows},
      {"condition_rows", condition_rows},
      {"fields", fields_json(*this)},
      {"vocabulary", vocabulary},
  });
}

Status LstmConfig::check() const {
  ANTIPHON_CHECK(check_common(*this));
  ANTIPHON_CHECK(check_range("context * layers * dim", std::uint64_t{context} * layers * dim, 1,
                             max_states / 2));
  return check_range("number of weights", parameters(), 1, max_parameters);
}

std::uint64_t LstmConfig::parameters() const {
  const std::uint64_t d = dim;
  return common_parameters(*this) + layers * (8 * d * d + 5 * d);
}

}  // namespace antiphon::nn
