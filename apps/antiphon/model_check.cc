// SPDX-License-Identifier: Apache-2.0
#include "antiphon/model_check.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "antiphon/model_folder.h"
#include "base/file.h"
#include "crypto/hash.h"
#include "nn/config.h"
#include "nn/groove_config.h"
#include "nn/safetensors.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_text_bytes = std::size_t{1} << 20;

/// A string at the top of a JSON object; empty if there is none.
std::string string_in(std::string_view json, const char* key) {
  const auto object = nlohmann::json::parse(json, nullptr, false);
  if (!object.is_object() || !object.contains(key) || !object[key].is_string()) return {};
  return object[key].get<std::string>();
}

std::string type_of_matrices(const nn::SafeTensors& file) {
  // Norms and scales stay f32, so the type of the most bytes is the matrices'.
  std::map<nn::Type, std::size_t> bytes;
  for (const auto& [name, tensor] : file.tensors()) bytes[tensor.type] += tensor.bytes.size();
  const auto most = std::max_element(
      bytes.begin(), bytes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? "none" : std::string(nn::name_of(most->first));
}

Error in_folder(const fs::path& folder, const Error& error) {
  return {error.code, folder.string() + ": " + error.message};
}

std::string text_of(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof text, pattern, values...);
  return text;
}

/// Each architecture says what it is made of in its own words.
Status read_shape(std::string_view json, ModelFacts& facts) {
  if (facts.architecture == nn::GrooveConfig::architecture) {
    ANTIPHON_TRY(const nn::GrooveConfig config, nn::GrooveConfig::parse(json));
    facts.config = config.to_json();
    facts.parameters = config.parameters();
    facts.shape = text_of("%u steps of %u drums, %u latent numbers, %u layers of %u, %zu styles",
                          config.steps, config.drums, config.latent, config.layers, config.hidden,
                          config.styles.size());
    return Done{};
  }
  if (facts.architecture == nn::LstmConfig::architecture) {
    ANTIPHON_TRY(const nn::LstmConfig config, nn::LstmConfig::parse(json));
    facts.config = config.to_json();
    facts.parameters = config.parameters();
    facts.shape = text_of("%u layers of %u cells, context %u events", config.layers, config.dim,
                          config.context);
    return Done{};
  }
  ANTIPHON_TRY(const nn::TransformerConfig config, nn::TransformerConfig::parse(json));
  facts.config = config.to_json();
  facts.parameters = config.parameters();
  facts.shape = text_of(
      "%u layers, width %u, %u heads (%u for keys and values), feed-forward %u, context %u events",
      config.layers, config.dim, config.heads, config.kv_heads, config.ff, config.context);
  return Done{};
}

fs::path without_slash(const fs::path& folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

}  // namespace

Result<ModelFacts> read_model_facts(const fs::path& folder) {
  ModelFacts facts;
  facts.folder = without_slash(folder);
  facts.name = facts.folder.filename().string();
  ANTIPHON_TRY(const Bytes config, read_file(folder / "config.json", max_text_bytes));
  facts.architecture = string_in(as_text(config), "architecture");
  if (const Status shape = read_shape(as_text(config), facts); !shape) {
    return in_folder(folder, shape.error());
  }
  ANTIPHON_TRY(Bytes weights, read_file(folder / "weights.safetensors"));
  facts.weights_bytes = weights.size();
  const auto file = nn::SafeTensors::parse(std::move(weights));
  if (!file) return in_folder(folder, file.error());
  facts.weights_type = type_of_matrices(*file);
  facts.metadata = file->metadata();
  return facts;
}

std::vector<fs::path> model_folders() {
  std::vector<fs::path> folders;
  std::set<std::string> names;
  for (const fs::path& root : model_roots()) {
    std::vector<fs::path> here;
    std::error_code error;
    for (fs::directory_iterator entry(root, error), end; !error && entry != end;
         entry.increment(error)) {
      std::error_code ignored;
      if (fs::exists(entry->path() / "config.json", ignored)) here.push_back(entry->path());
    }
    std::sort(here.begin(), here.end());
    for (const fs::path& folder : here) {
      if (names.insert(folder.filename().string()).second) folders.push_back(folder);
    }
  }
  return folders;
}

ModelCheck check_model(const fs::path& folder) {
  ModelCheck check;
  const auto compare = [&](const std::string& what, const std::string& said,
                           const std::string& found) {
    if (said == found) {
      check.passed.push_back(what + " is as stated");
    } else {
      check.failed.push_back(what + " is " + found + ", stated is " + said);
    }
  };
  const auto config = read_file(folder / "config.json", max_text_bytes);
  const auto weights = read_file(folder / "weights.safetensors");
  for (const auto* file : {&config, &weights}) {
    if (!*file) check.failed.push_back(file->error().message);
  }
  if (!check.failed.empty()) return check;

  // A groove has no vocabulary: its grid is part of its shape.
  const bool groove = string_in(as_text(*config), "architecture") == nn::GrooveConfig::architecture;
  std::string vocabulary_hash;
  if (!groove) {
    const auto vocabulary = read_file(folder / "vocabulary.json", max_text_bytes);
    if (!vocabulary) return check.failed.push_back(vocabulary.error().message), check;
    vocabulary_hash = crypto::sha256_hex(*vocabulary);
    if (const auto said = string_in(as_text(*config), "vocabulary"); !said.empty()) {
      compare("the vocabulary's hash in config.json", said, vocabulary_hash);
    } else {
      check.failed.push_back("config.json names no vocabulary");
    }
  }
  if (const auto said = string_in(as_text(*config), "weights"); !said.empty()) {
    compare("the weights' hash in config.json", said, crypto::sha256_hex(*weights));
  }
  if (const auto file = nn::SafeTensors::parse(*weights); file) {
    const auto& metadata = file->metadata();
    if (const auto said = metadata.find("vocabulary"); said != metadata.end()) {
      compare("the vocabulary's hash in the weights", said->second, vocabulary_hash);
    }
    if (const auto said = metadata.find("config"); groove && said != metadata.end()) {
      compare("the config's hash in the weights", said->second, crypto::sha256_hex(*config));
    }
  }
  // The folder's path rather than its name, which another root may have too.
  const std::string path = fs::absolute(folder).string();
  const auto loads = [&](const auto& model) {
    if (model) {
      check.passed.push_back("the model loads");
    } else {
      check.failed.push_back(model.error().message);
    }
  };
  if (groove) {
    loads(load_groove_model(path));
  } else if (string_in(as_text(*config), "architecture") ==
             nn::TransformerConfig::masked_architecture) {
    loads(load_infill_model(path));
  } else {
    loads(load_model(path));
  }
  return check;
}

}  // namespace antiphon::app
