// SPDX-License-Identifier: Apache-2.0
#include "antiphon/serve_tokens.h"

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

#include "cloud/door.h"
#include "cloud/tokens.h"

namespace antiphon::app {
namespace {

namespace fs = std::filesystem;

constexpr double seconds_a_day = 24 * 60 * 60;

struct Options {
  fs::path file = usual_tokens();
  cloud::TokenTerms terms;
  std::string role = "player";
  double days = 0;
  std::int64_t id = 0;
};

std::string day_of(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%F", &utc);
  return text;
}

Result<std::unique_ptr<cloud::Tokens>> open(const Options& options) {
  std::error_code error;
  fs::create_directories(options.file.parent_path(), error);
  return cloud::Tokens::open(options.file);
}

Status add(Options& options) {
  ANTIPHON_TRY(const auto tokens, open(options));
  const std::int64_t now = cloud::seconds_now();
  options.terms.role = *cloud::role_of(options.role);
  if (options.days > 0)
    options.terms.expires = now + static_cast<std::int64_t>(options.days * seconds_a_day);
  ANTIPHON_TRY(const auto added, tokens->add(options.terms, now));
  std::printf("%s\n", added.secret.c_str());
  std::fprintf(stderr, "This is token %lld. It isn't shown again.\n",
               static_cast<long long>(added.id));
  return Done{};
}

Status list(const Options& options) {
  ANTIPHON_TRY(const auto tokens, open(options));
  ANTIPHON_TRY(const auto all, tokens->list());
  std::printf("%4s  %-6s %8s %11s  %-10s %-8s %s\n", "id", "role", "sessions", "questions/s",
              "until", "state", "name");
  for (const cloud::Token& token : all) {
    const char* const state = token.revoked != 0                  ? "revoked"
                              : token.holds(cloud::seconds_now()) ? "holds"
                                                                  : "expired";
    std::printf("%4lld  %-6s %8d %11g  %-10s %-8s %s\n", static_cast<long long>(token.id),
                cloud::role_names[static_cast<std::size_t>(token.terms.role)], token.terms.sessions,
                token.terms.questions_a_second,
                token.terms.expires == 0 ? "-" : day_of(token.terms.expires).c_str(), state,
                token.terms.name.c_str());
  }
  return Done{};
}

Status revoke(const Options& options) {
  ANTIPHON_TRY(const auto tokens, open(options));
  return tokens->revoke(options.id, cloud::seconds_now());
}

}  // namespace

fs::path node_folder() {
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state != '\0')
    return fs::path(state) / "antiphon";
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0')
    return fs::path(home) / ".local/state/antiphon";
  return "/var/lib/antiphon";
}

fs::path usual_tokens() { return node_folder() / "node.db"; }

Action declare_tokens(CLI::App& flags) {
  auto options = std::make_shared<Options>();
  flags.require_subcommand(1);
  CLI::App* const adds = flags.add_subcommand("add", "Makes one, and prints it");
  CLI::App* const lists = flags.add_subcommand("list", "Lists them, without what is secret");
  CLI::App* const revokes = flags.add_subcommand("revoke", "Lets nobody in with it from now on");
  for (CLI::App* const one : {adds, lists, revokes}) {
    one->add_option("--tokens", options->file, "Their file")->capture_default_str();
  }
  adds->add_option("--name", options->terms.name, "Whose it is, such as 'class 5b'")->required();
  adds->add_option("--role", options->role, "player: plays; admin: also manages tokens")
      ->check(CLI::IsMember({"player", "admin"}))
      ->capture_default_str();
  adds->add_option("--sessions", options->terms.sessions, "Jams at a time")->capture_default_str();
  adds->add_option("--questions", options->terms.questions_a_second, "A second, of each jam")
      ->capture_default_str();
  adds->add_option("--days", options->days, "That it holds; 0: until it is revoked")
      ->check(CLI::Range(0.0, 36500.0))
      ->capture_default_str();
  revokes->add_option("ID", options->id, "Its number")->required();
  return [options, adds, lists] {
    if (adds->parsed()) return add(*options);
    return lists->parsed() ? list(*options) : revoke(*options);
  };
}

}  // namespace antiphon::app
