// SPDX-License-Identifier: Apache-2.0
#include "antiphon/model_folder.h"

#include <cstdlib>
#include <utility>

#include "base/file.h"
#include "crypto/hash.h"
#include "generate/groove.h"
#include "generate/infill.h"
#include "generate/net_model.h"

namespace antiphon::app {

namespace fs = std::filesystem;

namespace {

std::string name_of(const fs::path& folder) {
  return (folder.has_filename() ? folder : folder.parent_path()).filename().string();
}

}  // namespace

std::vector<fs::path> model_roots() {
  std::vector<fs::path> roots;
  if (const char* root = std::getenv("ANTIPHON_MODELS"); root != nullptr && *root != '\0') {
    roots.emplace_back(root);
  }
  roots.emplace_back(ANTIPHON_SOURCE "/models");
  roots.emplace_back("/usr/share/antiphon/models");
  return roots;
}

Result<fs::path> find_model(const std::string& name) {
  std::error_code ignored;
  if (fs::exists(fs::path(name) / "config.json", ignored)) return fs::path(name);
  std::string searched;
  for (const fs::path& root : model_roots()) {
    if (fs::exists(root / name / "config.json", ignored)) return root / name;
    searched += (searched.empty() ? "" : ", ") + root.string();
  }
  return Error{Errc::not_found, name + ": no such model; looked in " + searched};
}

Result<LoadedModel> load_model(const std::string& name) {
  ANTIPHON_TRY(const fs::path folder, find_model(name));
  ANTIPHON_TRY(const Bytes config, read_file(folder / "config.json", 1 << 20));
  // First, since models of other architectures have no vocabulary.
  if (const Status good = nn::check_event_config(as_text(config)); !good) {
    return Error{good.error().code, folder.string() + ": " + good.error().message};
  }
  ANTIPHON_TRY(const Bytes vocabulary, read_file(folder / "vocabulary.json", 1 << 20));
  ANTIPHON_TRY(Bytes weights, read_file(folder / "weights.safetensors"));
  const auto bytes = std::make_shared<const Bytes>(std::move(weights));
  auto net =
      generate::load_event_net(as_text(config), as_text(vocabulary), *bytes, bytes, nn::Type::i8);
  if (!net) return Error{net.error().code, folder.string() + ": " + net.error().message};
  return LoadedModel{name_of(folder), crypto::sha256_hex(*bytes), *std::move(net)};
}

Result<LoadedInfill> load_infill_model(const std::string& name) {
  ANTIPHON_TRY(const fs::path folder, find_model(name));
  ANTIPHON_TRY(const Bytes config, read_file(folder / "config.json", 1 << 20));
  // A model of another architecture may have no vocabulary; what it is says more.
  const auto vocabulary = read_file(folder / "vocabulary.json", 1 << 20);
  ANTIPHON_TRY(Bytes weights, read_file(folder / "weights.safetensors"));
  const auto bytes = std::make_shared<const Bytes>(std::move(weights));
  auto model =
      generate::load_infill(as_text(config), vocabulary ? as_text(*vocabulary) : "", *bytes, bytes);
  if (!model) return Error{model.error().code, folder.string() + ": " + model.error().message};
  return LoadedInfill{name_of(folder), crypto::sha256_hex(*bytes), *std::move(model)};
}

Result<std::optional<LoadedModel>> load_reflex(const std::optional<std::string>& name) {
  const bool there = name.has_value() || find_model("reflex").ok();
  if (name == "none" || !there) return std::optional<LoadedModel>();
  ANTIPHON_TRY(LoadedModel model, load_model(name.value_or("reflex")));
  return std::optional<LoadedModel>(std::move(model));
}

Result<LoadedGroove> load_groove_model(const std::string& name) {
  ANTIPHON_TRY(const fs::path folder, find_model(name));
  ANTIPHON_TRY(const Bytes config, read_file(folder / "config.json", 1 << 20));
  ANTIPHON_TRY(Bytes weights, read_file(folder / "weights.safetensors"));
  const auto bytes = std::make_shared<const Bytes>(std::move(weights));
  auto groove = generate::load_groove(as_text(config), *bytes, bytes);
  if (!groove) return Error{groove.error().code, folder.string() + ": " + groove.error().message};
  return LoadedGroove{name_of(folder), crypto::sha256_hex(*bytes), *std::move(groove)};
}

}  // namespace antiphon::app
