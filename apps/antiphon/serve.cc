// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "antiphon/commands.h"
#include "antiphon/model_folder.h"
#include "base/file.h"
#include "cloud/certificate.h"
#include "cloud/server.h"
#include "generate/net_model.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string model = "duet-edge";
  cloud::ServerOptions server;
  std::vector<std::string> names;
  fs::path tokens;
  cloud::NodeOptions node;
  double patience_seconds = 30;
};

volatile std::sig_atomic_t signals = 0;

// Where a certificate of our own lies if none is named.
fs::path own_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return fs::path(state) / "antiphon";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".local/state/antiphon";
  return "/var/lib/antiphon";
}

// A line of JSON on standard error. It never says what is played.
void log(const std::string& message) {
  static std::mutex mutex;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char at[32];
  std::strftime(at, sizeof at, "%FT%TZ", &utc);
  const nlohmann::ordered_json line = {{"at", at}, {"message", message}};
  const std::lock_guard lock(mutex);
  std::cerr << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << std::endl;
}

Status have_certificate(Options& options) {
  cloud::ServerOptions& server = options.server;
  if (server.certificate.empty() != server.key.empty()) {
    return Error{Errc::invalid_input, "--certificate and --key belong together"};
  }
  if (!server.certificate.empty()) return Done{};
  server.certificate = own_folder() / "node.cert.pem";
  server.key = own_folder() / "node.key.pem";
  if (fs::exists(server.certificate) && fs::exists(server.key) && options.names.empty())
    return Done{};
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1"};
  char host[256] = {};
  if (::gethostname(host, sizeof host - 1) == 0 && *host != '\0') names.emplace_back(host);
  names.insert(names.end(), options.names.begin(), options.names.end());
  ANTIPHON_CHECK(cloud::make_certificate(server.certificate, server.key, names));
  log("a new certificate, signed by itself: " + server.certificate.string());
  return Done{};
}

Status read_tokens(Options& options) {
  if (options.tokens.empty()) return Done{};
  ANTIPHON_TRY(const Bytes bytes, read_file(options.tokens, 1 << 20));
  std::istringstream lines{std::string(as_text(bytes))};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.front() != '#') options.server.tokens.push_back(line);
  }
  if (!options.server.tokens.empty()) return Done{};
  return Error{Errc::invalid_input, options.tokens.string() + ": expected a token a line"};
}

Status serve(Options& options) {
  ANTIPHON_CHECK(read_tokens(options));
  ANTIPHON_TRY(const LoadedModel model, load_model(options.model));
  ANTIPHON_CHECK(have_certificate(options));
  options.node.model = model.name;
  options.node.weights = model.sha256;
  cloud::Node node([&] { return generate::make_event_model(model.net); }, options.node);
  const auto* const layered = std::get_if<std::shared_ptr<const nn::Transformer>>(&model.net);
  cloud::LayerNode layers(layered != nullptr ? *layered : nullptr, model.sha256,
                          options.node.most_players);
  const auto players = [&] { return node.counts().players + layers.counts().players; };
  options.server.log = log;
  ANTIPHON_TRY(const auto server, cloud::Server::start(options.server, node, layers));

  for (const int signal : {SIGINT, SIGTERM})
    std::signal(signal, [](int) { signals = signals + 1; });
  log("plays " + model.name + " at " + options.server.address + ":" +
      std::to_string(server->port()) + " for up to " + std::to_string(options.node.most_players) +
      " players; players need " + options.server.certificate.string());
  while (signals == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  if (players() > 0) log("takes no more players, and waits for those who play");
  const auto patience = std::chrono::duration<double>(options.patience_seconds);
  const auto end = std::chrono::steady_clock::now() + patience;
  // A second signal ends it at once.
  while (signals == 1 && players() > 0 && std::chrono::steady_clock::now() < end)
    server->drain(std::chrono::milliseconds(50));
  const cloud::NodeCounts counts = node.counts();
  log("stops after " + std::to_string(counts.joined) + " players and " +
      std::to_string(counts.frames) + " frames");
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
                   "A file of tokens, one a line: who plays needs one of them");
  flags.add_option("--players", options->node.most_players, "At most so many at a time")
      ->check(CLI::Range(1, 10000))
      ->capture_default_str();
  flags.add_option("--workers", options->node.workers, "Threads that play (default: one a core)")
      ->check(CLI::Range(1, 1024));
  flags
      .add_option("--patience", options->patience_seconds,
                  "When told to stop: seconds to wait for players to leave")
      ->check(CLI::Range(0.0, 86400.0))
      ->capture_default_str();
  return [options] { return serve(*options); };
}

}  // namespace antiphon::app
