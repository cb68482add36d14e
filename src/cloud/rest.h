// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "cloud/door.h"

namespace antiphon::cloud {

class LayerNode;
class Node;

/// Of a request's body, in bytes.
inline constexpr std::size_t largest_body = std::size_t{1} << 18;

struct Request {
  std::string method, target;  ///< Target: path and query.
  std::string secret;          ///< Of `Authorization: Bearer`; may be empty.
  std::string body;
};

struct Response {
  int status = 200;
  std::string type = "application/json";
  std::string body;
};

/// What may be told of a model.
struct ModelCard {
  std::string name, weights;  ///< Weights: SHA-256 in hex.
  std::string licence;
  std::string card;  ///< Markdown.
};

/// What a node offers beside playing live.
struct RestOptions {
  std::string version;
  std::vector<ModelCard> models;
  /// Plays along with a MIDI file: gives another, or says why not. Called on a thread of `Rest`;
  /// stops early where `goes_on` is false.
  std::function<Result<Bytes>(ByteView midi, const std::map<std::string, std::string>& wishes,
                              const std::function<bool()>& goes_on)>
      accompany;
  std::size_t most_jobs = 4;  ///< That wait for that thread.
  std::chrono::milliseconds longest_job{20'000};
};

/// The node's HTTP interface, `openapi.json`, whatever carries it.
///
/// Threads: `answer` from one; one of its own, for what takes long.
class Rest {
 public:
  using Then = std::function<void(Response)>;

  /// `tokens` may be null: then nobody needs one, and none can be made. All are borrowed.
  Rest(RestOptions options, const Node& node, const Door& door, Tokens* tokens,
       const LayerNode* layers = nullptr);
  ~Rest();
  Rest(const Rest&) = delete;
  Rest& operator=(const Rest&) = delete;

  /// Calls `then` at once, or later from another thread.
  void answer(const Request& request, Then then);

  /// Methods and paths that there are, as `openapi.json` writes them.
  static std::vector<std::pair<std::string, std::string>> routes();
  static std::string_view openapi();

 private:
  struct Route;
  struct Job {
    Bytes midi;
    std::map<std::string, std::string> wishes;
    Then then;
  };
  static const std::vector<Route>& table();

  Response health(const Request& request, std::string_view name);
  Response ready(const Request& request, std::string_view name);
  Response metrics(const Request& request, std::string_view name);
  Response about(const Request& request, std::string_view name);
  Response describe(const Request& request, std::string_view name);
  Response models(const Request& request, std::string_view name);
  Response card(const Request& request, std::string_view name);
  Response list_tokens(const Request& request, std::string_view name);
  Response add_token(const Request& request, std::string_view name);
  Response revoke_token(const Request& request, std::string_view name);
  void accompany(const Request& request, Then then);
  Status check(const Request& request, Role role, int& status) const;
  void work();

  const RestOptions options_;
  const Node& node_;
  const LayerNode* const layers_;
  const Door& door_;
  Tokens* const tokens_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace antiphon::cloud
