// SPDX-License-Identifier: Apache-2.0
#include <arpa/inet.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <ctime>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "antiphon/commands.h"
#include "antiphon/model_folder.h"
#include "antiphon/serve_rest.h"
#include "antiphon/serve_tokens.h"
#include "cloud/certificate.h"
#include "cloud/layer_node.h"
#include "cloud/node.h"
#include "cloud/server.h"
#include "generate/model_batch.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model = "duet-edge";
  cloud::ServerOptions server;
  std::vector<std::string> names;
  fs::path tokens;
  bool open = false;
  cloud::NodeOptions node;
  double patience_seconds = 30;
};

volatile std::sig_atomic_t signals = 0;

// A line of JSON on standard error. It never says what is played.
void log(const char* event, const cloud::LogFields& fields = {}) {
  static std::mutex mutex;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char at[32];
  std::strftime(at, sizeof at, "%FT%TZ", &utc);
  nlohmann::ordered_json line = {{"at", at}, {"event", event}};
  for (const auto& [name, value] : fields) line[name] = value;
  const std::lock_guard lock(mutex);
  std::cerr << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

Status have_certificate(Options& options) {
  cloud::ServerOptions& server = options.server;
  if (server.certificate.empty() != server.key.empty()) {
    return Error{Errc::invalid_input, "--certificate and --key belong together"};
  }
  if (!server.certificate.empty()) {
    for (const fs::path& file : {server.certificate, server.key}) {
      if (!fs::exists(file)) return Error{Errc::not_found, file.string() + ": no such file"};
    }
    return Done{};
  }
  server.certificate = node_folder() / "node.cert.pem";
  server.key = node_folder() / "node.key.pem";
  if (fs::exists(server.certificate) && fs::exists(server.key) && options.names.empty())
    return Done{};
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0 && *host != '\0') names.emplace_back(host);
  names.insert(names.end(), options.names.begin(), options.names.end());
  ANTIPHON_CHECK(cloud::make_certificate(server.certificate, server.key, names));
  log("made a certificate", {{"file", server.certificate.string()}});
  return Done{};
}

// Whether other machines reach it.
bool is_elsewhere(const std::string& address) {
  in6_addr ignored{};
  const bool is_address = inet_pton(AF_INET, address.c_str(), &ignored) == 1 ||
                          inet_pton(AF_INET6, address.c_str(), &ignored) == 1;
  return is_address && !address.starts_with("127.") && address != "::1";
}

// Those of the file that is named, else of the usual one if it is there; null: none are asked for.
Result<std::unique_ptr<cloud::Tokens>> open_tokens(const Options& options) {
  const fs::path file = options.tokens.empty() ? usual_tokens() : options.tokens;
  std::error_code error;
  if (fs::exists(file, error)) return cloud::Tokens::open(file);
  if (!options.tokens.empty()) {
    return Error{Errc::not_found,
                 file.string() + ": not there; `antiphon serve tokens add` makes one"};
  }
  if (!options.open && is_elsewhere(options.server.address)) {
    return Error{Errc::invalid_input,
                 options.server.address +
                     ": whoever reaches it could play; make tokens (`antiphon serve tokens add`), "
                     "or say --open"};
  }
  return std::unique_ptr<cloud::Tokens>();
}

Status serve(Options& options) {
  ANTIPHON_TRY(const auto tokens, open_tokens(options));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  ANTIPHON_CHECK(have_certificate(options));
  options.node.model = model.name;
  options.node.weights = model.sha256;
  cloud::Node node([&] { return generate::make_batched_model(model.net); }, options.node,
                   [&] { return generate::make_model_batch(model.net, options.node.batch); });
  const auto* const layered = std::get_if<std::shared_ptr<const nn::Transformer>>(&model.net);
  cloud::LayerNode layers(layered != nullptr ? *layered : nullptr, model.sha256,
                          options.node.most_players);
  const auto players = [&] { return node.counts().players + layers.counts().players; };
  options.server.log = log;
  options.server.tokens = tokens.get();
  options.server.most_connections = options.node.most_players + options.server.most_strangers * 4;
  ANTIPHON_TRY(options.server.rest, rest_options(options.model, model));
  ANTIPHON_TRY(const auto server, cloud::Server::start(options.server, node, &layers));

  for (const int signal : {SIGINT, SIGTERM})
    std::signal(signal, [](int) { signals = signals + 1; });
  log("plays", {{"model", model.name},
                {"address", options.server.address + ":" + std::to_string(server->port())},
                {"players", std::to_string(options.node.most_players)},
                {"certificate", options.server.certificate.string()},
                {"tokens", tokens ? "needed" : "none"}});
  while (signals == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  if (players() > 0) log("drains");
  const auto patience = std::chrono::duration<double>(options.patience_seconds);
  const auto end = std::chrono::steady_clock::now() + patience;
  // A second signal ends it at once.
  while (signals == 1 && players() > 0 && std::chrono::steady_clock::now() < end)
    server->drain(std::chrono::milliseconds(50));
  const cloud::NodeCounts counts = node.counts();
  log("stops",
      {{"players", std::to_string(counts.joined)}, {"frames", std::to_string(counts.frames)}});
  return Done{};
}

}  // namespace

Action serve_command(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  options->node.workers = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  cloud::ServerOptions& server = options->server;
  flags.add_option("--model", options->model, "A model's name or folder")->capture_default_str();
  flags.add_option("--address", server.address, "Where players come in; 0.0.0.0: from anywhere")
      ->capture_default_str();
  flags.add_option("--port", server.port, "0: any that is free")->capture_default_str();
  flags.add_option("--certificate", server.certificate,
                   "In PEM (default: one of our own, made when it isn't there)");
  flags.add_option("--key", server.key, "The certificate's, in PEM");
  flags.add_option("--name", options->names,
                   "Names and addresses, beside this machine's own, that a new certificate is for");
  flags.add_option("--tokens", options->tokens,
                   "The file of the tokens of which players need one (default: that of `serve "
                   "tokens`, if it is there)");
  flags.add_flag("--open", options->open,
                 "Whoever reaches the node may play, from other machines, too");
  flags.add_option("--players", options->node.most_players, "At most so many at a time")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  flags.add_option("--workers", options->node.workers, "Threads that play (default: one a core)")
      ->check(CLI::Range(1, 1024));
  flags
      .add_option("--batch", options->node.batch,
                  "Players whose steps a thread runs together, at most")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  flags
      .add_option("--patience", options->patience_seconds,
                  "When told to stop: seconds to wait for players to leave")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  CLI::App* const tokens =
      flags.add_subcommand("tokens", "Adds, lists and revokes the tokens of who may play");
  return [options, tokens, manage = declare_tokens(*tokens)] {
    return tokens->parsed() ? manage() : serve(*options);
  };
}

}  // namespace antiphon::app
