// SPDX-License-Identifier: Apache-2.0
#include "cloud/rest.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

#include "cloud/layer_node.h"
#include "cloud/node.h"

namespace antiphon::cloud {

using Json = nlohmann::ordered_json;

namespace {

constexpr const char* plain = "text/plain; version=0.0.4";

Response json(const Json& value, int status = 200) {
  return {status, "application/json",
          value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}
Response failure(int status, const std::string& why) { return json({{"error", why}}, status); }

int status_of(Errc code) {
  switch (code) {
    case Errc::not_found:
      return 404;
    case Errc::unavailable:
      return 503;
    case Errc::io:
    case Errc::internal:
      return 500;
    default:
      return 400;
  }
}
Response failure(const Error& error) { return failure(status_of(error.code), error.message); }

Json to_json(const Token& token) {
  return {{"id", token.id},
          {"name", token.terms.name},
          {"role", role_names[static_cast<std::size_t>(token.terms.role)]},
          {"sessions", token.terms.sessions},
          {"questions_a_second", token.terms.questions_a_second},
          {"expires", token.terms.expires},
          {"made", token.made},
          {"revoked", token.revoked}};
}

// A number of an object, if it is there.
Status read(const Json& json, const char* name, double least, double most, bool whole,
            double& value) {
  if (!json.contains(name)) return Done{};
  const Json& found = json[name];
  if (found.is_number()) value = found.get<double>();
  if (found.is_number() && value >= least && value <= most &&
      (!whole || value == std::floor(value)))
    return Done{};
  return Error{Errc::invalid_input, std::string(name) + ": expected a number from " +
                                        std::to_string(least) + " to " + std::to_string(most)};
}

// What is said; what isn't stays as it is usual.
Result<TokenTerms> terms_of(const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return Error{Errc::invalid_input, "expected a JSON object"};
  TokenTerms terms;
  if (!json.contains("name") || !json["name"].is_string())
    return Error{Errc::invalid_input, "expected a name"};
  terms.name = json["name"];
  if (json.contains("role")) {
    const auto role =
        json["role"].is_string() ? role_of(json["role"].get<std::string>()) : std::optional<Role>();
    if (!role) return Error{Errc::invalid_input, "expected the role player or admin"};
    terms.role = *role;
  }
  double sessions = terms.sessions, expires = 0;
  ANTIPHON_CHECK(read(json, "sessions", 1, 10000, true, sessions));
  ANTIPHON_CHECK(read(json, "questions_a_second", 0, 1000, false, terms.questions_a_second));
  ANTIPHON_CHECK(read(json, "expires", 0, 1e12, true, expires));
  terms.sessions = static_cast<int>(sessions);
  terms.expires = static_cast<std::int64_t>(expires);
  return terms;
}

std::map<std::string, std::string> query_of(std::string_view target) {
  std::map<std::string, std::string> query;
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return query;
  for (std::string_view rest = target.substr(mark + 1); !rest.empty();) {
    const std::string_view one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    const auto equals = std::min(one.find('='), one.size());
    query.emplace(one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
  }
  return query;
}

// Whether `path` is that of `pattern`, whose {...} stands for anything without a slash: `name`.
bool matches(std::string_view pattern, std::string_view path, std::string_view& name) {
  const auto open = pattern.find('{'), close = pattern.find('}');
  if (open == std::string_view::npos) return pattern == path;
  const std::string_view before = pattern.substr(0, open), after = pattern.substr(close + 1);
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after))
    return false;
  name = path.substr(before.size(), path.size() - before.size() - after.size());
  return name.find('/') == std::string_view::npos;
}

class Metrics {
 public:
  void add(const char* name, const char* type, const char* help, double value) {
    char line[512];
    std::snprintf(line, sizeof line,
                  "# HELP antiphon_%s %s\n# TYPE antiphon_%s %s\nantiphon_%s %.17g\n", name, help,
                  name, type, name, value);
    text_ += line;
  }
  void add(const NodeCounts& counts) {
    const auto count = [&](const char* name, const char* help, std::uint64_t value) {
      add(name, "counter", help, static_cast<double>(value));
    };
    add("players", "gauge", "Players now.", static_cast<double>(counts.players));
    count("players_joined_total", "Players since the start.", counts.joined);
    count("questions_total", "Questions of players.", counts.asked);
    count("questions_late_total", "Questions that were told that their answer would be late.",
          counts.late);
    count("frames_total", "Frames drafted.", counts.frames);
    count("passes_total", "Passes through a model, each for a batch of players.", counts.passes);
    count("steps_total", "Players' steps in these passes.", counts.steps);
    add("cpu_seconds_total", "counter", "Of the threads that play.", counts.cpu_seconds);
    text_ +=
        "# HELP antiphon_answer_seconds From a question to its first frame.\n"
        "# TYPE antiphon_answer_seconds histogram\n";
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < counts.answers.size(); ++i) {
      sum += counts.answers[i];
      char bound[32] = "+Inf";
      if (i < NodeCounts::bounds_ms.size())
        std::snprintf(bound, sizeof bound, "%g", NodeCounts::bounds_ms[i] / 1000);
      text_ += "antiphon_answer_seconds_bucket{le=\"" + std::string(bound) + "\"} " +
               std::to_string(sum) + "\n";
    }
    char line[128];
    std::snprintf(line, sizeof line,
                  "antiphon_answer_seconds_sum %.9g\nantiphon_answer_seconds_count %llu\n",
                  counts.answer_ms_sum / 1000, static_cast<unsigned long long>(sum));
    text_ += line;
  }
  void add(const LayerCounts& counts) {
    add("sharers", "gauge", "Who shares the model by layers now.",
        static_cast<double>(counts.players));
    add("layer_messages_total", "counter", "Messages for its layers.",
        static_cast<double>(counts.messages));
    add("layer_steps_total", "counter", "Steps that they were run for.",
        static_cast<double>(counts.steps));
  }
  std::string text() && { return std::move(text_); }

 private:
  std::string text_;
};

}  // namespace

// `now` answers at once; where it is null, the route is `accompany`.
struct Rest::Route {
  const char* method;
  const char* path;
  std::optional<Role> role;  // Who may, where tokens are asked for; all, where it isn't said.
  Response (Rest::*now)(const Request& request, std::string_view name);
};

const std::vector<Rest::Route>& Rest::table() {
  static const std::vector<Route> routes = {
      {"GET", "/health", {}, &Rest::health},
      {"GET", "/ready", {}, &Rest::ready},
      {"GET", "/metrics", {}, &Rest::metrics},
      {"GET", "/openapi.json", {}, &Rest::describe},
      {"GET", "/v1/version", {}, &Rest::about},
      {"GET", "/v1/models", {}, &Rest::models},
      {"GET", "/v1/models/{name}/card", {}, &Rest::card},
      {"POST", "/v1/accompany", Role::player, nullptr},
      {"GET", "/v1/tokens", Role::admin, &Rest::list_tokens},
      {"POST", "/v1/tokens", Role::admin, &Rest::add_token},
      {"DELETE", "/v1/tokens/{id}", Role::admin, &Rest::revoke_token},
  };
  return routes;
}

Rest::Rest(RestOptions options, const Node& node, const Door& door, Tokens* tokens,
           const LayerNode* layers)
    : options_(std::move(options)), node_(node), layers_(layers), door_(door), tokens_(tokens) {
  thread_ = std::thread([this] { work(); });
}

Rest::~Rest() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

std::vector<std::pair<std::string, std::string>> Rest::routes() {
  std::vector<std::pair<std::string, std::string>> all;
  for (const Route& route : table()) all.emplace_back(route.method, route.path);
  return all;
}

void Rest::answer(const Request& request, Then then) {
  const std::string_view target = request.target, path = target.substr(0, target.find('?'));
  bool known = false;
  for (const Route& route : table()) {
    std::string_view name;
    if (!matches(route.path, path, name)) continue;
    known = true;
    if (request.method != route.method) continue;
    int status = 401;
    if (route.role) {
      if (const Status may = check(request, *route.role, status); !may)
        return then(failure(status, may.error().message));
    }
    return route.now == nullptr ? accompany(request, std::move(then))
                                : then((this->*route.now)(request, name));
  }
  then(known ? failure(405, "not with this method; /openapi.json says what there is")
             : failure(404, "not here; /openapi.json says what there is"));
}

Status Rest::check(const Request& request, Role role, int& status) const {
  if (tokens_ == nullptr) {
    if (role == Role::player) return Done{};
    status = 403;
    return Error{Errc::unsupported, "this node has no tokens"};
  }
  const auto token = tokens_->find(request.secret, seconds_now());
  status = 500;
  if (!token) return token.error();
  status = 401;
  if (!*token) return Error{Errc::invalid_input, "expected a token that is known here"};
  status = 403;
  if (role == Role::admin && (*token)->terms.role != Role::admin)
    return Error{Errc::invalid_input, "the token isn't an admin's"};
  return Done{};
}

Response Rest::health(const Request&, std::string_view) { return {200, plain, "ok\n"}; }

Response Rest::ready(const Request&, std::string_view) {
  if (door_.closed()) return {503, plain, "stopping\n"};
  return {200, plain, "ready\n"};
}

Response Rest::metrics(const Request&, std::string_view) {
  Metrics metrics;
  metrics.add(node_.counts());
  if (layers_ != nullptr) metrics.add(layers_->counts());
  return {200, plain, std::move(metrics).text()};
}

Response Rest::about(const Request&, std::string_view) {
  return json({{"version", options_.version},
               {"protocol", wire::protocol},
               {"model", node_.options().model},
               {"weights", node_.options().weights}});
}

Response Rest::describe(const Request&, std::string_view) {
  return {200, "application/json", std::string(openapi())};
}

Response Rest::models(const Request&, std::string_view) {
  Json all = Json::array();
  for (const ModelCard& model : options_.models)
    all.push_back({{"name", model.name}, {"weights", model.weights}, {"licence", model.licence}});
  return json({{"models", all}});
}

Response Rest::card(const Request&, std::string_view name) {
  for (const ModelCard& model : options_.models) {
    if (model.name == name) return {200, "text/markdown; charset=utf-8", model.card};
  }
  return failure(404, "no model of this name");
}

Response Rest::list_tokens(const Request&, std::string_view) {
  const auto tokens = tokens_->list();
  if (!tokens) return failure(tokens.error());
  Json all = Json::array();
  for (const Token& token : *tokens) all.push_back(to_json(token));
  return json({{"tokens", all}});
}

Response Rest::add_token(const Request& request, std::string_view) {
  const auto terms = terms_of(request.body);
  if (!terms) return failure(terms.error());
  const auto added = tokens_->add(*terms, seconds_now());
  if (!added) return failure(added.error());
  return json({{"id", added->id}, {"token", added->secret}}, 201);
}

Response Rest::revoke_token(const Request&, std::string_view name) {
  std::int64_t id = 0;
  const char* const end = name.data() + name.size();
  const auto read = std::from_chars(name.data(), end, id);
  if (read.ec != std::errc() || read.ptr != end) return failure(404, "a token's id is a number");
  const Status revoked = tokens_->revoke(id, seconds_now());
  return revoked ? Response{204, "", ""} : failure(revoked.error());
}

void Rest::accompany(const Request& request, Then then) {
  if (!options_.accompany) return then(failure(404, "this node plays live only"));
  const ByteView body = as_bytes(request.body);
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() < options_.most_jobs) {
      jobs_.push_back({{body.begin(), body.end()}, query_of(request.target), std::move(then)});
      changed_.notify_one();
      return;
    }
  }
  then(failure(429, "as many jobs wait as may; try again later"));
}

void Rest::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (jobs_.empty()) {
      changed_.wait(lock);
      continue;
    }
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    const auto end = std::chrono::steady_clock::now() + options_.longest_job;
    bool cut = false;
    const auto goes_on = [&] {
      cut |= stopping_ || std::chrono::steady_clock::now() > end;
      return !cut;
    };
    const auto played = options_.accompany(job.midi, job.wishes, goes_on);
    if (cut) {
      job.then(failure(503, "it would have taken longer than a job may"));
    } else if (!played) {
      job.then(failure(played.error()));
    } else {
      job.then({200, "audio/midi", std::string(as_text(*played))});
    }
    lock.lock();
  }
}

}  // namespace antiphon::cloud
